"""A caller outside the hours: he hears the message, and then the call is ended."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = [pytest.mark.live, pytest.mark.prove]

NUMBER = "74991124148"
LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    day, night = [Agent.objects.create(name=name) for name in ("День", "Ночь")]
    save_words(day, Words("ru", "Алло, это магазин.", [], []), None)
    save_words(night, Words("ru", "Дежурный слушает.", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    rule = DispatchRule.objects.create(name="День", agent=day, room="shop-")
    rule.numbers.add(PhoneNumber.objects.create(number="+74991124148", trunk=trunk))
    wake("telephony.apply")
"""
# It is never open, but for a stretch that is not now.
HOURS = """
    from datetime import timedelta
    from django.utils import timezone
    from agentworker.models import Agent, Closure, Place
    from telephony import opening
    from telephony.models import PhoneNumber, PublishedObject
    from veyra.models import User

    Place.objects.all().delete()
    before = list(PublishedObject.objects.order_by("pk").values("livekit_id", "synced_at"))
    tomorrow = (timezone.now() + timedelta(days=2)).isoweekday()
    own = Place(name="Магазин", time_zone="UTC", week=[[str(tomorrow), "09:00", "10:00"]], {how})
    opening.save_place(own, list(PhoneNumber.objects.all()), [], timezone.now().year)
    after = list(PublishedObject.objects.order_by("pk").values("livekit_id", "synced_at"))
    result = [row["livekit_id"] for row in before] == [row["livekit_id"] for row in after]
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running() as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def said(system: System, user: str) -> list[str]:
    found: list[str] = system.ask(f"""
        from agentworker.models import Turn
        turns = Turn.objects.filter(session__room_name__contains="{user}", speaker="agent")
        result = [turn.text for turn in turns.order_by("at")]
    """)
    return found


def call(system: System, user: str) -> list[Any]:
    """State, outcome and reason of his call."""
    found: list[Any] = system.ask(f"""
        from telephony.models import Call
        rows = Call.objects.filter(from_number__contains="{user}")
        result = list(rows.values_list("state", "outcome", "reason").first() or [])
    """)
    return found


def test_who_calls_a_closed_number_hears_the_message_and_is_let_go(system: System) -> None:
    user = "79160000501"
    assert system.ask(HOURS.format(how='message="Магазин закрыт до понедельника."'))
    result = system.dial(NUMBER, "listen:20", user=user).result()

    assert result["voiced_seconds"] > 1
    assert result["ended_by"] == "them"
    ended = ["ended", "closed", "out_of_hours"]
    wait_until(lambda: call(system, user) == ended, "the call is not known to be over", 15)
    assert said(system, user) == ["Магазин закрыт до понедельника."]


def test_outside_the_hours_the_assistant_of_the_night_answers(system: System) -> None:
    user = "79160000502"
    how = 'outside="agent", stand_in=Agent.objects.get(name="Ночь")'
    assert system.ask(HOURS.format(how=how))
    system.dial(NUMBER, "listen:4", user=user).result()

    wait_until(lambda: bool(said(system, user)), "nothing was said", 15)
    assert said(system, user)[0].startswith("Дежурный слушает.")


def test_a_place_that_opens_again_is_answered_at_once(system: System) -> None:
    user = "79160000503"
    system.ask("""
        from agentworker.models import Place
        from telephony import opening
        opening.put_away(Place.objects.get())
    """)
    system.dial(NUMBER, "listen:4", user=user).result()

    wait_until(lambda: bool(said(system, user)), "nothing was said", 15)
    assert said(system, user)[0].startswith("Алло, это магазин.")
