"""An address that staff typed is asked only where the fence lets us, and never for long."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from veyra import errand

HERE = ["127.0.0.1", "::1"]


async def hello(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def onward(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.query["to"])


async def in_a_circle(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/circle")


async def long(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 30_000)


async def slow(_request: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """Its port, on 127.0.0.1."""
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/onward", onward)
    app.router.add_get("/circle", in_a_circle)
    app.router.add_get("/long", long)
    app.router.add_get("/slow", slow)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await web.SockSite(runner, listening).start()
        try:
            yield listening.getsockname()[1]
        finally:
            await runner.cleanup()


def asked(ask: Callable[[int], Awaitable[errand.Answer]]) -> errand.Answer:
    async def run() -> errand.Answer:
        async with serving() as port:
            return await ask(port)

    return asyncio.run(run())


def refused(ask: Callable[[int], Awaitable[errand.Answer]]) -> str:
    with pytest.raises(errand.ErrandError) as error:
        asked(ask)
    return error.value.sentence.msgid


def test_what_is_allowed_inside_is_asked() -> None:
    answer = asked(lambda port: errand.ask("GET", f"http://127.0.0.1:{port}/", allowed=HERE))
    assert (answer.status, answer.body) == (200, b"hello")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::]"],
)
def test_our_own_network_is_not_asked_in_whatever_way_it_is_written(host: str) -> None:
    assert (
        refused(lambda port: errand.ask("GET", f"http://{host}:{port}/", allowed=[]))
        == errand.INSIDE
    )


def test_a_redirection_is_followed_only_where_it_is_asked_for() -> None:
    where = "/onward?to=/"
    followed = asked(
        lambda port: errand.ask(
            "GET",
            f"http://127.0.0.1:{port}{where}",
            allowed=HERE,
            limits=errand.Limits(steps=1),
        )
    )
    assert followed.body == b"hello"
    answer = asked(lambda port: errand.ask("GET", f"http://127.0.0.1:{port}{where}", allowed=HERE))
    assert answer.status == 302


def test_a_redirection_does_not_lead_us_inside() -> None:
    def ask(port: int) -> Awaitable[errand.Answer]:
        url = f"http://127.0.0.1:{port}/onward?to=http://127.0.0.2:{port}/"
        return errand.ask("GET", url, allowed=["127.0.0.1"], limits=errand.Limits(steps=3))

    assert refused(ask) == errand.INSIDE


@pytest.mark.parametrize(
    ("path", "limits", "told"),
    [
        ("/circle", errand.Limits(steps=3), errand.ASTRAY),
        ("/long", errand.Limits(size=20_000), errand.TOO_LONG),
        ("/slow", errand.Limits(seconds=0.2), errand.SLOW),
    ],
    ids=["a circle", "a long answer", "a slow one"],
)
def test_nobody_keeps_us(path: str, limits: errand.Limits, told: str) -> None:
    assert (
        refused(
            lambda port: errand.ask(
                "GET", f"http://127.0.0.1:{port}{path}", allowed=HERE, limits=limits
            )
        )
        == told
    )


@pytest.mark.parametrize(
    "url", ["", "prices", "file:///etc/passwd", "ftp://example.org/", "http://", "http://a:99999/"]
)
def test_what_is_no_address_of_the_web_is_told(url: str) -> None:
    with pytest.raises(errand.ErrandError) as error:
        asyncio.run(errand.ask("GET", url, allowed=[]))
    assert error.value.sentence.msgid == errand.NO_ADDRESS


def test_a_server_that_is_away_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(errand.ErrandError) as error:
        asyncio.run(errand.ask("GET", f"http://127.0.0.1:{port}/", allowed=HERE))
    assert error.value.sentence.msgid == errand.AWAY
