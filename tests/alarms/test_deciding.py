"""Who is told of what: chains, quiet hours, two kinds, and storms, without a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from monitoring.alarms.deciding import (
    GATHERED,
    STORM,
    Scene,
    Step,
    Told,
    Trouble,
    Way,
    alarms,
    audience,
    ends,
    gets_through,
    to_tell,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANNA, BORIS = 1, 2
TELEGRAM = Way(1, "telegram", ANNA)
SMS = Way(2, "sms", ANNA)
HIS = Way(3, "mail", BORIS)
GROUP = Way(4, "mattermost")
WAYS = [TELEGRAM, SMS, HIS, GROUP]
FIVE = timedelta(minutes=5)
CHAIN = [Step(ANNA), Step(BORIS, FIVE), Step(None, FIVE)]
FIRE = Trouble(UUID(int=1), 1, NOON)


def told(
    trouble: Trouble = FIRE,
    minutes: float = 0,
    ways: Sequence[Way] = WAYS,
    steps: Sequence[Step] = CHAIN,
    said: dict[int, Told] | None = None,
) -> list[int]:
    return to_tell(trouble, ways, steps, said or {}, NOON + timedelta(minutes=minutes))


def test_without_a_chain_everybody_is_told_at_once() -> None:
    assert told(steps=[]) == [1, 2, 3, 4]


def test_the_first_is_woken_at_once_and_the_next_when_nobody_answers() -> None:
    high = replace(FIRE, severity=2)
    assert told(high) == [1, 2, 4]
    assert told(high, 4.9) == [1, 2, 4]
    sent = dict.fromkeys([1, 2, 4], Told.SENT)
    assert told(high, 5, said=sent) == [3]


def test_nobody_else_is_woken_once_somebody_is_on_it() -> None:
    assert told(replace(FIRE, is_open=False), 99) == []


def test_what_is_medium_does_not_climb() -> None:
    assert told(replace(FIRE, severity=3), 60) == [1, 2, 4]


def test_everybody_at_the_end_of_the_chain_are_those_who_are_in_no_step() -> None:
    other = Way(5, "ntfy", 7)
    sent = dict.fromkeys([1, 2, 3, 4], Told.SENT)
    assert told(minutes=9.9, ways=[*WAYS, other], said=sent) == []
    assert told(minutes=10, ways=[*WAYS, other], said=sent) == [5]


def test_whoever_has_no_channel_is_passed_over_at_once() -> None:
    without = [HIS]
    assert told(replace(FIRE, severity=2), ways=without) == [3]
    assert told(replace(FIRE, severity=4), ways=without) == [3]


def test_where_all_of_the_first_fail_the_next_is_woken_at_once() -> None:
    failed = {1: Told.FAILED, 2: Told.FAILED}
    assert told(replace(FIRE, severity=2), ways=[TELEGRAM, SMS, HIS], said=failed) == [3]


def test_quiet_hours_hold_until_they_are_over_but_not_for_what_is_critical() -> None:
    asleep = replace(TELEGRAM, is_quiet=True)
    high = replace(FIRE, severity=2)
    assert told(high, ways=[asleep], steps=[]) == []
    assert told(high, 480, ways=[TELEGRAM], steps=[]) == [1]
    assert told(FIRE, ways=[asleep], steps=[]) == [1]
    assert told(replace(high, is_loud=True), ways=[asleep], steps=[]) == [1]


def test_a_channel_tells_of_nothing_less_severe_than_it_is_to() -> None:
    strict = replace(TELEGRAM, severity=2)
    assert told(replace(FIRE, severity=3), ways=[strict], steps=[]) == []
    assert told(replace(FIRE, severity=2), ways=[strict], steps=[]) == [1]


def test_what_is_critical_goes_by_two_kinds_even_if_the_second_is_of_a_later_step() -> None:
    assert told(ways=[TELEGRAM, HIS]) == [1, 3]
    same_kind = replace(HIS, kind="telegram")
    assert told(ways=[TELEGRAM, same_kind]) == [1]


def test_where_one_of_the_two_kinds_fails_a_third_is_taken() -> None:
    said = {1: Told.SENT, 2: Told.FAILED, 4: Told.FAILED}
    assert told(said=said) == [3]


def test_a_channel_that_does_not_work_counts_for_no_kind_but_is_tried() -> None:
    ill = replace(SMS, works=False)
    assert told(ways=[TELEGRAM, ill, HIS]) == [1, 2, 3]


def scene(count: int, lately: Sequence[datetime] = ()) -> Scene:
    way = replace(TELEGRAM, lately=tuple(lately))
    return Scene([replace(FIRE, pk=UUID(int=n), severity=2) for n in range(count)], [way])


def test_many_at_once_are_one_message() -> None:
    (order,) = alarms(scene(30), NOON)
    assert len(order.troubles) == 30


def test_in_a_storm_messages_are_gathered() -> None:
    lately = [NOON - timedelta(seconds=20 * n) for n in range(STORM)]
    assert alarms(scene(1, lately), NOON) == []
    assert len(alarms(scene(1, lately), NOON + GATHERED)) == 1
    assert len(alarms(scene(1, lately[1:]), NOON)) == 1
    critical = Scene([FIRE], [replace(TELEGRAM, lately=tuple(lately))])
    assert alarms(critical, NOON + timedelta(seconds=59)) == []
    assert len(alarms(critical, NOON + timedelta(seconds=60))) == 1


def test_whoever_heard_that_it_began_hears_that_it_is_over() -> None:
    found = ends(Scene([], WAYS, over={1: [FIRE.pk], 3: []}), NOON)
    assert [(order.way, order.troubles) for order in found] == [(1, (FIRE.pk,))]


persons = st.one_of(st.none(), st.integers(1, 3))
made_ways = st.lists(
    st.builds(
        Way,
        st.integers(1, 9),
        st.sampled_from(["mail", "telegram", "sms"]),
        persons,
        severity=st.integers(1, 4),
        is_quiet=st.booleans(),
        works=st.booleans(),
    ),
    unique_by=lambda way: way.pk,
    max_size=6,
)
made_steps = st.lists(
    st.builds(Step, persons, st.integers(0, 30).map(lambda n: timedelta(minutes=n))), max_size=4
)
made_told = st.dictionaries(st.integers(1, 9), st.sampled_from(Told), max_size=6)
moments = st.integers(0, 120).map(lambda n: NOON + timedelta(minutes=n))


@given(made_ways, made_steps, made_told, moments, st.booleans(), st.integers(1, 4))
@how(max_examples=150)
def test_nobody_is_told_twice_and_somebody_always_where_anybody_can_be(
    ways: list[Way],
    steps: list[Step],
    said: dict[int, Told],
    now: datetime,
    is_open: bool,
    severity: int,
) -> None:
    trouble = Trouble(UUID(int=1), severity, NOON, is_open)
    new = to_tell(trouble, ways, steps, said, now)
    assert len(set(new)) == len(new)
    assert not set(new) & set(said)
    if not is_open:
        assert new == []
    elif severity == 1:
        reached = [way for way in ways if way.pk in new or way.pk in said]
        kinds = {way.kind for way in reached if gets_through(way, said)}
        there = {way.kind for way in ways if gets_through(way, said)}
        assert len(kinds) >= min(2, len(there))


@given(made_ways, made_steps, made_told, moments, st.integers(0, 60))
@how(max_examples=60)
def test_the_longer_nobody_answers_the_more_people_hear_it(
    ways: list[Way], steps: list[Step], said: dict[int, Told], now: datetime, minutes: int
) -> None:
    later = now + timedelta(minutes=minutes)
    assert audience(FIRE, ways, steps, said, now) <= audience(FIRE, ways, steps, said, later)
