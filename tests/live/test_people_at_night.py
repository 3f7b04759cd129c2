"""Outside the hours a person is rung: by a real call, and a real telephone."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.callee import Provider
from tests.live.sound import beeped, beeping, beeps, of_wav, samples
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running

pytestmark = [pytest.mark.live, pytest.mark.prove]

NUMBER, NIGHT = "74991124148", "79160000601"
# What the caller and the person say, in Hz: in no voice or music for long.
CALLERS, NIGHTS = 1700, 2300
# It is never open, but for a stretch that is not now.
LINE = """
    from datetime import timedelta
    from django.utils import timezone
    from agentworker.models import Agent, Place
    from agentworker.services import Words, save_words
    from telephony import opening
    from telephony.models import Colleague, DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    day = Agent.objects.create(name="День")
    save_words(day, Words("ru", "Алло, это магазин.", [], []), None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits"
    )
    night = Colleague.objects.create(name="Дежурный", phone="+{night}")
    rule = DispatchRule.objects.create(name="День", agent=day, room="shop-")
    number = PhoneNumber.objects.create(number="+{number}", trunk=trunk)
    rule.numbers.add(number)
    later = (timezone.now() + timedelta(days=2)).isoweekday()
    own = Place(name="Магазин", time_zone="UTC", week=[[str(later), "09:00", "10:00"]])
    own.outside, own.people = "people", f"colleague:{{night.key}}"
    opening.save_place(own, [number], [], timezone.now().year)
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({NIGHT: "answer in clear"}, sound=beeps(NIGHTS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(provider: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS, "watchdog", "standby") as system:
        named = {"provider": provider.address, "night": NIGHT, "number": NUMBER}
        system.ask(LINE.format(**named))
        system.wait_for_line()
        yield system


def of_call(system: System, user: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from agentworker.models import Turn
        from telephony.models import Call, CallEvent
        call = Call.objects.get(from_number="{user}")
        facts = CallEvent.objects.filter(room_sid=call.room_sid)
        result = {{
            "outcome": [call.state, call.outcome, call.reason],
            "story": sorted({{*facts.values_list("kind", flat=True)}}),
            "said": Turn.objects.filter(session__room_name=call.room_name).count(),
        }}
    """)
    return found


def test_who_calls_outside_the_hours_talks_to_the_person_of_the_night(
    system: System, provider: Provider
) -> None:
    user = "79160000610"
    sound = beeping(system.folder / "beeps.wav", CALLERS, 40)
    caller = system.dial(NUMBER, f"say:{sound}", user=user)
    wait_until(lambda: any(x.answered for x in provider.of(NIGHT)), "he did not pick up", 25)
    (night,) = provider.of(NIGHT)
    time.sleep(18)  # he hears first who calls
    provider.hang_up(night)
    heard = caller.result()

    assert len(beeped(samples(b"".join(payload for _at, payload in night.heard)), CALLERS)) >= 3
    assert len(beeped(of_wav(caller.heard), NIGHTS)) >= 3
    assert heard["ended_by"] == "them"  # he is not left alone when the person goes
    ended = ["ended", "answered", "out_of_hours_taken"]
    wait_until(lambda: of_call(system, user)["outcome"] == ended, "no outcome", 15)
    told = of_call(system, user)
    assert {"closed_people", "people_ring", "people_taken", "people_left"} <= {*told["story"]}
    assert told["said"] == 0  # no assistant said a word
