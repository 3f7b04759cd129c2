"""Who is rung next, as pure decisions."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentworker.hours.week import Hours
from telephony.finding import (
    APPEARS,
    COMES_BACK,
    ENTERS,
    SHOWS,
    End,
    Next,
    Over,
    Person,
    Phone,
    Search,
    Taken,
    Wait,
    decide,
    has_left,
    may_see,
    phone_of,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
SOON = NOW + timedelta(seconds=10)

persons = st.builds(
    Person,
    colleague=st.integers(1, 9),
    seconds=st.integers(5, 60),
    is_free=st.booleans(),
    by_browser=st.booleans(),
    by_phone=st.booleans(),
)


def olga(**how: bool) -> Person:
    return Person(colleague=1, seconds=15, **{"is_free": True, "by_phone": True} | how)


def search(*people: Person, place: int = 0, phone: Phone = "rings", **more: object) -> Search:
    values = {"next_at": SOON, "phone": phone} | more
    return Search(people=people, place=place, **values)  # type: ignore[arg-type]  # as more names them


def test_the_first_who_is_free_is_rung() -> None:
    assert decide(search(olga(is_free=False), olga(), place=-1), NOW) == Next(1)


def test_who_can_be_reached_in_no_way_is_passed_over() -> None:
    assert decide(search(olga(by_phone=False), place=-1), NOW) == Over(End.NOBODY)


def test_while_it_rings_nobody_else_is_rung() -> None:
    assert decide(search(olga(), olga()), NOW) == Wait()


def test_after_his_seconds_the_next_one_is_rung() -> None:
    assert decide(search(olga(), olga()), SOON) == Next(1)
    assert decide(search(olga()), SOON) == Over(End.NOBODY)


def test_who_declines_by_telephone_is_not_waited_for() -> None:
    assert decide(search(olga(), olga(), phone="gone"), NOW) == Next(1)


def test_who_declines_by_telephone_may_still_answer_in_the_browser() -> None:
    assert decide(search(olga(by_browser=True), olga(), phone="gone"), NOW) == Wait()


def test_a_browser_without_a_page_is_not_waited_for() -> None:
    anna = olga(by_phone=False, by_browser=True)
    both = olga(by_browser=True)
    here = search(anna, olga(), phone="none")
    assert decide(here, NOW) == Wait()
    assert decide(replace(here, has_page=False), NOW) == Next(1)
    assert decide(search(both, olga(), has_page=False), NOW) == Wait()
    assert decide(search(both, olga(), phone="gone", has_page=False), NOW) == Next(1)


@given(st.booleans(), st.none() | st.integers(0, 60).map(lambda s: NOW - timedelta(seconds=s)))
def test_a_page_has_a_moment_to_show_the_card(is_shown: bool, rung_at: datetime | None) -> None:
    is_early = rung_at is None or NOW - rung_at < SHOWS
    assert may_see(is_shown=is_shown, rung_at=rung_at, now=NOW) is (is_shown or is_early)


def test_a_caller_is_not_kept_waiting_for_everybody() -> None:
    late = search(olga(), olga(), until=NOW)
    assert decide(late, NOW) == Over(End.NOBODY)
    assert decide(search(olga(), until=NOW, phone="active"), NOW) == Taken()


def test_a_telephone_that_is_picked_up_in_the_last_moment_has_the_call() -> None:
    assert decide(search(olga(), olga(), phone="active"), SOON) == Taken()


def test_nobody_is_rung_for_a_caller_who_has_left() -> None:
    stages: list[tuple[int, Phone]] = [(-1, "none"), (0, "rings"), (0, "active")]
    for place, phone in stages:
        left = search(olga(), place=place, phone=phone, has_caller=False)
        assert decide(left, NOW) == Over(End.CALLER_LEFT)


@given(people=st.lists(persons, max_size=6))
def test_a_search_ends_after_everybody_who_can_be_rung_was_rung_once(people: list[Person]) -> None:
    place, rung, now = -1, [], NOW
    while isinstance(move := decide(search(*people, place=place, next_at=now), now), Next):
        place = move.place
        rung.append(place)
    assert move == Over(End.NOBODY)
    assert rung == [n for n, person in enumerate(people) if person.can_be_rung]


def seen(*, asked: bool = True, claimed_at: datetime | None = NOW, **how: Any) -> Phone:
    usual = {"is_over": False, "status": None, "was_seen": False, "now": NOW}
    return phone_of(asked=asked, claimed_at=claimed_at, **usual | how)


def test_a_telephone_that_was_not_dialled_yet_is_not_gone() -> None:
    assert seen(asked=False) == "none"
    assert seen(claimed_at=None) == seen() == "waiting"
    assert seen(claimed_at=NOW - APPEARS) == seen(was_seen=True) == seen(is_over=True) == "gone"
    assert seen(status="ringing") == "rings" and seen(status="hangup") == "gone"
    assert seen(status="active") == "active"


def test_a_telephone_that_hangs_up_has_left_and_a_page_may_come_back() -> None:
    gone = timedelta(seconds=1)
    assert has_left(is_there=False, by_phone=True, came=True, missed=gone)
    assert not has_left(is_there=False, by_phone=False, came=True, missed=gone)
    assert has_left(is_there=False, by_phone=False, came=True, missed=COMES_BACK)
    assert not has_left(is_there=False, by_phone=False, came=False, missed=COMES_BACK)
    assert has_left(is_there=False, by_phone=False, came=False, missed=ENTERS)
    assert not has_left(is_there=True, by_phone=True, came=True, missed=gone)


def test_working_hours_end_on_the_minute() -> None:
    hours = Hours("12345", time(9), time(18))
    assert hours.include(NOW.replace(hour=9)) and not hours.include(NOW.replace(hour=18))
    assert not hours.include(NOW.replace(day=1))  # a Sunday


def test_a_night_shift_belongs_to_the_day_on_which_it_began() -> None:
    hours = Hours("1", time(22), time(6))
    assert hours.include(NOW.replace(hour=23)) and hours.include(NOW.replace(day=3, hour=5))
    assert not hours.include(NOW.replace(hour=5)) and not hours.include(NOW.replace(day=3, hour=23))


@given(day=st.integers(1, 28), hour=st.integers(0, 23))
def test_without_days_and_times_somebody_always_works(day: int, hour: int) -> None:
    assert Hours("", None, None).include(NOW.replace(day=day, hour=hour))


@given(begins=st.times(), ends=st.times(), day=st.integers(1, 28), hour=st.integers(0, 23))
def test_a_shift_and_the_rest_of_the_day_fill_it(
    begins: time, ends: time, day: int, hour: int
) -> None:
    at = NOW.replace(day=day, hour=hour)
    works, rests = Hours("", begins, ends), Hours("", ends, begins)
    assert begins == ends or works.include(at) != rests.include(at)


def test_whoever_hears_only_how_telephones_ring_is_not_left_in_silence() -> None:
    by_both, by_browser = olga(by_browser=True), olga(by_browser=True, by_phone=False)
    assert decide(search(by_both, by_browser, hears_tone=True), NOW) == Wait()
    quiet = search(by_both, by_browser, olga(), hears_tone=True, phone="gone")
    assert decide(quiet, NOW) == Next(2)
