"""A browser, and our web beside it in a thread, over a simulated LiveKit.

Playwright keeps an event loop in the main thread: whatever uses async_to_sync runs in a thread, and
these tests have an invocation of their own: `pytest -m browser tests/browser`.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from django.conf import LazySettings
from django.conf import settings as conf
from django.db import close_old_connections, connections
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Worker
from telephony import folding, intake, sync
from tests import webhooks
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.asgi import application
from veyra.livekit import tap
from veyra.livekit.matching import Invite
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.bus import BusMessage
from veyra.livekit.simulator.speaker import signed

__all__ = ["simulated"]

T = TypeVar("T")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# A loaded machine may need so long where a test does not say how soon something must be seen.
expect.set_options(timeout=15_000)
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="renew the README's pictures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the browser; the hook is given the others too."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    # A microphone that hums by itself, and the person's yes to it.
    media = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    args = ["--no-sandbox", *media]
    return {**browser_type_launch_args, "executable_path": path, "args": args}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    size = {"width": 1280, "height": 800}
    return {**browser_context_args, "locale": "ru-RU", "viewport": size}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Threads share the database, which one in memory does badly."""
    database = conf.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        name = str(tmp_path_factory.mktemp("browser") / "db.sqlite3")
        database["TEST"] = {**database.get("TEST", {}), "NAME": name}
        connections["default"].settings_dict["TEST"]["NAME"] = name


class Site:
    """The running web, and the work that Celery would do for it."""

    def __init__(self, simulated: Simulated) -> None:
        self.simulated = simulated
        self.url = ""
        self._threads = ThreadPoolExecutor(1)
        self._delivered = 0

    def do(self, work: Callable[[], T]) -> T:
        """Run in a thread with its own connection."""

        def run() -> T:
            try:
                return work()
            finally:
                close_old_connections()

        return self._threads.submit(run).result(timeout=20)

    def publish(self) -> None:
        """What the task telephony.apply does."""
        self.do(sync.apply)

    def call(self, caller: str, called: str, ip: str) -> Any:
        """Somebody calls; everything that LiveKit says of it has arrived afterwards."""
        invite = Invite(caller=caller, called=called, source_ip=ip)
        told = self.simulated.do(self.simulated.switchboard.place_call(invite, agent_comes=True))
        self.deliver()
        return told

    def hang_up(self, sip_call_id: str) -> None:
        self.simulated.do(self.simulated.switchboard.hang_up(sip_call_id))
        self.deliver()

    def deliver(self) -> None:
        """The tap's bytes and the signed webhooks, then the task telephony.fold."""
        self.do(self._deliver)

    def _deliver(self) -> None:
        said = self.simulated.said[self._delivered :]
        self._delivered += len(said)
        for one in said:
            if isinstance(one, BusMessage):
                heard = tap.read(one.channel, one.raw)
                intake.take_tap([heard] if heard else [])
                continue
            body = sequence.body(one)
            assert webhooks.post(body.encode(), signed(body, KEY, SECRET)) == 200
        folding.drain()


class Web:
    """uvicorn in a thread; it can go away and come back at the same port."""

    def __init__(self) -> None:
        self.port = 0

    def start(self) -> None:
        config = uvicorn.Config(application, port=self.port, log_level="warning", lifespan="off")
        config.timeout_graceful_shutdown = 1
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def web(transactional_db: None) -> Iterator[Web]:
    web = Web()
    web.start()
    yield web
    web.stop()


@pytest.fixture
def site(web: Web, simulated: Simulated, settings: LazySettings) -> Site:
    settings.LIVEKIT_URL = simulated.url
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    site = Site(simulated)
    site.url = f"http://127.0.0.1:{web.port}"
    return site


def work() -> None:
    """Somebody is there to speak to callers, for longer than any test takes."""
    later = timezone.now() + timedelta(hours=1)
    times = {"started_at": later, "seen_at": later}
    Worker.objects.create(name="here:1", pid=1, capacity=5, registered=True, **times)


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps a picture for the README, when asked to by --screenshots."""

    def keep(page: Page, name: str) -> None:
        if request.config.getoption("--screenshots", default=False):
            IMAGES.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=IMAGES / f"{name}.png")

    return keep
