"""LiveKit away when something starts, is saved, or is going on; and who is told to stop twice."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.live.stack import missing, wait_until
from tests.live.system import System
from tests.live.test_call import LINE, SALES

# Half a minute of waiting for beat, so outside the gate.
pytestmark = pytest.mark.prove

# Beat looks every 30 s, and applying takes a moment.
PUBLISHED_WITHIN = 31


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Worker, beat and assistant, and no LiveKit yet."""
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        system = System(Path(folder), alone="agent")
        try:
            system.stack.start_broker()
            system.manage("migrate", "--verbosity", "0")
            for program in ("worker", "beat", "agent"):
                system.start_program(program)
            wait_until(lambda: bool(sign_of_life(system)), "the assistant gave no sign", 60)
            yield system
        finally:
            system.stop()


def sign_of_life(system: System) -> dict[str, Any]:
    found: dict[str, Any] = system.ask("""
        from django.utils import timezone
        from agentworker.models import Worker
        rows = Worker.objects.values("registered", "draining", "seen_at", "jobs")
        result = next(iter(rows), {})
        if result:
            result["age"] = (timezone.now() - result.pop("seen_at")).total_seconds()
    """)
    return found


def states(system: System) -> set[str]:
    return set(
        system.ask("""
        from telephony.models import PublishedObject
        result = list(PublishedObject.objects.values_list("state", flat=True))
    """)
    )


def test_what_was_saved_without_livekit_is_published_soon_after_its_return(
    system: System,
) -> None:
    assert sign_of_life(system)["registered"] is False
    system.ask(LINE)
    wait_until(lambda: states(system) == {"waiting"}, "the rows do not say that they wait", 10)
    system.stack.start_server()
    returned = time.monotonic()
    wait_until(lambda: sign_of_life(system)["registered"], "the assistant did not register", 15)
    system.wait_for_line(PUBLISHED_WITHIN)
    assert time.monotonic() - returned < PUBLISHED_WITHIN


def test_a_worker_says_that_livekit_went_and_registers_again_on_its_return(
    system: System,
) -> None:
    system.stack.kill("livekit-server")
    wait_until(lambda: not sign_of_life(system)["registered"], "its row is still green", 5)
    # It lives, and says so: only LiveKit is missing.
    assert sign_of_life(system)["age"] < 5
    system.stack.start_server()
    wait_until(lambda: sign_of_life(system)["registered"], "it did not register again", 15)


def test_a_worker_told_to_stop_twice_ends_at_once(system: System) -> None:
    system.stack.start_gateway()
    caller = system.dial(SALES, "wait:60", user="79160000021")
    wait_until(lambda: bool(sign_of_life(system)["jobs"]), "nobody took the call", 10)
    agent = system.processes.pop("agent")
    family = psutil.Process(agent.pid).children(recursive=True)
    agent.terminate()
    wait_until(lambda: sign_of_life(system)["draining"], "its row does not say that it ends", 5)
    with pytest.raises(subprocess.TimeoutExpired):
        agent.wait(1)
    agent.terminate()
    assert agent.wait(1) == 1
    _gone, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    caller.process.kill()
