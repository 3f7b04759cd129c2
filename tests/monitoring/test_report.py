"""The report: its periods and sums, and what its page says."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring import report_reading, report_words
from monitoring.report import HEIGHT, SHADES, WIDTH, Hour, Period, bars, busy, change, share
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, MakeUser

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 18, 12, tzinfo=MOSCOW)  # a Wednesday
WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))
ENDED = {"state": Call.State.ENDED, "direction": Call.Direction.INBOUND}


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    assert WEEK.before == Period(date(2026, 11, 9), date(2026, 11, 15))


def test_a_day_begins_and_ends_at_the_reader_s_midnight() -> None:
    start, end = WEEK.bounds(MOSCOW)
    assert start == datetime(2026, 11, 15, 21, tzinfo=UTC) and end - start == timedelta(days=7)


def test_a_day_of_summer_time_is_as_long_as_it_is() -> None:
    day = date(2026, 10, 25)
    start, end = Period(day, day).bounds(ZoneInfo("Europe/Berlin"))
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(0, 0, 0), (0, 9, 0), (1, 1000, 1), (999, 1000, 99), (9, 9, 100)]
)
def test_some_is_never_told_as_none_nor_almost_all_as_all(
    part: int, whole: int, percent: int
) -> None:
    assert share(part, whole) == percent


def test_where_nobody_called_before_there_is_nothing_to_compare_with() -> None:
    assert change(5, 0) is None and change(5, 4) == 25 and change(0, 4) == -100


moments = st.datetimes(
    datetime(2026, 11, 16), datetime(2026, 11, 22, 23), timezones=st.just(MOSCOW)
)
hours = st.builds(
    Hour, moments, st.sampled_from(["answered", "abandoned", "failed"]), st.integers(1, 500)
)


@settings(max_examples=100)
@given(st.lists(hours, max_size=40))
def test_the_charts_show_every_call_once_and_stay_in_their_frame(found: list[Hour]) -> None:
    total = sum(hour.count for hour in found)
    drawn = bars(WEEK, found)
    assert sum(bar.answered + bar.lost for bar in drawn) == total
    for bar in drawn:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert -1 <= bar.top_lost <= bar.top <= HEIGHT
    cells = [cell for weekday in busy(found) for cell in weekday.cells]
    assert sum(cell.count for cell in cells) == total
    assert all((cell.shade > 0) == (cell.count > 0) for cell in cells)
    assert not found or max(cell.shade for cell in cells) == SHADES


def test_a_single_day_is_drawn_by_hours() -> None:
    day = Period(NOON.date(), NOON.date())
    drawn = bars(day, [Hour(NOON, "answered", 3)])
    assert len(drawn) == 24 and drawn[12].answered == 3


def put(make_call: MakeCall, at: datetime, waited: float | None = None, **fields: object) -> None:
    """A call at that moment, answered after `waited` seconds and a minute long; None: lost."""
    given: dict[str, object] = {"outcome": Call.Outcome.ABANDONED, **ENDED, "ended_at": at}
    if waited is not None:
        answered = at + timedelta(seconds=waited)
        given |= {"outcome": Call.Outcome.ANSWERED, "answered_at": answered}
        given["ended_at"] = answered + timedelta(minutes=1)
    call = make_call(**given | fields)
    Call.objects.filter(pk=call.pk).update(started_at=at)


def test_calls_are_counted_in_the_hours_of_the_reader(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    put(make_call, NOON, 1)
    put(make_call, NOON + timedelta(minutes=59))
    put(make_call, datetime(2026, 11, 16, 0, tzinfo=MOSCOW), 3)
    put(make_call, datetime(2026, 11, 15, 23, 59, tzinfo=MOSCOW), 2)
    found = report_reading.read(WEEK, MOSCOW, make_user("telephony.view_call"))
    assert (found.now.calls, found.now.answered, found.now.lost) == (3, 2, 1)
    assert found.before.calls == 1
    counted = [(hour.at.astimezone(MOSCOW).hour, hour.count) for hour in found.now.hours]
    assert sorted(counted) == [(0, 1), (12, 1), (12, 1)]
    assert found.now.talked == timedelta(minutes=2)
    assert [(part.name, part.calls, part.lost) for part in found.numbers] == [
        ("+7 499 112-41-48", 3, 1)
    ]
    assert [part.name for part in found.agents] == ["Support"]


def test_half_of_the_callers_waited_no_longer_than_is_said(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    for waited in (1, 2, 3, 4, 60):
        put(make_call, NOON, waited)
    found = report_reading.read(WEEK, MOSCOW, make_user("telephony.view_call")).now
    assert (found.waited, found.waited_most) == (timedelta(seconds=3), timedelta(seconds=60))


@pytest.mark.parametrize(
    "fields",
    [
        {"is_test": True},
        {"direction": Call.Direction.OUTBOUND},
        {"reason": "blocked"},
        {"state": Call.State.ANSWERED},
    ],
)
def test_what_is_no_caller_s_call_is_not_counted(
    make_call: MakeCall, make_user: MakeUser, fields: dict[str, object]
) -> None:
    put(make_call, NOON, 1, **fields)
    assert not report_reading.read(WEEK, MOSCOW, make_user("telephony.view_call")).now.calls


def test_the_page_tells_the_figures_beside_those_before(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    put(make_call, NOON, 0.4)
    put(make_call, NOON)
    put(make_call, NOON - timedelta(days=7), 1)
    client = logged_in("telephony.view_call")
    html = client.get("/report/?first=2026-11-16&last=2026-11-22").content.decode()
    for words in ("+100%", "50% of all calls", "1 (100%)", "0.4 s", "Caller gave up", "Busy hours"):
        assert words in html


def test_who_called_while_it_was_closed_was_neither_answered_nor_lost(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    put(make_call, NOON, 1)
    put(make_call, NOON, 1, reason="out_of_hours_taken")
    put(make_call, NOON, 1, outcome="closed", reason="out_of_hours")
    report = report_reading.read(WEEK, MOSCOW, make_user("telephony.view_call"))
    now = report.now
    assert (now.calls, now.answered, now.lost, now.closed) == (3, 2, 0, 1)
    assert [(part.name, part.calls, part.answered) for part in report.agents] == [("Support", 1, 1)]
    assert report.numbers[0].share == 100
    assert "Closed at the time" in [str(fact.label) for fact in report_words.facts(report)]


def test_an_empty_period_says_what_a_report_is_for(logged_in: LoggedIn) -> None:
    html = logged_in("telephony.view_call").get("/report/").content.decode()
    assert "Nobody called in this period." in html


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("first=2026-11-22&last=2026-11-16", "The last day is before the first one."),
        ("first=2024-01-01&last=2026-11-16", "A report is of a year at most."),
        ("first=2026-11-16", "This field is required."),
        ("first=nonsense&last=2026-11-16", "Enter a valid date."),
        ("first=0001-01-01&last=0001-01-02", "Choose a day of this century."),
        ("first=9999-12-31&last=9999-12-31", "Choose a day of this century."),
    ],
)
def test_a_period_that_is_none_says_so(logged_in: LoggedIn, asked: str, told: str) -> None:
    answer = logged_in("telephony.view_call").get(f"/report/?{asked}")
    assert answer.status_code == 400 and told in answer.content.decode()


def test_the_report_is_closed_without_the_right_to_see_calls(logged_in: LoggedIn) -> None:
    assert logged_in("telephony.view_phonenumber").get("/report/").status_code == 403


def test_a_long_report_takes_as_many_queries_as_a_short_one(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    client = logged_in("telephony.view_call")
    now = timezone.now()
    put(make_call, now, 1)
    put(make_call, now - timedelta(days=40), 1)
    day = timezone.localdate()
    client.get("/report/")  # what pages keep for some seconds is read now
    with CaptureQueriesContext(connection) as short:
        client.get(f"/report/?first={day - timedelta(days=30)}&last={day}")
    for n in range(20):
        put(make_call, now - timedelta(days=n), 1 if n % 3 else None)
    with CaptureQueriesContext(connection) as long:
        client.get(f"/report/?first={day - timedelta(days=30)}&last={day}")
    assert len(long) == len(short)
