"""ElevenLabs: ears (Scribe, streaming) and voices that speak every language."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice
from agentworker.providers.fields import KEY
from agentworker.providers.net import ask_sound, http_session

URL = "https://api.elevenlabs.io/v1"
MODELS = {
    Part.EARS: ("scribe_v2_realtime",),
    Part.VOICE: ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_multilingual_v2"),
}
# Those that each new account has; others are typed by their id.
VOICES = (
    Voice("EXAVITQu4vr4xnSDxMaL", "Sarah"),
    Voice("JBFqnCBsd6RMkjVDRZzb", "George"),
    Voice("XB0fDUnXU5powFXDhCwa", "Charlotte"),
    Voice("onwK4e9ZLuTAKqWW03F9", "Daniel"),
    Voice("pFZP5JQG7iQjIQuC4Bku", "Lily"),
    Voice("nPczCjzI2devNBz1zQrb", "Brian"),
)
# Its own limits of speed.
SLOWEST, FASTEST = 0.7, 1.2


def _url(access: Access) -> str:
    return access.settings.get("base_url", URL)


def ears(access: Access, choice: Choice, language: str) -> Any:
    from livekit.agents import NOT_GIVEN

    from agentworker.providers.plugins import plugin

    return plugin("elevenlabs").STT(
        model=choice.model or MODELS[Part.EARS][0],
        language_code=language or NOT_GIVEN,
        api_key=access.secret,
        base_url=_url(access),
        http_session=http_session(access),
    )


def voice(access: Access, choice: Choice, language: str) -> Any:
    from livekit.agents import NOT_GIVEN

    from agentworker.providers.plugins import plugin

    speed = min(max(choice.speed, SLOWEST), FASTEST)
    settings = plugin("elevenlabs").VoiceSettings(stability=0.5, similarity_boost=0.75, speed=speed)
    return plugin("elevenlabs").TTS(
        voice_id=choice.voice or VOICES[0].name,
        model=choice.model or MODELS[Part.VOICE][0],
        voice_settings=NOT_GIVEN if choice.speed == 1.0 else settings,
        language=language or NOT_GIVEN,
        api_key=access.secret,
        base_url=_url(access),
        encoding="pcm_24000",
        http_session=http_session(access),
    )


async def check(access: Access) -> None:
    """Two letters are said: a key may be limited to speaking."""
    url = f"{_url(access)}/text-to-speech/{VOICES[0].name}?output_format=pcm_16000"
    asked = {"text": "ok", "model_id": MODELS[Part.VOICE][0]}
    await ask_sound(access, url, json=asked, headers={"xi-api-key": access.secret})


PROVIDER = Provider(
    slug="elevenlabs",
    label="ElevenLabs",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://elevenlabs.io/app/developers/api-keys",
    how=_("Sign up, open “Developers”, then “API Keys”, press “Create Key”."),
    price=_("about 0.05 to 0.10 $ a minute of speaking"),
    builders={Part.EARS: ears, Part.VOICE: voice},
    check=check,
    libraries=("livekit.plugins.elevenlabs",),
    models=MODELS,
    voices=VOICES,
)
