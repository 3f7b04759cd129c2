"""Deepgram: ears for Russian and English (nova-3, since November 2025 Russian alone, too:
developers.deepgram.com/changelog/2025/11/4), and an English voice.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice
from agentworker.providers.fields import KEY
from agentworker.providers.net import ask_json, http_session
from agentworker.providers.wav import silence

URL = "https://api.deepgram.com/v1"
MODELS = {Part.EARS: ("nova-3", "nova-2"), Part.VOICE: ("aura-2",)}
# Whose language it is not told, nova-3 finds out among many.
ANY = "multi"
VOICES = ("andromeda", "thalia", "apollo", "arcas", "aurora", "helena", "orion", "zeus")


def _url(access: Access) -> str:
    return access.settings.get("base_url", URL)


def ears(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.plugins import plugin

    model = choice.model or MODELS[Part.EARS][0]
    return plugin("deepgram").STT(
        model=model,
        language=language or any_language(model),
        # Fillers ("uh") are known of English alone.
        filler_words=language == "en",
        api_key=access.secret,
        base_url=f"{_url(access)}/listen",
        http_session=http_session(access),
    )


def any_language(model: str) -> str:
    """nova-2 finds out Spanish and English alone, so it hears the language that callers are greeted
    in (developers.deepgram.com/docs/multilingual-code-switching).
    """
    return "ru" if model.startswith("nova-2") else ANY


def voice(access: Access, choice: Choice, _language: str) -> Any:
    from agentworker.providers.plugins import plugin

    spoken = choice.voice or VOICES[0]
    return plugin("deepgram").TTS(
        model=f"{choice.model or MODELS[Part.VOICE][0]}-{spoken}-en",
        api_key=access.secret,
        base_url=f"{_url(access)}/speak",
        http_session=http_session(access),
    )


async def check(access: Access) -> None:
    headers = {"Authorization": f"Token {access.secret}", "Content-Type": "audio/wav"}
    url = f"{_url(access)}/listen?model={MODELS[Part.EARS][0]}"
    await ask_json(access, url, data=silence(), headers=headers)


PROVIDER = Provider(
    slug="deepgram",
    label="Deepgram",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://console.deepgram.com",
    how=_("Sign up, open “API Keys”, press “Create a New API Key”. A new account has free money."),
    price=_("about 0.01 $ a minute of listening"),
    builders={Part.EARS: ears, Part.VOICE: voice},
    check=check,
    libraries=("livekit.plugins.deepgram",),
    models=MODELS,
    voices=tuple(Voice(name, name.capitalize(), ("en",)) for name in VOICES),
)
