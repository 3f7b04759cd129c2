"""What the home page tells of today."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from agentworker.models import Session, Speaker, Turn
from monitoring import course, today
from monitoring.health.shown import shown
from monitoring.incidents import urgent
from monitoring.report import Hour
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, MakeUser, say

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

SEES = "telephony.view_call"
MOSCOW = ZoneInfo("Europe/Moscow")
LOST = Call.Outcome.ABANDONED
HOURS = st.lists(
    st.builds(
        Hour,
        at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 1, 23), timezones=st.just(UTC)),
        outcome=st.sampled_from([*today.ORDER, "unheard of"]),
        count=st.integers(1, 10_000),
    ),
    max_size=20,
)


@given(HOURS)
@how(max_examples=100)
def test_the_pieces_of_an_hour_stand_on_one_another_and_are_all_its_calls(
    hours: list[Hour],
) -> None:
    counted: Counter[tuple[int, str]] = Counter()
    for hour in hours:
        counted[hour.at.hour, hour.outcome] += hour.count
    columns = course.columns(hours, today.ORDER)
    assert [column.hour for column in columns] == list(range(24))
    for column in columns:
        foot = course.HEIGHT
        for piece in column.pieces:
            assert piece.count == counted.pop((column.hour, piece.outcome))
            assert piece.y + piece.height == foot and piece.height >= 0
            foot = piece.y
        assert foot >= 0 and column.x + course.FILL <= course.WIDTH
    assert all(outcome == "unheard of" for _hour, outcome in counted)


@given(st.dictionaries(st.integers(0, 5000), st.integers(1, 9), max_size=20), st.floats(0, 1))
@how(max_examples=100)
def test_counted_values_have_the_same_quantiles_as_the_values(
    counts: dict[int, int], part: float
) -> None:
    values = sorted(value for value, count in counts.items() for _ in range(count))
    expected = values[min(len(values) - 1, int(len(values) * part))] if values else None
    assert course.at(counts, part) == expected


def put(make_call: MakeCall, at: datetime, outcome: str = "answered", **fields: object) -> Call:
    call = make_call(**{"state": Call.State.ENDED, "outcome": outcome} | fields)
    answered = at + timedelta(seconds=2) if outcome == "answered" else None
    ended = at + timedelta(seconds=30)
    Call.objects.filter(pk=call.pk).update(started_at=at, answered_at=answered, ended_at=ended)
    return call


def noon() -> datetime:
    """Of today, where the reader is; it may be ahead of us."""
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)


def test_the_day_is_told_in_figures_by_hour_and_by_number(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    for minutes in (0, 1, 70):
        put(make_call, noon() + timedelta(minutes=minutes))
    put(make_call, noon(), LOST)
    put(make_call, noon() - timedelta(days=1), LOST)
    html = logged_in(SEES, "telephony.view_callback").get("/admin/").content.decode()
    for words in ("75% of all calls", "25% of all calls", "2.0 s", "Busiest numbers"):
        assert words in html
    assert "Answered: 2 · Caller gave up: 1" in html and "13:00" in html
    assert html.count("<rect") == 3
    assert "Whom to call back" in html


def test_how_fast_the_assistant_answered_today(logged_in: LoggedIn, make_call: MakeCall) -> None:
    put(make_call, noon())
    session = Session.objects.get()
    Session.objects.update(started_at=noon())
    session.refresh_from_db()
    for delay in (300, 700, 900, 1200, 4000):
        say(session, "Yes.", Speaker.AGENT, delay_ms=delay)
    old = say(session, "Well.", Speaker.AGENT, delay_ms=90_000)
    Turn.objects.filter(pk=old.pk).update(at=noon() - timedelta(days=2))
    html = logged_in(SEES).get("/admin/").content.decode()
    assert "The assistant answers in" in html
    assert "0.9 s" in html and "95 of 100 answers in 4.0 s" in html


def test_a_day_without_calls_shows_no_chart(logged_in: LoggedIn, make_call: MakeCall) -> None:
    put(make_call, noon() - timedelta(days=1))
    html = logged_in(SEES).get("/admin/").content.decode()
    # An open page drops what it showed before midnight, and has a place for the first call.
    assert re.search(r'data-standing="today" hidden></section>', html)
    assert "vy-chart" not in html


def test_who_may_not_see_calls_is_told_nothing_of_them(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    put(make_call, noon())
    html = logged_in("telephony.view_phonenumber").get("/admin/").content.decode()
    assert "vy-today" not in html


def test_the_home_page_takes_as_many_queries_for_many_calls_as_for_one(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    client = logged_in(SEES)

    def queries() -> int:
        urgent.last.forget()
        shown.forget()
        with CaptureQueriesContext(connection) as asked:
            client.get("/admin/")
        return len(asked)

    put(make_call, noon())
    few = queries()
    for minutes in range(12):
        put(
            make_call, noon() + timedelta(minutes=37 * minutes), LOST if minutes % 3 else "answered"
        )
    assert queries() == few


def test_the_database_is_asked_once_in_some_seconds(
    make_call: MakeCall, make_user: MakeUser, settings: LazySettings
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "test of today",
        }
    }
    put(make_call, noon())
    anna, boris = make_user(SEES), make_user(SEES, name="boris")
    first = today.known(anna)
    put(make_call, noon())
    with CaptureQueriesContext(connection) as asked:
        assert today.known(anna) == first
    assert len(asked) == 0
    # What another person may see is another matter.
    assert today.known(boris).figures.calls == 2
