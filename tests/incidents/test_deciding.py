"""When an incident opens, goes on and ends, whatever comes and goes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.incidents.deciding import LATELY, LONGEST_CALM, Decision, Known, calm, decide
from monitoring.incidents.rule import Sighting
from veyra.sentences import Sentence

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def sighting(cause: str, damping: float = 0, root: str | None = None) -> Sighting:
    rule = cause.partition(":")[0]
    return Sighting(rule, cause, Sentence(cause), severity=2, damping=damping, root=root)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_what_is_seen_for_less_than_its_damping_is_only_suspected() -> None:
    seen = [sighting("gateway", damping=10)]
    first = decide(NOW, seen, (), [], {})
    assert not first.open and first.suspects == {"gateway": NOW}
    assert not decide(after(9), seen, (), [], first.suspects).open
    assert [each.cause for each in decide(after(10), seen, (), [], first.suspects).open] == [
        "gateway"
    ]


def test_what_was_suspected_and_is_gone_is_forgotten() -> None:
    assert not decide(NOW, [], (), [], {"gateway": after(-5)}).suspects


def test_the_same_cause_is_the_same_incident() -> None:
    known = Known(1, "gateway", "gateway")
    found = decide(NOW, [sighting("gateway")], (), [known], {})
    assert not found.open and [mine for mine, _ in found.seen] == [known]


def test_what_is_not_seen_any_more_is_over_when_it_was_quiet_for_a_while() -> None:
    known = Known(1, "gateway", "gateway")
    assert decide(NOW, [], (), [known], {}).quiet == [known]
    quiet = Known(1, "gateway", "gateway", quiet_since=NOW)
    assert not decide(after(29), [], (), [quiet], {}).over
    assert decide(after(30), [], (), [quiet], {}).over == [quiet]


def test_a_rule_that_cannot_tell_ends_nothing() -> None:
    known = Known(1, "gateway", "gateway", quiet_since=after(-900))
    found = decide(NOW, [], {"gateway"}, [known], {})
    assert not found.over and not found.quiet


def test_what_comes_back_soon_is_the_same_incident_again() -> None:
    over = Known(1, "gateway", "gateway", over_at=after(-60))
    found = decide(NOW, [sighting("gateway")], (), [over], {})
    assert [mine for mine, _ in found.back] == [over] and not found.open
    long_over = Known(1, "gateway", "gateway", over_at=NOW - LATELY - timedelta(seconds=1))
    assert decide(NOW, [sighting("gateway")], (), [long_over], {}).open


def test_what_comes_and_goes_must_be_quiet_for_longer_each_time() -> None:
    waits = [calm(times) for times in range(1, 12)]
    assert waits == sorted(waits) and waits[1] == 2 * waits[0] and waits[-1] == LONGEST_CALM


def test_a_consequence_waits_for_a_cause_that_does_not_count_yet() -> None:
    both = [sighting("livekit", damping=10), sighting("no_agent", root="livekit")]
    found = decide(NOW, both, (), [], {})
    assert not found.open and set(found.suspects) == {"livekit", "no_agent"}
    found = decide(after(10), both, (), [], found.suspects)
    assert [each.cause for each in found.open] == ["livekit", "no_agent"]


CAUSES = st.sampled_from(["a", "b:1", "b:2", "c"])
LOOKS = st.lists(
    st.tuples(
        st.floats(1, 900), st.sets(CAUSES), st.sets(st.sampled_from(["a", "b", "c"]), max_size=2)
    ),
    max_size=40,
)


class World:
    """Carries decisions out, as watching does with rows."""

    def __init__(self) -> None:
        self.rows: dict[int, Known] = {}
        self.suspects: dict[str, datetime] = {}

    def look(self, now: datetime, seen: set[str], blind: set[str]) -> Decision:
        seen = {cause for cause in seen if cause.partition(":")[0] not in blind}
        sightings = [sighting(cause, damping=10) for cause in sorted(seen)]
        found = decide(now, sightings, blind, self.rows.values(), self.suspects)
        self.suspects = found.suspects
        for each in found.open:
            row = Known(len(self.rows), each.rule, each.cause)
            self.rows[row.pk] = row
        for known, _ in (*found.back, *found.seen):
            times = known.times + (known.over_at is not None)
            self.rows[known.pk] = Known(known.pk, known.rule, known.cause, times=times)
        for known in found.quiet:
            self.rows[known.pk] = Known(
                known.pk, known.rule, known.cause, quiet_since=now, times=known.times
            )
        for known in found.over:
            self.rows[known.pk] = Known(
                known.pk, known.rule, known.cause, times=known.times, over_at=now
            )
        return found

    def open_causes(self) -> list[str]:
        return [row.cause for row in self.rows.values() if row.over_at is None]


@settings(deadline=None)
@given(LOOKS)
def test_whatever_comes_and_goes_no_cause_is_open_twice(
    looks: list[tuple[float, set[str], set[str]]],
) -> None:
    world, now = World(), NOW
    for seconds, seen, blind in looks:
        now += timedelta(seconds=seconds)
        world.look(now, seen, blind)
        assert len(set(world.open_causes())) == len(world.open_causes())


@settings(deadline=None)
@given(LOOKS)
def test_whatever_was_before_what_lasts_is_open_and_what_is_gone_ends(
    looks: list[tuple[float, set[str], set[str]]],
) -> None:
    world, now = World(), NOW
    for seconds, seen, blind in looks:
        now += timedelta(seconds=seconds)
        world.look(now, seen, blind)
    for _ in range(3):
        now += timedelta(seconds=5)
        world.look(now, {"a"}, set())
    assert "a" in world.open_causes()
    for seconds in (5, LONGEST_CALM.total_seconds()):
        now += timedelta(seconds=seconds)
        world.look(now, set(), set())
    assert not world.open_causes() and not world.suspects
