"""Addresses that a person typed are connected to as they were found when they were looked at."""

import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from agentworker.providers import PROVIDERS, openai_compatible
from agentworker.providers.catalog import Access, Choice, Part
from agentworker.providers.errors import Kind, ProviderError, kind_of
from agentworker.providers.net import ask, close_all, http_session
from agentworker.providers.trying import thinks
from tests.providers.servers import openai_like

NAME = "speech.example.org"


@pytest.fixture
async def _closed() -> AsyncIterator[None]:
    yield
    await close_all()


def leads(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """What NAME leads to at each look; the last one for ever."""
    real, left = socket.getaddrinfo, list(answers)

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != NAME:
            return real(host, port, *args, **kwargs)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


def named(url: str) -> str:
    return f"http://{NAME}:{urlsplit(url).port}/v1"


@pytest.mark.usefixtures("_closed")
async def test_a_name_that_leads_elsewhere_after_the_look_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.2"]
    async with openai_like() as inside:
        leads(monkeypatch, "127.0.0.2", "127.0.0.1")
        mind = openai_compatible.mind(
            Access(settings={"mind_url": named(inside.url)}), Choice("openai_compatible"), "ru"
        )
        with pytest.raises(Exception) as error:
            await thinks(mind)
    assert kind_of(error.value) is Kind.UNREACHABLE
    assert not inside.asked


@pytest.mark.usefixtures("_closed")
async def test_who_is_asked_by_name_hears_that_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with openai_like() as server:
        leads(monkeypatch, "127.0.0.1")
        url = named(server.url)
        await thinks(
            openai_compatible.mind(
                Access(settings={"mind_url": url}), Choice("openai_compatible"), "ru"
            )
        )
    [(_path, _body, headers)] = server.asked
    assert headers["Host"] == urlsplit(url).netloc


async def test_nor_does_the_request_of_a_test_go_elsewhere(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.2"]
    check = PROVIDERS["openai_compatible"].check
    assert check
    async with openai_like() as inside:
        leads(monkeypatch, "127.0.0.2", "127.0.0.1")
        with pytest.raises(ProviderError) as error:
            await check(Access(settings={"mind_url": named(inside.url)}))
    assert "PROVIDER_NETWORKS" in str(error.value.sentence)
    assert not inside.asked


@pytest.mark.usefixtures("_closed")
async def test_a_proxy_that_leads_inside_by_now_is_not_gone_through(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PROVIDER_NETWORKS = []
    leads(monkeypatch, "127.0.0.1")
    async with openai_like() as inside:
        access = Access(proxy=f"http://{NAME}:{urlsplit(inside.url).port}")
        with pytest.raises(ProviderError):
            await ask(access, "GET", "http://vendor.example.org/")
        with pytest.raises(ProviderError):
            await http_session(access).get("http://vendor.example.org/")
        with pytest.raises(Exception) as error:
            await thinks(
                PROVIDERS["openai"].builders[Part.MIND](
                    Access(secret="x", proxy=access.proxy), Choice("openai"), "ru"
                )
            )
        assert not inside.asked
    assert kind_of(error.value) is Kind.UNREACHABLE
