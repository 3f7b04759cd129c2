"""Our own telephone calls the line by itself: greeting, words both ways, recording."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.stack import ROOT, missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    agent = Agent.objects.create(name="Sales", recording="always")
    save_words(agent, Words("en", "Hello! This is the sales department.", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    DispatchRule.objects.create(name="Sales", agent=agent).numbers.add(number)
    wake("telephony.apply")
"""
NEWEST = """
    from telephony.models import Call, TestCall
    row = TestCall.objects.exclude(judged_at=None).first()
    tests = Call.objects.filter(is_test=True).count()
    result = row and {"why": row.why, "state": row.state, "measured": row.measured,
                      "said": row.result["msgid"], "tests": tests}
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(TEST_CALLS="true") as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


@pytest.mark.prove
def test_a_line_that_was_changed_is_called_heard_and_recorded(system: System) -> None:
    wait_until(lambda: bool(system.ask(NEWEST)), "no test call was placed and judged", 240)
    found = system.ask(NEWEST)
    measured = found["measured"]
    assert (found["why"], found["state"], found["tests"]) == ("change", "done", 1), found
    assert measured["answer"] < 5 and measured["answer"] <= measured["greeting"] < 8
    assert measured["heard"] is True and measured["recorded"] is True
    assert "recorded" in found["said"]


@pytest.mark.prove
def test_the_diagnosis_calls_the_line_and_says_that_it_is_answered(system: System) -> None:
    call = {each["name"]: each for each in said(system, "--call")["items"]}["call"]
    turns = system.ask("""
        from agentworker.models import Turn
        result = list(Turn.objects.order_by("at").values_list("speaker", "seconds", "session"))
    """)
    assert call["status"] == "ok", (call["sentence"], turns)


@pytest.mark.prove
def test_a_line_without_an_assistant_is_diagnosed_and_its_call_fails(system: System) -> None:
    system.end("agent")
    found = said(system)
    statuses = {each["name"]: each["status"] for each in found["items"]}
    assert (statuses["udp"], statuses["worker"]) == ("ok", "failed")
    assert found["ok"] is False


def said(system: System, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", "diagnose", "--json", *options],
        env=system.environment,
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
