"""Google: ears, mind and voice by one API key, over plain HTTP, so that a proxy serves all three.

cloud.google.com/speech-to-text/docs/reference/rest/v1/speech/recognize,
cloud.google.com/text-to-speech/docs/reference/rest/v1/text/synthesize, and Gemini by OpenAI's
interface: ai.google.dev/gemini-api/docs/openai
"""

import base64
import io
import wave
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

import agentworker.providers.openai_api as openai_api
from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice
from agentworker.providers.fields import KEY
from agentworker.providers.net import http_session

if TYPE_CHECKING:
    from livekit import rtc

EARS_URL, VOICE_URL = "https://speech.googleapis.com/v1", "https://texttospeech.googleapis.com/v1"
MIND_URL = "https://generativelanguage.googleapis.com/v1beta/openai"
MODELS = {
    Part.EARS: ("latest_short", "latest_long"),
    Part.MIND: ("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"),
}
TAGS = {"ru": "ru-RU", "en": "en-US"}
RATE = 24_000
VOICES = (
    Voice("ru-RU-Wavenet-A", _("Wavenet A, a woman"), ("ru",)),
    Voice("ru-RU-Wavenet-B", _("Wavenet B, a man"), ("ru",)),
    Voice("ru-RU-Wavenet-C", _("Wavenet C, a woman"), ("ru",)),
    Voice("ru-RU-Wavenet-D", _("Wavenet D, a man"), ("ru",)),
    Voice("en-US-Neural2-C", _("Neural2 C, a woman"), ("en",)),
    Voice("en-US-Neural2-D", _("Neural2 D, a man"), ("en",)),
)


def _headers(access: Access) -> dict[str, str]:
    """Not in the address, which others may log."""
    return {"X-Goog-Api-Key": access.secret}


def ears(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.rest import RestEars, answered

    session, model = http_session(access), choice.model or MODELS[Part.EARS][0]
    url = f"{access.settings.get('ears_url', EARS_URL)}/speech:recognize"
    first, *others = [TAGS[language]] if language else TAGS.values()

    async def hear(frame: "rtc.AudioFrame") -> str:
        config = {
            "encoding": "LINEAR16",
            "sampleRateHertz": frame.sample_rate,
            "languageCode": first,
            "alternativeLanguageCodes": others,
            "enableAutomaticPunctuation": True,
            "model": model,
        }
        sound = base64.b64encode(frame.data.tobytes()).decode()
        asked = {"config": config, "audio": {"content": sound}}
        async with answered(session, url, json=asked, headers=_headers(access)) as answer:
            found = await answer.json()
        results = found.get("results", [])
        return " ".join(each["alternatives"][0]["transcript"].strip() for each in results)

    return RestEars("google", model, language or "ru", hear)


def mind(access: Access, choice: Choice, _language: str) -> Any:
    url = access.settings.get("mind_url", MIND_URL)
    return openai_api.mind(access, url, choice.model or MODELS[Part.MIND][0])


def voice(access: Access, choice: Choice, language: str) -> Any:
    from agentworker.providers.rest import RestVoice, answered

    session = http_session(access)
    url = f"{access.settings.get('voice_url', VOICE_URL)}/text:synthesize"
    name = choice.voice or voice_of(language)

    async def say(text: str) -> AsyncIterator[bytes]:
        asked = {
            "input": {"text": text},
            "voice": {"name": name, "languageCode": "-".join(name.split("-")[:2])},
            "audioConfig": {
                "audioEncoding": "LINEAR16",
                "sampleRateHertz": RATE,
                "speakingRate": choice.speed,
            },
        }
        async with answered(session, url, json=asked, headers=_headers(access)) as answer:
            found = await answer.json()
        yield samples_of(base64.b64decode(found["audioContent"]))

    return RestVoice("google", name, RATE, say)


def voice_of(language: str) -> str:
    return next(each.name for each in VOICES if (language or "ru") in each.languages)


def samples_of(file: bytes) -> bytes:
    """Without the head of the WAV file. Raises ValueError."""
    try:
        with wave.open(io.BytesIO(file), "rb") as sound:
            return sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError("no sound") from error


async def check(access: Access) -> None:
    """Speech and thought are services that are switched on one by one."""
    from agentworker.providers.trying import speaks, try_both

    url = access.settings.get("mind_url", MIND_URL)
    thought = openai_api.try_mind(access, url, MODELS[Part.MIND][0])
    await try_both(speaks(voice(access, Choice("google"), "ru")), thought)


PROVIDER = Provider(
    slug="google",
    label="Google",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://console.cloud.google.com/apis/credentials",
    how=_(
        "In the console of Google Cloud, switch on Speech-to-Text, Text-to-Speech and the Gemini"
        " API, then press “Create credentials”, “API key”."
    ),
    price=_("about 0.03 $ a minute of talk"),
    builders={Part.EARS: ears, Part.MIND: mind, Part.VOICE: voice},
    check=check,
    libraries=(
        "livekit.plugins.openai",
        "agentworker.providers.rest",
    ),
    models=MODELS,
    voices=VOICES,
)
