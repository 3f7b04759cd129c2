"""What becomes of real calls that nobody talks in, and of facts that are late or lost."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journal.caller import Caller
from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

NUMBER, NOBODYS = "74991124148", "74991120000"

LINE = f"""
    from agentworker.models import Agent
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    number = PhoneNumber.objects.create(number="+{NUMBER}", trunk=trunk)
    agent = Agent.objects.create(name="Nobody")
    rule = DispatchRule.objects.create(name="Nobody", agent=agent, room="support-room-")
    rule.numbers.add(number)
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    # Our own test calls come from all of loopback, where the strangers of these tests are, too.
    away = {"SIP_TEST_FROM": "198.51.100.1/32"}
    with running("web", "worker", "beat", "tap", **away) as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def ring(
    system: System,
    called: str,
    user: str,
    seconds: float,
    source: str = "127.0.0.1",
    host: str = "127.0.0.1",
) -> None:
    """Call, and hang up after `seconds`."""

    async def place() -> None:
        call = await Caller(system.stack.sip_port, called, user, source=source, host=host).call()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(call.final), seconds)
        call.hang_up()
        await asyncio.sleep(0.2)

    asyncio.run(place())


def call_of(system: System, user: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from telephony.models import Call
        call = Call.objects.filter(from_number="{user}").select_related("number", "rule").first()
        result = call and {{
            "state": call.state,
            "outcome": call.outcome,
            "reason": call.reason,
            "answered_at": call.answered_at,
            "seconds": call.ended_at and (call.ended_at - call.started_at).total_seconds(),
            "number": call.number and call.number.number,
            "rule": call.rule and call.rule.name,
            "trunk": call.trunk and call.trunk.name,
        }} or {{}}
    """)
    return found


def ended(system: System, user: str, seconds: float = 20) -> dict[str, Any]:
    wait_until(lambda: call_of(system, user).get("state") == "ended", "it goes on", seconds)
    return call_of(system, user)


def test_a_call_to_a_number_nobody_serves_is_a_rejected_call_with_the_reason(
    system: System,
) -> None:
    ring(system, NOBODYS, "79161230010", 1)
    call = ended(system, "79161230010")
    assert (call["outcome"], call["reason"]) == ("rejected", "unknown_number")
    assert call["number"] is None and call["answered_at"] is None


def test_a_caller_who_hangs_up_while_it_rings_gave_up(system: System) -> None:
    ring(system, NUMBER, "79161230011", 3)
    call = ended(system, "79161230011")
    assert (call["outcome"], call["reason"]) == ("abandoned", "caller_gave_up")
    assert call["number"] == f"+{NUMBER}"
    assert (call["rule"], call["trunk"]) == ("Nobody", "trunk1")
    assert abs(call["seconds"] - 3) < 0.2


@pytest.mark.prove
def test_who_writes_a_listed_address_into_his_call_is_let_in_and_told_of(system: System) -> None:
    """LiveKit reads From as well as the address that a call comes from; Veyra does not."""
    ring(system, NUMBER, "79161230014", 2, source="127.0.0.2", host="127.0.0.9")
    assert ended(system, "79161230014")["reason"] == "unknown_number"
    for _ in range(2):
        ring(system, NUMBER, "79161230015", 2, source="127.0.0.2", host="127.0.0.1/32")
        wait_until(lambda: call_of(system, "79161230015").get("state") == "ended", "it goes on", 10)
    assert call_of(system, "79161230015")["trunk"] == "trunk1"
    events = system.ask("""
        from veyra.models import SecurityEvent
        events = SecurityEvent.objects.all()
        result = [(event.kind, event.detail) for event in events]
    """)
    ((kind, detail),) = events
    assert kind == "stranger" and "127.0.0.2" in str(detail) and "trunk1" in str(detail)


def test_a_ringing_call_is_known_before_it_ends(system: System) -> None:
    async def place() -> dict[str, Any]:
        call = await Caller(system.stack.sip_port, NUMBER, "79161230012").call()
        await asyncio.to_thread(
            wait_until, lambda: bool(call_of(system, "79161230012")), "nobody knows of it", 2
        )
        found = call_of(system, "79161230012")
        call.hang_up()
        await asyncio.sleep(0.2)
        return found

    assert asyncio.run(place())["state"] == "ringing"
    ended(system, "79161230012")


def test_the_tap_comes_back_after_the_bus_was_away(system: System) -> None:
    """LiveKit needs its bus too: a tap of its own is shown one that stops and starts."""
    code = """
        import threading, time
        from telephony.tapping import Tapping
        tapping = Tapping("unix:///nowhere/broker.sock")
        thread = threading.Thread(target=tapping.run)
        thread.start()
        time.sleep(1.5)
        from django.conf import settings
        tapping.url = settings.LIVEKIT_REDIS_URL
        time.sleep(2)
        import redis
        bus = redis.Redis.from_url(settings.LIVEKIT_REDIS_URL)
        bus.publish("IOInfo|UpdateSIPCallState|REQ", b"not a message")
        time.sleep(1)
        tapping.stop()
        thread.join(5)
        result = [tapping.unreadable, thread.is_alive()]
    """
    assert system.ask(code) == [1, False]


def test_the_tap_stops_when_it_is_told_to(system: System) -> None:
    process = system.processes["tap"]
    system.end("tap", 20)
    assert process.returncode == 0
    assert "The tap stopped" in system.log("tap")
    system.start_program("tap")


def test_without_web_and_tap_the_observer_ends_the_call(system: System) -> None:
    system.end("web")
    system.end("tap")
    observe = """
        from telephony.folding import drain
        from telephony.observing import observe
        observe()
        drain()
    """

    def is_seen() -> bool:
        system.ask(observe)
        return bool(call_of(system, "79161230013"))

    async def place() -> None:
        call = await Caller(system.stack.sip_port, NUMBER, "79161230013").call()
        # Beat's own look holds the lease for a moment, and sees nothing of a call that comes then.
        await asyncio.to_thread(wait_until, is_seen, "nobody looked", 15)
        assert call_of(system, "79161230013")["state"] == "ringing"
        call.hang_up()
        await asyncio.sleep(1)

    def is_over() -> bool:
        system.ask(observe)
        return bool(call_of(system, "79161230013")["state"] == "ended")

    asyncio.run(place())
    wait_until(is_over, "nobody looked again", 15)
    assert call_of(system, "79161230013")["reason"] == "lost"
