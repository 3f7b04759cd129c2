"""Two of everything beside one PostgreSQL and one Redis: what docs/growing.md says holds."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests import postgres
from tests.live.stack import free_port, missing, wait_until
from tests.live.system import System
from tests.live.test_call import LINE, SALES, SUPPORT

pytestmark = [pytest.mark.live, pytest.mark.prove]

PROGRAMS = ("web", "second web", "worker", "second worker", "beat", "tap", "agent", "second agent")
CALLERS = [f"7916100000{n}" for n in range(6)]
CALLS = """
    from agentworker.models import Session
    from telephony.models import Call, FoldUnit
    result = {
        "calls": sorted(
            [number.lstrip("+"), outcome]
            for number, outcome in Call.objects.filter(state="ended").values_list(
                "from_number", "outcome"
            )
        ),
        "sessions": Session.objects.exclude(ended_at=None).count(),
        "waiting": FoldUnit.objects.exclude(dirty_at=None).count(),
    }
"""
JOBS = """
    from agentworker.models import Worker
    result = {row.name: len(row.jobs) for row in Worker.objects.filter(registered=True)}
"""


class Grown(System):
    """With a second web that has a port of its own, as on another host."""

    def _command(self, name: str) -> list[str]:
        if name == "second web":
            self.second_port = free_port()
            where = ["--host", "127.0.0.1", "--port", str(self.second_port)]
            return [sys.executable, "-m", "uvicorn", self.application, *where, "--lifespan", "off"]
        return super()._command(name)

    def _ready(self, name: str) -> Callable[[], bool]:
        if name == "second web":
            return lambda: status(self.second_port) == 200
        if name == "second worker":
            return lambda: "[tasks]" in self.log(name)
        return super()._ready(name)


def status(port: int) -> int:
    """Of the web's health; 0: nobody is there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.fixture(scope="module")
def grown() -> Iterator[Grown]:
    programs = postgres.programs()
    if lacking := [*missing(), *([] if programs else ["postgresql"])]:
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder, postgres.cluster(programs) as url:
        system = Grown(Path(folder), url, AGENT_CALLS="3")
        try:
            system.start(*PROGRAMS)
            system.ask(LINE)
            system.wait_for_line()
            yield system
        finally:
            system.stop()


def test_two_of_everything_answer_each_call_and_write_it_down_once(grown: Grown) -> None:
    numbers = [SUPPORT, SALES] * 3
    callers = [
        grown.dial(number, "listen:12", user=user)
        for number, user in zip(numbers, CALLERS, strict=True)
    ]
    wait_until(lambda: all(grown.ask(JOBS).values()), "one worker got no call", 20)
    results = [caller.result() for caller in callers]
    assert [result["status"] for result in results] == [200] * len(CALLERS)
    wait_until(lambda: grown.ask(CALLS)["sessions"] == len(CALLERS), "conversations go on", 30)
    with suppress(TimeoutError):
        wait_until(lambda: len(grown.ask(CALLS)["calls"]) == len(CALLERS), "calls go on", 15)
    assert grown.ask(CALLS)["calls"] == [[user, "answered"] for user in CALLERS]
    wait_until(lambda: grown.ask(CALLS)["waiting"] == 0, "facts wait", 15)


def test_calls_go_on_being_answered_without_one_of_each(grown: Grown) -> None:
    for name in ("second web", "worker", "agent"):
        grown.end(name)
    assert status(grown.web_port) == 200
    assert grown.call(SUPPORT, "listen:6", user="79161000009")["status"] == 200
    wait_until(
        lambda: ["79161000009", "answered"] in grown.ask(CALLS)["calls"], "not written down", 30
    )
