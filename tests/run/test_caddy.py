"""Caddy itself, with our files: HTTPS and WSS for the desk and for LiveKit under one name."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.live.stack import ROOT, free_port
from veyra.up import build

pytestmark = [pytest.mark.live, pytest.mark.prove]
FOLDER = ROOT / "deploy/caddy"
# In a container it has its admin port for itself; and nothing is to trust what it makes here.
GLOBAL = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"


@pytest.fixture(scope="module")
def program() -> str:
    """Made once; that takes minutes."""
    return build.caddy(ROOT, ROOT / ".veyra", print)


class Front:
    """One of our files, whose neighbours are ports of this machine."""

    def __init__(self, program: str, folder: Path, name: str) -> None:
        self.port, self.desk, self.livekit = free_port(), free_port(), free_port()
        text = (FOLDER / name).read_text()
        for was, here in {
            "web:8000": f"127.0.0.1:{self.desk}",
            "host.docker.internal:7880": f"127.0.0.1:{self.livekit}",
        }.items():
            text = text.replace(was, here)
        text = re.sub(r"^:8000", f"http://127.0.0.1:{self.port}", text, flags=re.MULTILINE)
        self.file, self.folder = folder / "Caddyfile", folder
        self.file.write_text(GLOBAL + text)
        command = [program, "run", "--config", str(self.file), "--adapter", "caddyfile"]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, env=self.environment(), stdout=log, stderr=subprocess.STDOUT
            )

    def environment(self) -> dict[str, str]:
        home = str(self.folder)
        domain = f"https://localhost:{self.port}"
        return os.environ | {"DOMAIN": domain, "HOME": home, "XDG_DATA_HOME": home}


@pytest.fixture
def front(program: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Front]:
    made = Front(program, tmp_path, request.param)
    yield made
    made.process.terminate()
    made.process.wait(10)


@asynccontextmanager
async def answering(port: int, name: str) -> AsyncIterator[None]:
    """Says who it is and how it was asked, by HTTP and by a socket."""

    async def answer(request: web.Request) -> web.StreamResponse:
        told = f"{name} {request.path} {request.headers.get('X-Forwarded-Proto')}"
        if request.headers.get("Upgrade") != "websocket":
            return web.Response(text=told)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(told)
        await socket.close()
        return socket

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("name", ["Caddyfile", "front.Caddyfile"])
def test_caddy_takes_our_file(program: str, name: str) -> None:
    command = [program, "validate", "--config", str(FOLDER / name), "--adapter", "caddyfile"]
    done = subprocess.run(
        command, env=os.environ | {"DOMAIN": "line.example.com"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("front", ["Caddyfile"], indirect=True)
async def test_pages_go_to_the_desk_and_calls_of_browsers_to_livekit(front: Front) -> None:
    base = f"//localhost:{front.port}"
    async with (
        answering(front.desk, "desk"),
        answering(front.livekit, "livekit"),
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http,
    ):
        for path, who in {"/admin/": "desk", "/twirp/x": "livekit"}.items():
            assert await text(http, f"https:{base}{path}") == f"{who} {path} https"
        for path, who in {"/ws/live/": "desk", "/rtc": "livekit", "/rtc/v1": "livekit"}.items():
            async with http.ws_connect(f"wss:{base}{path}") as socket:
                assert await socket.receive_str() == f"{who} {path} https"


async def text(http: aiohttp.ClientSession, url: str) -> str:
    for _ in range(100):
        try:
            async with http.get(url) as answer:
                return await answer.text()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)
    raise TimeoutError(url)


@pytest.mark.parametrize("front", ["front.Caddyfile"], indirect=True)
async def test_who_asks_while_a_web_is_replaced_waits_for_it(front: Front) -> None:
    async with aiohttp.ClientSession() as http:
        asked = asyncio.create_task(text(http, f"http://127.0.0.1:{front.port}/livekit/webhook"))
        await asyncio.sleep(2)
        assert not asked.done()
        async with answering(front.desk, "desk"):
            assert await asked == "desk /livekit/webhook http"
