"""Hours by the clock of a place, turned into moments."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.hours.state import Closed, Open, Shut, Timetable, Why, state
from agentworker.hours.week import OFFICE, ROUND_THE_CLOCK, Hours, Week, by_day, of_days

NIGHT = (Hours("5", time(22), time(6)),)
KALININGRAD, MOSCOW, KAMCHATKA = "Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"
RUSSIAN = [KALININGRAD, MOSCOW, KAMCHATKA]


def at(zone: str, text: str) -> datetime:
    """By the clock of the zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def table(zone: str, week: Week, **kwargs: object) -> Timetable:
    return Timetable(ZoneInfo(zone), week, **kwargs)  # type: ignore[arg-type]  # as Timetable has them


@pytest.mark.parametrize("zone", RUSSIAN)
@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-11-20T21:59", False),
        ("2026-11-20T22:00", True),
        ("2026-11-20T23:59", True),
        ("2026-11-21T00:00", True),
        ("2026-11-21T05:59", True),
        ("2026-11-21T06:00", False),
        ("2026-11-21T22:30", False),
    ],
)
def test_a_shift_over_midnight_is_of_the_day_on_which_it_began(
    zone: str, text: str, is_open: bool
) -> None:
    assert isinstance(state(at(zone, text), [table(zone, NIGHT)]), Open) is is_open


@pytest.mark.parametrize("zone", RUSSIAN)
def test_who_is_open_over_midnight_is_open_until_the_morning(zone: str) -> None:
    found = state(at(zone, "2026-11-20T23:30"), [table(zone, NIGHT)])

    assert found == Open(at(zone, "2026-11-21T06:00"))


def test_the_same_moment_is_another_hour_in_each_zone() -> None:
    """09:30 in Kamchatka is half past midnight in Moscow, and still yesterday in Kaliningrad."""
    moment = at(KAMCHATKA, "2026-11-24T09:30")

    found = [isinstance(state(moment, [table(zone, OFFICE)]), Open) for zone in RUSSIAN]

    assert found == [False, False, True]
    assert state(moment, [table(KALININGRAD, OFFICE)]) == Closed(
        at(KALININGRAD, "2026-11-24T09:00"), Why.HOURS
    )


def test_closed_on_friday_evening_is_closed_until_monday() -> None:
    found = state(at(MOSCOW, "2026-11-20T18:00"), [table(MOSCOW, OFFICE)])

    assert found == Closed(at(MOSCOW, "2026-11-23T09:00"), Why.HOURS)


def test_round_the_clock_has_no_end() -> None:
    assert state(at(MOSCOW, "2026-11-20T18:00"), [table(MOSCOW, ROUND_THE_CLOCK)]) == Open(None)
    assert state(at(MOSCOW, "2026-11-20T18:00"), []) == Open(None)


def test_several_stretches_of_a_day_leave_a_break() -> None:
    week = (Hours("1", time(9), time(13)), Hours("1", time(14), time(18)))

    found = state(at(MOSCOW, "2026-11-23T13:30"), [table(MOSCOW, week)])

    assert found == Closed(at(MOSCOW, "2026-11-23T14:00"), Why.HOURS)


def test_a_holiday_is_closed_and_told_by_its_name() -> None:
    days = {date(2026, 11, 4): "День народного единства"}

    found = state(at(MOSCOW, "2026-11-04T12:00"), [table(MOSCOW, OFFICE, days_off=days)])

    assert found == Closed(
        at(MOSCOW, "2026-11-05T09:00"), Why.HOLIDAY, name="День народного единства"
    )


def test_a_saturday_that_is_worked_has_the_hours_of_the_friday_before() -> None:
    day = date(2027, 2, 20)
    hours = table(MOSCOW, OFFICE, days_on=[day])
    assert hours.stretches(day) == hours.stretches(date(2027, 2, 19)) != ()
    assert state(at(MOSCOW, "2027-02-20T12:00"), [hours]) == Open(at(MOSCOW, "2027-02-20T18:00"))
    assert table(MOSCOW, OFFICE, days_on=[day], exceptions={day: ()}).stretches(day) == ()
    short = (*OFFICE, Hours("6", time(10), time(14)))
    assert table(MOSCOW, short, days_on=[day]).stretches(day) == ((time(10), time(14)),)


def test_a_day_of_its_own_goes_before_a_holiday() -> None:
    day = date(2026, 11, 4)
    own = {day: ((time(10), time(14)),)}
    hours = table(MOSCOW, OFFICE, days_off={day: "…"}, exceptions=own)

    assert state(at(MOSCOW, "2026-11-04T12:00"), [hours]) == Open(at(MOSCOW, "2026-11-04T14:00"))
    after = state(at(MOSCOW, "2026-11-04T15:00"), [hours])
    assert after == Closed(at(MOSCOW, "2026-11-05T09:00"), Why.EXCEPTION)


def test_the_night_before_a_holiday_is_worked_to_its_end() -> None:
    days = {date(2026, 11, 21): "…"}

    found = state(at(MOSCOW, "2026-11-21T03:00"), [table(MOSCOW, NIGHT, days_off=days)])

    assert found == Open(at(MOSCOW, "2026-11-21T06:00"))


def test_after_a_closure_it_opens_when_the_hours_say_so() -> None:
    shut = Shut(7, at(MOSCOW, "2026-11-23T12:00"), at(MOSCOW, "2026-11-23T20:00"))

    found = state(at(MOSCOW, "2026-11-23T13:00"), [table(MOSCOW, OFFICE)], [shut])

    assert found == Closed(at(MOSCOW, "2026-11-24T09:00"), Why.CLOSURE, closure=7)
    before = state(at(MOSCOW, "2026-11-23T11:00"), [table(MOSCOW, OFFICE)], [shut])
    assert before == Open(at(MOSCOW, "2026-11-23T12:00"))


def test_a_closure_without_end_has_no_until() -> None:
    shut = Shut(7, at(MOSCOW, "2026-11-23T12:00"), None)

    found = state(at(MOSCOW, "2026-11-23T13:00"), [table(MOSCOW, OFFICE)], [shut])

    assert found == Closed(None, Why.CLOSURE, closure=7)


def test_where_two_timetables_hold_it_is_open_when_both_are() -> None:
    morning = table(MOSCOW, (Hours("", time(8), time(12)),))

    found = state(at(MOSCOW, "2026-11-23T08:30"), [morning, table(MOSCOW, OFFICE)])

    assert found == Closed(at(MOSCOW, "2026-11-23T09:00"), Why.HOURS, table=1)
    assert state(at(MOSCOW, "2026-11-23T09:30"), [morning, table(MOSCOW, OFFICE)]) == Open(
        at(MOSCOW, "2026-11-23T12:00")
    )


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-10-31", 8)]
)
def test_a_night_in_which_the_clock_is_moved_is_shorter_or_longer(day: str, hours: int) -> None:
    berlin = table("Europe/Berlin", (Hours("6", time(22), time(6)),))

    found = state(at("Europe/Berlin", f"{day}T22:00"), [berlin])

    assert isinstance(found, Open)
    assert found.until
    assert found.until - at("Europe/Berlin", f"{day}T22:00").astimezone(UTC) == timedelta(
        hours=hours
    )


def test_hours_that_begin_in_the_lost_hour_begin_after_it() -> None:
    berlin = table("Europe/Berlin", (Hours("7", time(2, 30), time(8)),))

    found = state(at("Europe/Berlin", "2026-03-29T01:59"), [berlin])

    assert found == Closed(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), Why.HOURS)


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
WEEKS = st.lists(
    st.builds(Hours, st.text("1234567", min_size=1, max_size=3), TIMES, TIMES), max_size=4
).map(tuple)
ZONES = st.sampled_from([*RUSSIAN, "Europe/Berlin", "America/New_York"])
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 30), timezones=st.just(UTC))


@st.composite
def shuts(draw: st.DrawFn) -> Shut:
    begins = draw(MOMENTS)
    until = draw(st.none() | st.integers(1, 72).map(lambda hours: begins + timedelta(hours=hours)))
    return Shut(1, begins, until)


@settings(max_examples=40)
@given(ZONES, WEEKS, MOMENTS, st.lists(shuts(), max_size=2))
def test_until_is_the_first_moment_at_which_it_changes(
    zone: str, week: Week, moment: datetime, closures: list[Shut]
) -> None:
    tables = [table(zone, week)]
    found = state(moment, tables, closures)
    step, end = moment, found.until or moment + timedelta(days=8)

    while step < min(end, moment + timedelta(days=2)):
        assert type(state(step, tables, closures)) is type(found)
        step += timedelta(hours=1, minutes=7)
    if found.until:
        assert type(state(found.until, tables, closures)) is not type(found)


@given(ZONES, WEEKS, MOMENTS)
def test_open_is_what_the_local_clock_says_where_it_is_not_moved(
    zone: str, week: Week, moment: datetime
) -> None:
    local = moment.astimezone(ZoneInfo(zone))
    day = timedelta(days=1)
    if (local - day).utcoffset() != (local + day).utcoffset():
        return

    found = state(moment, [table(zone, week)])

    assert isinstance(found, Open) is any(each.include(local) for each in week)


@given(WEEKS)
def test_a_week_is_the_same_when_its_days_are_put_together(week: Week) -> None:
    assert by_day(of_days(by_day(week))) == by_day(week)
