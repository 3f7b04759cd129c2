"""An hour of a line that is well: a thousand callers, of whom some give up or misdial, wake nobody.

Their fates come at random, as those of `manage.py simulate` do; the rules look every five seconds.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from monitoring.health import every
from monitoring.incidents import rulebook
from monitoring.incidents.deciding import Known, decide
from monitoring.incidents.facts import Facts, Fate, Found
from monitoring.incidents.reading import MEANT_IT, MOST, RINGS_LONG, WINDOW
from telephony.imagined import imagine_call
from tests.incidents.conftest import Place, Say, Watch
from veyra.sentences import Sentence

CALLS, HOUR = 1000, 3600
BEGAN = datetime(2026, 3, 4, 12, tzinfo=UTC)
RINGS = 30.0
WELL = {
    check.name: Found(check.name, check.name, "ok", Sentence("It is well."), BEGAN)
    for check in every.CHECKS
}


def hour(dice: Random) -> list[tuple[float, Fate]]:
    """A thousand fates, each with the second at which it is known; the earliest first."""
    found = []
    for place in range(CALLS):
        began = HOUR * dice.random()
        call = imagine_call(dice)
        second, what = {
            "answered": (began + 0.4, "answered"),
            "gave_up": (began + call.patience, "gave_up"),
            "nobody_came": (began + RINGS, "silent"),
            "wrong_number": (began, "refused"),
        }[call.ending]
        if what == "gave_up" and call.patience < MEANT_IT.total_seconds():
            continue
        found.append((second, Fate(UUID(int=place), what, BEGAN + timedelta(seconds=second))))
    return sorted(found, key=lambda each: each[0])


def incidents(fates: list[tuple[float, Fate]]) -> dict[str, int]:
    """The causes of all that open within the hour, each with its second."""
    seconds = [second for second, _ in fates]
    known: dict[str, Known] = {}
    suspects: dict[str, datetime] = {}
    opened: dict[str, int] = {}
    for second in range(0, HOUR + 60, 5):
        now = BEGAN + timedelta(seconds=second)
        last = bisect_right(seconds, second)
        first = bisect_right(seconds, second - WINDOW.total_seconds())
        newest = [fate for _, fate in fates[max(first, last - MOST) : last]]
        looked = rulebook.look(Facts(now=now, health=WELL, fates=newest), {})
        decision = decide(now, looked.sightings, looked.blind, known.values(), suspects)
        suspects = decision.suspects
        for sighting in decision.open:
            known[sighting.cause] = Known(0, sighting.rule, sighting.cause)
            opened.setdefault(sighting.cause, second)
    return opened


@pytest.mark.parametrize("seed", range(3))
def test_an_hour_of_a_thousand_calls_wakes_nobody(seed: int) -> None:
    assert incidents(hour(Random(seed))) == {}


@pytest.mark.prove
def test_neither_do_two_hundred_such_hours() -> None:
    woken = {seed: found for seed in range(200) if (found := incidents(hour(Random(seed))))}
    assert woken == {}


@pytest.mark.parametrize("seed", range(3))
def test_where_nobody_comes_any_more_somebody_is_woken_within_a_minute(seed: int) -> None:
    """By the calls alone; that their programs are gone is seen sooner."""
    dies = HOUR / 2
    fates = [
        (second, fate)
        if second < dies
        else (
            second + RINGS_LONG.total_seconds(),
            Fate(fate.call, "silent", fate.at + RINGS_LONG),
        )
        for second, fate in hour(Random(seed))
    ]
    assert dies < incidents(fates)["no_agent"] <= dies + 60


@pytest.mark.prove
def test_the_rows_of_such_an_hour_wake_nobody(watch: Watch, say: Say, place: Place) -> None:
    """The same by way of the database, with the calls that go on."""
    outcomes = {"silent": "no_agent", "gave_up": "abandoned", "refused": "rejected"}
    began: list[str] = []
    fates = hour(Random(7))
    for second in range(0, HOUR, 5):
        while fates and fates[0][0] <= second:
            at, fate = fates.pop(0)
            place(outcomes.get(fate.what, fate.what), at)
        began += [each.cause for each in watch(second)]
    assert began == []
