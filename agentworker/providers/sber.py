"""Sber: SaluteSpeech hears and speaks, GigaChat thinks.

Voices: https://developers.sber.ru/docs/ru/salutespeech/guides/synthesis/voices. Models:
https://developers.sber.ru/docs/ru/gigachat/guides/selecting-a-model.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Field, Part, Provider, Voice

EARS_MODELS = ("general", "callcenter", "ivr")
MIND_MODELS = ("GigaChat-2", "GigaChat-2-Pro", "GigaChat-2-Max")
# The first of each language is taken where nobody chose.
VOICES = (
    Voice("Nec_24000", _("Natalya, a woman"), ("ru",)),
    Voice("May_24000", _("Marfa, a woman"), ("ru",)),
    Voice("Ost_24000", _("Alexandra, a woman"), ("ru",)),
    Voice("Bys_24000", _("Boris, a man"), ("ru",)),
    Voice("Tur_24000", _("Taras, a man"), ("ru",)),
    Voice("Pon_24000", _("Sergey, a man"), ("ru",)),
    Voice("Kin_24000", _("Kira, a woman"), ("en",)),
)
ENGLISH = "en-US"


def ears(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.sber_door import Door
    from agentworker.providers.sber_ears import SberEars

    return SberEars(Door(access), language, choice.model or EARS_MODELS[0])


def mind(access: Access, choice: Choice, _language: str) -> Any:
    from agentworker.providers.sber_door import Door
    from agentworker.providers.sber_mind import GigaMind

    return GigaMind(Door(access), choice.model or MIND_MODELS[0])


def voice(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.sber_door import Door
    from agentworker.providers.sber_voice import SberVoice

    spoken = voice_of(choice.voice, language)
    code = ENGLISH if spoken.languages == ("en",) else "ru-RU"
    return SberVoice(Door(access), spoken.name, code, choice.speed)


def voice_of(name: str, language: str) -> Voice:
    """The chosen one, or one that speaks this language."""
    fitting = [each for each in VOICES if language in each.languages]
    return next((each for each in VOICES if each.name == name), (*fitting, *VOICES)[0])


async def check(access: Access) -> None:
    """One word said, and one thought."""
    from agentworker.providers.trying import speaks, thinks, try_both

    choice = Choice("sber")
    await try_both(speaks(voice(access, choice, "ru")), thinks(mind(access, choice, "ru")))


PROVIDER = Provider(
    slug="sber",
    label=_("Sber"),
    languages=("ru", "en"),
    fields=(
        Field(
            "secret",
            _("Authorization keys"),
            _(
                "Sber gives one key for speech and one for thought. Paste both, with a space"
                " between them, in any order."
            ),
            is_secret=True,
        ),
        Field(
            "account",
            _("Kind of account"),
            choices=(
                ("PERS", _("a private person")),
                ("B2B", _("a company that pays beforehand")),
                ("CORP", _("a company that pays afterwards")),
            ),
            first="PERS",
        ),
        Field(
            "certificate",
            _("Certificate"),
            _(
                "Sber's servers are vouched for by the Russian national authority. Download"
                " https://gu-st.ru/content/Other/doc/russian_trusted_root_ca.cer, open the file as"
                " a text and paste it whole. Empty: our server knows it already."
            ),
            is_required=False,
            is_long=True,
        ),
    ),
    site="https://developers.sber.ru/studio/",
    how=_(
        "In the Studio of Sber, create a project “SaluteSpeech API” and a project “GigaChat API”."
        " In each of them press “Get a key” and copy the authorization key."
    ),
    price=_("roughly 2 to 5 rubles for a minute of talk; some minutes a month are free"),
    builders={Part.EARS: ears, Part.MIND: mind, Part.VOICE: voice},
    check=check,
    libraries=(
        "agentworker.providers.sber_ears",
        "agentworker.providers.sber_mind",
        "agentworker.providers.sber_voice",
    ),
    models={Part.EARS: EARS_MODELS, Part.MIND: MIND_MODELS},
    voices=VOICES,
)
