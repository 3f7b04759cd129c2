"""A caller is asked whether he may be recorded, and is only after he has pressed the key."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running
from tests.live.test_recorder import NUMBER, facts, files, parts, voiced

pytestmark = [pytest.mark.live, pytest.mark.prove]

LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    hours = {"press": "1", "say": "С девяти до шести.", "about": "часы"}
    # The rule says so, not the assistant.
    support = Agent.objects.create(name="Поддержка", recording="never")
    save_words(support, Words("ru", "Алло.", [hours], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    rule = DispatchRule.objects.create(
        name="Поддержка", agent=support, room="support-room-", recording="agreed"
    )
    rule.numbers.add(PhoneNumber.objects.create(number="+74991124148", trunk=trunk))
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    # Nobody takes the sound away.
    with running(*PROGRAMS, "recorder", INTERNAL_URL="http://127.0.0.1:9") as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def rows(system: System, user: str) -> Any:
    return system.ask(f"""
        from recordings.models import Recording
        found = Recording.objects.filter(call__from_number="{user}")
        result = list(found.values_list("policy", "state"))
    """)


def agreed_at(system: System, user: str) -> float:
    found: float = system.ask(f"""
        from telephony.models import CallEvent
        events = CallEvent.objects.filter(kind="recording_agreed", room_name__contains="{user}")
        result = events.get().at.timestamp()
    """)
    return found


def said(system: System, user: str) -> str:
    found: str = system.ask(f"""
        from agentworker.models import Turn
        turns = Turn.objects.filter(session__room_name__contains="{user}", speaker="agent")
        result = " | ".join(turn.text for turn in turns.order_by("at"))
    """)
    return found


def test_who_presses_the_key_is_recorded_from_then_on(system: System) -> None:
    user = "79160000401"
    system.dial(NUMBER, "listen:20", "press:9", "wait:6", user=user).result()
    wait_until(lambda: facts(system, user)[-1:] == ["recording_stopped"], "it did not end", 10)
    assert facts(system, user) == [
        *("recording_asked", "recording_agreed"),
        *("recording_started", "recording_stopped"),
    ]
    (part,) = parts(system, user)
    assert part.told["recorder"] == "assistant"
    # Our thanks are in it, and what was said before the key is not.
    assert voiced(part.ours).sum() > 30
    assert part.began >= agreed_at(system, user)
    assert "Если вы согласны на запись, нажмите 9." in said(system, user)
    assert "Спасибо, разговор записывается." in said(system, user)
    assert rows(system, user)[0][0] == "agreed"


def test_who_presses_another_key_is_not(system: System) -> None:
    user = "79160000402"
    system.dial(NUMBER, "listen:20", "press:1", "wait:3", user=user).result()
    wait_until(lambda: "recording_asked" in facts(system, user), "he was not asked", 10)
    assert facts(system, user) == ["recording_asked"]
    assert files(system, user) == [] and rows(system, user) == []
