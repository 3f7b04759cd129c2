"""OpenAI: ears, mind and voice. Models as of the library's list (livekit.plugins.openai.models)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

import agentworker.providers.openai_api as openai_api
from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice
from agentworker.providers.fields import KEY

URL = "https://api.openai.com/v1"
MODELS = {
    Part.EARS: ("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1"),
    Part.MIND: ("gpt-4.1-mini", "gpt-4.1", "gpt-4o-mini", "gpt-4o"),
    Part.VOICE: ("gpt-4o-mini-tts", "tts-1", "tts-1-hd"),
}
VOICES = ("coral", "alloy", "ash", "ballad", "echo", "fable", "nova", "onyx", "sage", "shimmer")


def _url(access: Access) -> str:
    return access.settings.get("base_url", URL)


def _model(choice: Choice, part: Part) -> str:
    return choice.model or MODELS[part][0]


def ears(access: Access, choice: Choice, language: str) -> Any:
    return openai_api.ears(access, _url(access), _model(choice, Part.EARS), language)


def mind(access: Access, choice: Choice, _language: str) -> Any:
    return openai_api.mind(access, _url(access), _model(choice, Part.MIND))


def voice(access: Access, choice: Choice, _language: str) -> Any:
    spoken = choice.voice or VOICES[0]
    return openai_api.voice(access, _url(access), _model(choice, Part.VOICE), choice, spoken)


async def check(access: Access) -> None:
    """An account without money has models, too: only an answer proves that it works."""
    await openai_api.try_mind(access, _url(access), MODELS[Part.MIND][0])


PROVIDER = Provider(
    slug="openai",
    label="OpenAI",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://platform.openai.com/api-keys",
    how=_("Sign in, press “Create new secret key”, and put money on the account under “Billing”."),
    price=_("about 0.05 $ a minute of talk"),
    builders={Part.EARS: ears, Part.MIND: mind, Part.VOICE: voice},
    check=check,
    libraries=("livekit.plugins.openai",),
    models=MODELS,
    voices=tuple(Voice(name, name.capitalize()) for name in VOICES),
)
