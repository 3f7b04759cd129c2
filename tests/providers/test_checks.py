"""One small request tries a key: each provider is asked as its documents say."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from django.utils import translation

from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Access, Part
from agentworker.providers.errors import Kind, ProviderError
from tests.providers.servers import TONE, OpenAILike, openai_like, serving

Asked = list[tuple[str, str, dict[str, str], bytes]]
KEY = "canary-5f2c"


def vendor(asked: Asked) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Every provider that is not OpenAI, by its path."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked.append((request.method, request.path_qs, dict(request.headers), body))
        if KEY not in str(request.headers):
            return web.json_response({"error": "unauthorized"}, status=401)
        if request.path == "/listen":
            return web.json_response({"results": {"channels": []}})
        if request.path == "/v1/messages":
            return web.json_response({"type": "message", "content": []})
        if request.path.startswith(("/text-to-speech/", "/tts/bytes")):
            return web.Response(body=TONE, content_type="audio/wav")
        return web.Response(status=404)

    return answer


# How each of them is told the key.
HEADERS = {
    "deepgram": ("Authorization", f"Token {KEY}"),
    "elevenlabs": ("xi-api-key", KEY),
    "cartesia": ("X-API-Key", KEY),
    "anthropic": ("x-api-key", KEY),
}


@pytest.mark.parametrize("slug", HEADERS)
async def test_a_vendor_is_asked_by_its_own_interface(slug: str) -> None:
    asked: Asked = []
    check = PROVIDERS[slug].check
    assert check
    async with serving(vendor(asked)) as url:
        await check(Access(secret=KEY, settings={"base_url": url}))
        with pytest.raises(ProviderError) as refused:
            await check(Access(secret="wrong", settings={"base_url": url}))
    name, value = HEADERS[slug]
    headers = {each.lower(): text for each, text in asked[0][2].items()}
    assert headers[name.lower()] == value and asked[0][0] == "POST"
    assert refused.value.kind is Kind.REFUSED


def own(server: OpenAILike) -> Access:
    return Access(settings=dict.fromkeys(("mind_url", "ears_url", "voice_url"), server.url))


async def test_each_engine_of_an_own_server_is_asked() -> None:
    check = PROVIDERS["openai_compatible"].check
    assert check
    async with openai_like() as server:
        await check(own(server))
    paths = [path for path, _body, _headers in server.asked]
    assert sorted(paths) == [
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/chat/completions",
    ]


async def test_an_own_server_without_an_address_offers_nothing() -> None:
    check = PROVIDERS["openai_compatible"].check
    assert check
    with pytest.raises(ProviderError) as error:
        await check(Access())
    assert error.value.kind is Kind.GONE


MOODS = {
    "401": Kind.REFUSED,
    "403": Kind.COUNTRY,
    "429": Kind.QUOTA,
    "500": Kind.BROKEN,
    "404": Kind.GONE,
    "cut": Kind.UNREACHABLE,
    "garbage": Kind.GARBAGE,
}


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("slug", ["openai", "groq", "openai_compatible"])
async def test_a_refusal_is_told_as_what_it_is(slug: str, mood: str) -> None:
    check = PROVIDERS[slug].check
    assert check
    async with openai_like(mood) as server:
        access = own(server) if slug == "openai_compatible" else by_url(server)
        with pytest.raises(ProviderError) as error:
            await check(access)
    assert error.value.kind is MOODS[mood]
    assert str(error.value.sentence)


def by_url(server: OpenAILike) -> Access:
    return Access(secret=KEY, settings={"base_url": server.url})


async def test_nobody_at_the_address_is_told() -> None:
    check = PROVIDERS["openai"].check
    assert check
    with pytest.raises(ProviderError) as error:
        await check(Access(settings={"base_url": "http://127.0.0.1:9"}))
    assert error.value.kind is Kind.UNREACHABLE


async def test_an_address_inside_is_not_asked_unless_it_is_named(settings: Any) -> None:
    settings.PROVIDER_NETWORKS = []
    check = PROVIDERS["openai_compatible"].check
    assert check
    async with openai_like() as server:
        with pytest.raises(ProviderError) as error:
            await check(own(server))
        assert not server.asked
    assert "PROVIDER_NETWORKS" in str(error.value.sentence)


async def test_a_redirection_leads_nowhere(settings: Any) -> None:
    """The first address was looked at, the second was not."""
    check = PROVIDERS["openai_compatible"].check
    assert check
    async with openai_like() as server:

        async def elsewhere(request: web.Request) -> web.StreamResponse:
            raise web.HTTPTemporaryRedirect(f"{server.url}{request.path}")

        async with serving(elsewhere) as url:
            with pytest.raises(ProviderError):
                await check(Access(settings={"mind_url": f"{url}/v1"}))
        assert not server.asked


async def test_a_proxy_is_gone_through() -> None:
    seen: list[str] = []

    async def proxy(request: web.Request) -> web.StreamResponse:
        seen.append(str(request.url))
        return web.json_response({"type": "message"})

    check = PROVIDERS["anthropic"].check
    assert check
    async with serving(proxy) as url:
        settings = {"base_url": "http://api.example.invalid"}
        await check(Access(secret=KEY, settings=settings, proxy=url))
    assert seen == ["http://api.example.invalid/v1/messages"]


@pytest.mark.parametrize("slug", PROVIDERS)
def test_a_provider_says_what_a_person_needs_to_choose_it(slug: str) -> None:
    provider = PROVIDERS[slug]
    assert provider.slug == slug and str(provider.label) and str(provider.how)
    if slug != "http":
        assert provider.parts and provider.languages and str(provider.price)
    if Part.VOICE in provider.parts and slug != "openai_compatible":
        assert provider.voices
    secrets = [each.name for each in provider.fields if each.is_secret]
    assert set(secrets) <= {"secret"}


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("yandex", "Russian, English"),
        ("elevenlabs", "Russian, English"),
        ("anthropic", "Russian, English"),
        ("deepgram", "Russian, English (voices: English)"),
    ],
)
def test_a_provider_says_which_languages_it_knows(slug: str, told: str) -> None:
    with translation.override("en"):
        assert PROVIDERS[slug].tongues == told
