"""People are rung before the assistant speaks, by real calls: by a real telephone each."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.callee import Provider
from tests.live.sound import beeped, beeping, beeps, of_wav, samples
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running

pytestmark = pytest.mark.live

TO_OLGA, TO_BORIS = "74991124148", "74991124149"
# Olga picks up, Boris does not.
OLGA, BORIS = "79160000301", "79160000302"
# What the caller and the colleague say, in Hz: in no voice for long, and no ringing tone.
CALLERS, OLGAS = 1700, 2300
LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import Colleague, DispatchRule, Member, PhoneNumber, Team, Trunk
    from veyra.celery import wake

    support = Agent.objects.create(name="Поддержка")
    save_words(support, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [], []), None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits"
    )
    olga = Colleague.objects.create(name="Ольга", phone="+{olga}")
    duty = Team.objects.create(name="Дежурные")
    boris = Colleague.objects.create(name="Борис", phone="+{boris}")
    Member.objects.create(team=duty, colleague=boris, seconds=6)
    named = {{"{to_olga}": {{"first_colleague": olga}}, "{to_boris}": {{"first_team": duty}}}}
    for number, who in named.items():
        values = {{"name": number, "agent": support, "room": f"room-{{number}}-"}}
        rule = DispatchRule.objects.create(**values, **who)
        rule.numbers.add(PhoneNumber.objects.create(number=f"+{{number}}", trunk=trunk))
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({OLGA: "answer in clear", BORIS: "ring"}, sound=beeps(OLGAS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(provider: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS, "watchdog") as system:
        named = {"olga": OLGA, "boris": BORIS, "to_olga": TO_OLGA, "to_boris": TO_BORIS}
        system.ask(LINE.format(provider=provider.address, **named))
        system.wait_for_line()
        yield system


def of_call(system: System, user: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from agentworker.models import Session, SessionEvent
        from telephony.models import Call, CallEvent, RungPhone
        call = Call.objects.get(from_number="{user}")
        said = SessionEvent.objects.filter(room_name=call.room_name)
        result = {{
            "outcome": [call.outcome, call.reason],
            "story": list(CallEvent.objects.filter(room_sid=call.room_sid, source="staff")
                          .order_by("at").values_list("kind", flat=True)),
            "assistant": [[each.kind, each.payload.get("reason")] for each in said.order_by("at")],
            "open": RungPhone.objects.filter(over_at=None).count(),
        }}
    """)
    return found


def test_a_colleague_who_picks_up_first_talks_with_the_caller(
    system: System, provider: Provider
) -> None:
    user = "79160000310"
    caller = system.dial(
        TO_OLGA, f"say:{beeping(system.folder / 'beeps.wav', CALLERS, 30)}", user=user
    )
    wait_until(lambda: any(x.answered for x in provider.of(OLGA)), "she did not pick up", 15)
    (olga,) = provider.of(OLGA)
    time.sleep(5)
    provider.hang_up(olga)
    heard = caller.result()
    assert heard["ended_by"] == "them"  # he is not left alone when she goes
    assert len(beeped(samples(b"".join(payload for _at, payload in olga.heard)), CALLERS)) >= 5
    assert len(beeped(of_wav(caller.heard), OLGAS)) >= 5
    wait_until(lambda: of_call(system, user)["outcome"][0] == "answered", "no outcome", 10)
    told = of_call(system, user)
    assert told["outcome"] == ["answered", "hung_up_by_colleague"]
    assert told["story"] == ["people_ring", "people_taken", "people_left"]
    assert told["assistant"] == [["closed", "handed over"]] and not told["open"]


@pytest.mark.prove
def test_where_nobody_picks_up_the_assistant_greets(system: System, provider: Provider) -> None:
    user = "79160000311"
    heard = system.call(TO_BORIS, "wait:14", user=user)
    (boris,) = provider.of(BORIS)
    assert boris.answered is None and boris.over.is_set()
    told = of_call(system, user)
    assert told["story"] == ["people_ring", "people_no_answer", "people_over"]
    assert "speech_started" in [kind for kind, _why in told["assistant"]]
    assert heard["ended_by"] == "us" and heard["voiced_seconds"] > 1
