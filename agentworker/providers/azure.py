"""Azure AI Speech: ears and voices over plain HTTP, so that a proxy serves both.

learn.microsoft.com/azure/ai-services/speech-service/rest-speech-to-text-short and
rest-text-to-speech
"""

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Field, Part, Provider, Voice
from agentworker.providers.errors import Kind, ProviderError
from agentworker.providers.fields import KEY
from agentworker.providers.net import http_session

if TYPE_CHECKING:
    from livekit import rtc

TAGS = {"ru": "ru-RU", "en": "en-US"}
RATE = 24_000
FORMAT = "raw-24khz-16bit-mono-pcm"
REGION = re.compile(r"[a-z]{3,20}\d?")
VOICES = (
    Voice("ru-RU-SvetlanaNeural", _("Svetlana, a woman"), ("ru",)),
    Voice("ru-RU-DmitryNeural", _("Dmitry, a man"), ("ru",)),
    Voice("ru-RU-DariyaNeural", _("Dariya, a woman"), ("ru",)),
    Voice("en-US-JennyNeural", _("Jenny, a woman"), ("en",)),
    Voice("en-US-GuyNeural", _("Guy, a man"), ("en",)),
)


def _url(access: Access, what: str) -> str:
    """The region becomes a part of a host's name, so it may be nothing else.

    Raises ProviderError.
    """
    if found := access.settings.get(f"{what}_url"):
        return found
    region = access.settings.get("region", "").strip().lower()
    if not REGION.fullmatch(region):
        raise ProviderError.of(Kind.GONE)
    return f"https://{region}.{what}.speech.microsoft.com"


def _headers(access: Access) -> dict[str, str]:
    return {"Ocp-Apim-Subscription-Key": access.secret}


def ears(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.rest import RestEars, answered

    tag, path = TAGS.get(language, TAGS["ru"]), "speech/recognition/conversation"
    url = f"{_url(access, 'stt')}/{path}/cognitiveservices/v1?language={tag}&format=simple"
    session = http_session(access)

    async def hear(frame: "rtc.AudioFrame") -> str:
        kind = f"audio/wav; codecs=audio/pcm; samplerate={frame.sample_rate}"
        headers = _headers(access) | {"Content-Type": kind, "Accept": "application/json"}
        sound = frame.to_wav_bytes()
        async with answered(session, url, data=sound, headers=headers) as answer:
            found = await answer.json()
        # Silence, or a noise, is an answer, too.
        return str(found.get("DisplayText", "")) if found["RecognitionStatus"] == "Success" else ""

    return RestEars("azure", choice.model or "conversation", language or "ru", hear)


def voice(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.rest import RestVoice, answered

    name, url = choice.voice or voice_of(language), f"{_url(access, 'tts')}/cognitiveservices/v1"
    session = http_session(access)
    headers = _headers(access) | {
        "Content-Type": "application/ssml+xml",
        "X-Microsoft-OutputFormat": FORMAT,
        "User-Agent": "Veyra",
    }

    async def say(text: str) -> AsyncIterator[bytes]:
        body = ssml(text, name, choice.speed)
        async with answered(session, url, data=body.encode(), headers=headers) as answer:
            if not answer.content_type.startswith("audio/"):
                raise ValueError("no sound")
            async for piece in answer.content.iter_any():
                yield piece

    return RestVoice("azure", name, RATE, say)


def voice_of(language: str) -> str:
    return next(each.name for each in VOICES if (language or "ru") in each.languages)


def ssml(text: str, name: str, speed: float) -> str:
    """Pure."""
    tag = "-".join(name.split("-")[:2])
    said = escape(text)
    if speed != 1.0:
        # It takes every percentage for a difference: "120%" would be more than twice as fast.
        said = f"<prosody rate={quoteattr(f'{round(100 * speed) - 100:+}%')}>{said}</prosody>"
    begun = f"<speak version='1.0' xml:lang={quoteattr(tag)}>"
    return f"{begun}<voice name={quoteattr(name)}>{said}</voice></speak>"


async def check(access: Access) -> None:
    """One word is said."""
    from agentworker.providers.errors import read
    from agentworker.providers.trying import speaks

    try:
        await speaks(voice(access, Choice("azure"), "ru"))
    except Exception as error:  # whatever the library makes of an answer
        raise read(error) from error


PROVIDER = Provider(
    slug="azure",
    label="Azure",
    languages=("ru", "en"),
    fields=(
        KEY,
        Field("region", _("Region"), help=_("Such as westeurope, as it stands beside the key.")),
    ),
    site="https://portal.azure.com",
    how=_("In the portal of Azure, create a resource “Speech”, and open its “Keys and Endpoint”."),
    price=_("about 0.03 $ a minute of talk"),
    builders={Part.EARS: ears, Part.VOICE: voice},
    check=check,
    libraries=("agentworker.providers.rest",),
    voices=VOICES,
)
