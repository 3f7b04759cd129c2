"""Yandex: SpeechKit hears and speaks, YandexGPT thinks, all by one key.

Voices: https://yandex.cloud/ru/docs/speechkit/tts/voices. Models:
https://yandex.cloud/ru/docs/ai-studio/concepts/generation/models, which answer as OpenAI's do:
https://yandex.cloud/ru/docs/ai-studio/concepts/openai-compatibility.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Field, Part, Provider, Voice
from agentworker.providers.trying import speaks, thinks, try_both

# Another address stands in the settings of a test alone.
ADDRESSES = {
    "ears_address": "https://stt.api.cloud.yandex.net:443",
    "voice_address": "https://tts.api.cloud.yandex.net:443",
    "mind_address": "https://llm.api.cloud.yandex.net/v1",
}
EARS_MODELS = ("general", "general:rc")
MIND_MODELS = ("yandexgpt/latest", "yandexgpt/rc", "yandexgpt-lite/latest", "aliceai-llm/latest")
# The first of each language is taken where nobody chose.
VOICES = (
    Voice("marina", _("Marina, a woman"), ("ru",)),
    Voice("alena", _("Alyona, a woman"), ("ru",)),
    Voice("dasha", _("Dasha, a woman"), ("ru",)),
    Voice("julia", _("Julia, a woman"), ("ru",)),
    Voice("lera", _("Lera, a woman"), ("ru",)),
    Voice("masha", _("Masha, a woman"), ("ru",)),
    Voice("jane", _("Jane, a woman"), ("ru",)),
    Voice("omazh", _("Omazh, a woman"), ("ru",)),
    Voice("alexander", _("Alexander, a man"), ("ru",)),
    Voice("kirill", _("Kirill, a man"), ("ru",)),
    Voice("anton", _("Anton, a man"), ("ru",)),
    Voice("filipp", _("Filipp, a man"), ("ru",)),
    Voice("ermil", _("Ermil, a man"), ("ru",)),
    Voice("zahar", _("Zahar, a man"), ("ru",)),
    Voice("john", _("John, a man"), ("en",)),
)


def ears(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.yandex_ears import YandexEars

    return YandexEars(
        key=access.secret,
        language=language,
        model=choice.model or EARS_MODELS[0],
        address=address(access, "ears_address"),
        proxy=access.proxy,
    )


def mind(access: Access, choice: Choice, _language: str) -> Any:
    from agentworker.providers.net import openai_client
    from agentworker.providers.plugins import plugin

    folder = access.settings.get("folder", "")
    client = openai_client(access, address(access, "mind_address")).with_options(project=folder)
    return plugin("openai").LLM(
        model=f"gpt://{folder}/{choice.model or MIND_MODELS[0]}",
        client=client,
        # It has no strict schemas.
        _strict_tool_schema=False,
    )


def voice(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.yandex_voice import YandexVoice

    return YandexVoice(
        key=access.secret,
        voice=choice.voice or voice_of(language),
        speed=choice.speed,
        address=address(access, "voice_address"),
        proxy=access.proxy,
    )


def address(access: Access, name: str) -> str:
    return access.settings.get(name) or ADDRESSES[name]


def voice_of(language: str) -> str:
    return next((each.name for each in VOICES if language in each.languages), VOICES[0].name)


async def check(access: Access) -> None:
    """One word said, and one thought."""
    await try_both(
        speaks(voice(access, Choice("yandex"), "ru")), thinks(mind(access, Choice("yandex"), "ru"))
    )


PROVIDER = Provider(
    slug="yandex",
    label=_("Yandex"),
    languages=("ru", "en"),
    fields=(
        Field("secret", _("API key"), _("A long text that begins with AQVN."), is_secret=True),
        Field(
            "folder",
            _("Folder identifier"),
            _("It begins with b1g and stands beside the folder's name in the console of Yandex."),
        ),
    ),
    site="https://console.yandex.cloud/",
    how=_(
        "In the console of Yandex Cloud, open your folder and create a service account with the"
        " roles ai.speechkit-stt.user, ai.speechkit-tts.user and ai.languageModels.user. Then"
        " create an API key for it and paste it here, with the identifier of the folder."
    ),
    price=_("roughly 2 to 6 rubles for a minute of talk"),
    builders={Part.EARS: ears, Part.MIND: mind, Part.VOICE: voice},
    check=check,
    libraries=(
        "livekit.plugins.openai",
        "agentworker.providers.yandex_ears",
        "agentworker.providers.yandex_voice",
    ),
    models={Part.EARS: EARS_MODELS, Part.MIND: MIND_MODELS},
    voices=VOICES,
)
