"""Cartesia: ears (Ink) and voices (Sonic) of many languages."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice
from agentworker.providers.fields import KEY
from agentworker.providers.net import ask_sound, http_session

URL = "https://api.cartesia.ai"
MODELS = {Part.EARS: ("ink-whisper",), Part.VOICE: ("sonic-3", "sonic-2", "sonic-turbo")}
# Each speaks every language; more of them by their id, from play.cartesia.ai/voices.
VOICES = (
    Voice("f786b574-daa5-4673-aa0c-cbe3e8534c02", "Katie"),
    Voice("694f9389-aac1-45b6-b726-9d9369183238", "Sarah"),
    Voice("a0e99841-438c-4a64-b679-ae501e7d6091", "Barbershop Man"),
)
VERSION = "2025-04-16"
# Its own limits of speed.
SLOWEST, FASTEST = 0.6, 1.5


def _url(access: Access) -> str:
    return access.settings.get("base_url", URL)


def ears(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.plugins import plugin

    return plugin("cartesia").STT(
        model=choice.model or MODELS[Part.EARS][0],
        language=language or None,
        api_key=access.secret,
        base_url=_url(access),
        http_session=http_session(access),
    )


def voice(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.plugins import plugin

    speed = min(max(choice.speed, SLOWEST), FASTEST)
    return plugin("cartesia").TTS(
        model=choice.model or MODELS[Part.VOICE][0],
        voice=choice.voice or VOICES[0].name,
        language=language or "ru",
        speed=None if choice.speed == 1.0 else speed,
        api_key=access.secret,
        base_url=_url(access),
        http_session=http_session(access),
    )


async def check(access: Access) -> None:
    asked = {
        "model_id": MODELS[Part.VOICE][0],
        "transcript": "ok",
        "voice": {"mode": "id", "id": VOICES[0].name},
        "language": "en",
        "output_format": {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 16000},
    }
    headers = {"X-API-Key": access.secret, "Cartesia-Version": VERSION}
    await ask_sound(access, f"{_url(access)}/tts/bytes", json=asked, headers=headers)


PROVIDER = Provider(
    slug="cartesia",
    label="Cartesia",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://play.cartesia.ai/keys",
    how=_("Sign up, open “API Keys”, press “New”."),
    price=_("about 0.03 to 0.05 $ a minute of speaking"),
    builders={Part.EARS: ears, Part.VOICE: voice},
    check=check,
    libraries=("livekit.plugins.cartesia",),
    models=MODELS,
    voices=VOICES,
)
