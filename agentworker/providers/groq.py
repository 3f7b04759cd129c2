"""Groq: ears and mind for Russian and English, by OpenAI's interface, and an English voice."""

from typing import Any

from django.utils.translation import gettext_lazy as _

import agentworker.providers.openai_api as openai_api
from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice
from agentworker.providers.fields import KEY
from agentworker.providers.net import openai_client

URL = "https://api.groq.com/openai/v1"
MODELS = {
    Part.EARS: ("whisper-large-v3-turbo", "whisper-large-v3"),
    Part.MIND: ("llama-3.3-70b-versatile", "openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    Part.VOICE: ("canopylabs/orpheus-v1-english",),
}
VOICES = ("autumn", "diana", "hannah", "austin", "daniel", "troy")


def _url(access: Access) -> str:
    return access.settings.get("base_url", URL)


def ears(access: Access, choice: Choice, language: str) -> Any:
    model = choice.model or MODELS[Part.EARS][0]
    return openai_api.ears(access, _url(access), model, language)


def mind(access: Access, choice: Choice, _language: str) -> Any:
    """The library's own knows which of its models think aloud unless told not to."""
    from agentworker.providers.plugins import plugin

    return plugin("groq").LLM(
        model=choice.model or MODELS[Part.MIND][0],
        api_key=access.secret,
        base_url=_url(access),
        client=openai_client(access, _url(access)),
    )


def voice(access: Access, choice: Choice, _language: str) -> Any:
    model, spoken = choice.model or MODELS[Part.VOICE][0], choice.voice or VOICES[0]
    return openai_api.voice(access, _url(access), model, choice, spoken)


async def check(access: Access) -> None:
    await openai_api.try_mind(access, _url(access), MODELS[Part.MIND][0])


PROVIDER = Provider(
    slug="groq",
    label="Groq",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://console.groq.com/keys",
    how=_("Sign up, open “API Keys”, press “Create API Key”. A free account is enough to try it."),
    price=_("free to try; then about 0.01 $ a minute of talk"),
    builders={Part.EARS: ears, Part.MIND: mind, Part.VOICE: voice},
    check=check,
    libraries=("livekit.plugins.groq",),
    models=MODELS,
    voices=tuple(Voice(name, name.capitalize(), ("en",)) for name in VOICES),
)
