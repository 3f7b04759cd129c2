"""Who is to be told what came of a number's calls is told so, each thing once."""

import re
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentworker.models import Session
from monitoring.notices import working
from monitoring.notices.models import Notice, NumberNotice
from telephony.models import Call, CallBack, PhoneNumber
from tests.alarms.conftest import MakeChannel, _place, make_channel, web
from tests.alarms.servers import Web
from tests.monitoring.conftest import MakeCall, agent, make_call, number

__all__ = ["_place", "agent", "make_call", "make_channel", "number", "web"]
pytestmark = pytest.mark.django_db
SUMMARY = "Anna asked for her order. It comes tomorrow."


@pytest.fixture
def rule(make_channel: MakeChannel, number: PhoneNumber) -> NumberNotice:
    since = timezone.now() - timedelta(hours=1)
    return NumberNotice.objects.create(number=number, channel=make_channel(), since=since)


@pytest.fixture
def call(make_call: MakeCall) -> Call:
    made = make_call(["Where is it?"], state="ended", outcome="answered", ended_at=timezone.now())
    Session.objects.update(summary=SUMMARY, outcome="was told the day")
    return made


def bodies(web: Web) -> list[str]:
    return web.bodies


def state() -> str:
    return Notice.objects.get().state


def test_what_came_of_a_call_is_told_at_once_and_once(
    rule: NumberNotice, call: Call, web: Web
) -> None:
    for _look in range(2):
        working.work(timezone.now())
    (body,) = bodies(web)
    assert SUMMARY in body and f"/calls/{call.pk}/" in body and state() == "sent"


def test_a_message_of_a_caller_is_told_and_a_newer_one_again(
    rule: NumberNotice, number: PhoneNumber, web: Web
) -> None:
    now = timezone.now()
    row = CallBack.objects.create(
        caller="+79161230001", number=number, message="Call me", first_at=now, last_at=now
    )
    working.work(now)
    row.message, row.last_at = "Call me\nIt is urgent", now + timedelta(minutes=1)
    row.save()
    working.work(now + timedelta(minutes=1))
    working.work(now + timedelta(minutes=2))
    first, second = bodies(web)
    assert "Call me" in first and "urgent" in second and "916 123-00-01" in first


def test_once_a_day_everything_is_told_together(
    rule: NumberNotice, make_call: MakeCall, call: Call, web: Web
) -> None:
    here = timezone.now().astimezone(rule.channel.zone)
    rule.hour = (here.hour + 2) % 24
    rule.save()
    make_call(state="ended", outcome="answered", ended_at=timezone.now())
    Session.objects.update(summary=SUMMARY)
    working.work(timezone.now())
    assert not web.asked and Notice.objects.filter(state="waiting").count() == 2
    working.work(timezone.now() + timedelta(hours=2))
    assert bodies(web)[0].count(SUMMARY) == 2 and len(web.asked) == 1


@pytest.mark.parametrize(
    "change",
    [{"summaries": False}, {"since": timezone.now() + timedelta(hours=1)}],
    ids=["not wanted", "older"],
)
def test_what_nobody_wants_is_not_told(
    rule: NumberNotice, call: Call, web: Web, change: dict[str, Any]
) -> None:
    NumberNotice.objects.update(**change)
    working.work(timezone.now())
    assert not web.asked and not Notice.objects.exists()


def test_a_call_of_which_nothing_was_written_down_is_not_told(
    rule: NumberNotice, call: Call, web: Web
) -> None:
    Session.objects.update(summary="", outcome="")
    working.work(timezone.now())
    assert not Notice.objects.exists()


def test_of_a_caller_who_was_erased_meanwhile_nothing_is_told(
    rule: NumberNotice, call: Call, web: Web
) -> None:
    Notice.objects.create(rule=rule, source=f"call:{call.pk}", due_at=timezone.now())
    Session.objects.update(summary="", outcome="", noted={})
    working.work(timezone.now())
    assert not web.asked and state() == "needless"


def test_a_channel_that_is_away_is_tried_again_and_one_that_refuses_is_not(
    rule: NumberNotice, call: Call, web: Web
) -> None:
    web.says(503, 404)
    working.work(timezone.now())
    assert state() == "waiting" and Notice.objects.get().error
    working.work(timezone.now() + timedelta(hours=1))
    assert state() == "failed"


def test_what_was_claimed_by_somebody_who_died_is_not_sent_twice(
    rule: NumberNotice, call: Call, web: Web
) -> None:
    old = timezone.now() - timedelta(hours=1)
    Notice.objects.create(rule=rule, source=f"call:{call.pk}", due_at=old, state="sending", at=old)
    working.work(timezone.now())
    assert not web.asked and state() == "failed"


def test_who_dies_over_one_message_leaves_the_others_to_be_sent(
    rule: NumberNotice,
    call: Call,
    make_channel: MakeChannel,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = make_channel(name="Another")
    NumberNotice.objects.create(number=rule.number, channel=other, since=rule.since)
    with monkeypatch.context() as dying, pytest.raises(SystemExit):
        dying.setattr(working, "_send", lambda *_: sys.exit())
        working.work(timezone.now())
    working.work(timezone.now() + timedelta(hours=1))
    states = Notice.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["failed", "sent"] and len(web.asked) == 1


def test_a_channel_that_is_switched_off_is_told_nothing(
    rule: NumberNotice, call: Call, web: Web
) -> None:
    type(rule.channel).objects.update(is_on=False)
    working.work(timezone.now())
    assert not web.asked and state() == "failed" and Notice.objects.get().error


def test_no_words_of_callers_are_kept_with_what_is_told(rule: NumberNotice, call: Call) -> None:
    working.work(timezone.now())
    row = Notice.objects.values().get()
    assert SUMMARY not in str(row) and not re.search(r"\+?7916", str(row["source"]))
