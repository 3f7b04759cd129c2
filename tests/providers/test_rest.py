"""Google and Azure, asked a sentence at a time as their documents say."""

import base64
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from agentworker.providers import PROVIDERS, net
from agentworker.providers.azure import ssml
from agentworker.providers.catalog import Access, Choice, Part
from agentworker.providers.chain import ATTEMPT_SECONDS
from agentworker.providers.errors import Kind, ProviderError, kind_of
from tests.providers.hearing import spoken
from tests.providers.servers import COUNTRY, RATE, TONE, OpenAILike, serving

KEY = "canary-90aa"
SECONDS = len(TONE[44:]) / 2 / RATE


class Cloud:
    """Both of them. `status`: of each answer; 200 is a good one."""

    def __init__(self) -> None:
        self.status, self.heard, self.body = 200, "сколько стоит", ""
        self.asked: list[tuple[str, Any, dict[str, str]]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        is_json = request.content_type == "application/json"
        body = await request.json() if is_json else (await request.read())
        self.asked.append((request.path_qs, body, dict(request.headers)))
        if self.status != 200:
            return web.Response(status=self.status, text=self.body)
        if request.path.endswith("/chat/completions"):
            return await OpenAILike().think(request, dict(body))  # type: ignore[arg-type]  # JSON
        if request.path == "/speech:recognize":
            said = {"alternatives": [{"transcript": self.heard}], "languageCode": "ru-ru"}
            return web.json_response({"results": [said] if self.heard else []})
        if request.path == "/text:synthesize":
            return web.json_response({"audioContent": base64.b64encode(TONE).decode()})
        if request.path.startswith("/speech/recognition"):
            status = "Success" if self.heard else "NoMatch"
            return web.json_response({"RecognitionStatus": status, "DisplayText": self.heard})
        return web.Response(body=TONE[44:], content_type="audio/basic")

    def access(self) -> Access:
        names = ("ears_url", "mind_url", "voice_url", "stt_url", "tts_url")
        return Access(secret=KEY, settings=dict.fromkeys(names, self.url))


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    made = Cloud()
    async with serving(made.answer) as made.url:
        yield made
        await net.close_all()


def built(cloud: Cloud, slug: str, part: Part, language: str = "ru", **choice: Any) -> Any:
    return PROVIDERS[slug].builders[part](cloud.access(), Choice(slug, **choice), language)


async def said(voice: Any, text: str = "Привет.") -> float:
    async with voice.synthesize(text) as stream:
        return float(sum([audio.frame.duration async for audio in stream]))


BOTH = pytest.mark.parametrize("slug", ["google", "azure"])


@BOTH
@pytest.mark.parametrize("heard", ["сколько стоит", ""])
async def test_ears_hear_a_sentence_or_nothing(slug: str, heard: str, cloud: Cloud) -> None:
    cloud.heard = heard
    event = await built(cloud, slug, Part.EARS).recognize(spoken("сколько стоит"))
    assert event.alternatives[0].text == heard
    path, _body, headers = cloud.asked[0]
    assert KEY not in path and KEY in headers.values()


@BOTH
async def test_a_voice_speaks(slug: str, cloud: Cloud) -> None:
    assert await said(built(cloud, slug, Part.VOICE)) == pytest.approx(SECONDS, abs=0.05)
    assert KEY not in cloud.asked[0][0]


async def test_what_google_is_told(cloud: Cloud) -> None:
    await built(cloud, "google", Part.EARS, language="").recognize(spoken("да"))
    config = cloud.asked[0][1]["config"]
    assert (config["languageCode"], config["alternativeLanguageCodes"]) == ("ru-RU", ["en-US"])
    assert (config["encoding"], config["sampleRateHertz"]) == ("LINEAR16", 16_000)
    await said(built(cloud, "google", Part.VOICE, "en", speed=1.3))
    asked = cloud.asked[1][1]
    assert asked["voice"] == {"name": "en-US-Neural2-C", "languageCode": "en-US"}
    assert asked["audioConfig"]["speakingRate"] == 1.3


async def test_what_azure_is_told(cloud: Cloud) -> None:
    await built(cloud, "azure", Part.EARS, language="en").recognize(spoken("yes", "en"))
    path, body, headers = cloud.asked[0]
    assert "language=en-US" in path and body[:4] == b"RIFF"
    assert headers["Content-Type"] == "audio/wav; codecs=audio/pcm; samplerate=16000"
    await said(built(cloud, "azure", Part.VOICE, voice="ru-RU-DmitryNeural", speed=1.15))
    _path, body, headers = cloud.asked[1]
    assert headers["X-Microsoft-OutputFormat"] == "raw-24khz-16bit-mono-pcm"
    assert b'name="ru-RU-DmitryNeural"' in body and b'rate="+15%"' in body


@pytest.mark.parametrize(("speed", "rate"), [(0.5, "-50%"), (0.9, "-10%"), (2.0, "+100%")])
def test_azure_is_told_how_much_faster_or_slower(speed: float, rate: str) -> None:
    assert f'<prosody rate="{rate}">' in ssml("Да", "ru-RU-DmitryNeural", speed)


@given(st.text(), st.floats(0.5, 2.0))
def test_whatever_is_said_is_no_markup(text: str, speed: float) -> None:
    printable = "".join(each for each in text if each.isprintable())
    found = ET.fromstring(ssml(printable, "ru-RU-DmitryNeural", speed))  # noqa: S314  # our own
    assert "".join(found.itertext()) == printable


REFUSALS = {
    401: ("", Kind.REFUSED),
    403: (str(COUNTRY), Kind.COUNTRY),
    429: ("", Kind.QUOTA),
    500: ("", Kind.BROKEN),
}


@BOTH
@pytest.mark.prove
@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_is_known_as_what_it_is(slug: str, status: int, cloud: Cloud) -> None:
    cloud.status, (cloud.body, kind) = status, REFUSALS[status]
    for work in (
        said(built(cloud, slug, Part.VOICE)),
        built(cloud, slug, Part.EARS).recognize(spoken("да")),
    ):
        with pytest.raises(Exception) as error:  # the library's
            await work
        assert kind_of(error.value) is kind


@BOTH
async def test_a_key_is_tried(slug: str, cloud: Cloud) -> None:
    check = PROVIDERS[slug].check
    assert check
    await check(cloud.access())
    cloud.status = 401
    with pytest.raises(ProviderError) as error:
        await check(cloud.access())
    assert error.value.kind is Kind.REFUSED


@pytest.mark.parametrize("region", ["", "west europe", "evil.example.org/", "127.0.0.1"])
def test_a_region_is_nothing_but_a_region(region: str) -> None:
    access = Access(secret=KEY, settings={"region": region})
    with pytest.raises(ProviderError):
        PROVIDERS["azure"].builders[Part.VOICE](access, Choice("azure"), "ru")


def test_a_caller_does_not_wait_longer_than_for_others() -> None:
    assert net.READ_SECONDS <= ATTEMPT_SECONDS + 1
