"""Real calls, and what the programs wrote of them."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.stack import missing, wait_until
from tests.live.system import System

pytestmark = [pytest.mark.live, pytest.mark.prove]

SUPPORT, CALLER, GREETING = "74991124148", "79160000041", "Здравствуйте! Вы позвонили в поддержку."
LINE = f"""
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    agent = Agent.objects.create(name="Поддержка")
    save_words(agent, Words("ru", "{GREETING}", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    number = PhoneNumber.objects.create(number="+{SUPPORT}", trunk=trunk)
    rule = DispatchRule.objects.create(name="all", agent=agent, room="support-room-")
    rule.numbers.add(number)
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        made = System(Path(folder), LINE_LOGS=folder)
        try:
            made.start()
            made.ask(LINE)
            made.wait_for_line()
            yield made
        finally:
            made.stop()


def test_a_call_is_a_ladder_from_invite_to_bye_and_its_lines_name_no_caller(
    system: System,
) -> None:
    assert system.call(SUPPORT, "listen:20", "wait:1", user=CALLER)["status"] == 200
    wait_until(lambda: bool(_call(system)), "the call goes on", 30)
    wire = _call(system)
    assert wire["words"] == ["INVITE", "100", "180", "200", "ACK", "BYE"]
    assert wire["without"] == ["INVITE", "200", "BYE"]
    assert {"gateway", "LiveKit"} <= set(wire["programs"])

    written = (system.folder / "logs" / "livekit_system.log").read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    assert any(line.get("job_id") and line.get("room_sid") for line in lines)
    for personal in (CALLER, "160000041", GREETING):
        assert personal not in written


def _call(system: System) -> dict[str, Any]:
    """What its page shows engineers, once it is over; with the gateway's log and without."""
    found: dict[str, Any] = system.ask(f"""
        from monitoring.callpage import with_parties
        from monitoring.logs.ladder import ladder
        from monitoring.logs.of_call import wire_of
        from telephony.models import Call, CallEvent
        call = with_parties(Call.objects.filter(from_number__contains="{CALLER}")).first()
        result = {{}}
        if call and call.state == "ended":
            wire = wire_of(call)
            events = CallEvent.objects.of_call(call, list(call.legs.all()))
            result = {{
                "words": [rung.word for rung in wire.rungs if rung.word],
                "without": [rung.word for rung in ladder(call, events, []) if rung.word],
                "programs": [line.program for line in wire.lines],
            }}
    """)
    return found
