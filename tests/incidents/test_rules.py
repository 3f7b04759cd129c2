"""What each rule sees in which facts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from monitoring.health.base import Status
from monitoring.incidents import rulebook
from monitoring.incidents.facts import Facts, Fate, Found, Knock
from monitoring.incidents.models import RuleSetting, Severity
from monitoring.incidents.rule import Sighting
from veyra.sentences import Sentence

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def fates(told: str, *, by_provider: bool = True) -> list[Fate]:
    """ "a" answered, "s" silent, "f" failed, "g" gave up, "r" refused; the oldest first."""
    words = {"a": "answered", "s": "silent", "f": "failed", "g": "gave_up", "r": "refused"}
    return [
        Fate(uuid4(), words[letter], NOW - timedelta(seconds=len(told) - place), by_provider)
        for place, letter in enumerate(told)
    ]


def seen(settings: Mapping[str, RuleSetting] | None = None, **facts: Any) -> dict[str, Sighting]:
    looked = rulebook.look(Facts(now=NOW, **facts), settings or {})
    return {each.cause: each for each in looked.sightings}


@pytest.mark.parametrize(
    ("told", "causes"),
    [
        ("", []),
        ("a" * 20, []),
        ("s", ["no_agent"]),
        ("as", ["no_agent"]),
        ("aas", []),
        ("aaaaaaaaaaaass", []),
        ("aaaaaaaassssssss", ["no_agent"]),
        ("aaaafff", ["calls_failed"]),
        ("aaaaaaaaaaaaaaaaafff", []),
        ("ggg", ["callers_lost"]),
        ("agagag", []),
        ("aaggagaaga", []),
        ("rrrrr", ["calls_refused"]),
        ("rrrraaaaaaaaaaaaaaa", []),
        ("aaaarrrrr", ["calls_refused"]),
    ],
)
def test_what_becomes_of_callers_is_seen_in_the_newest_of_them(
    told: str, causes: list[str]
) -> None:
    assert sorted(seen(fates=fates(told))) == causes


def test_callers_whom_nobody_answers_are_listed() -> None:
    hit = fates("ss")
    assert seen(fates=hit)["no_agent"].calls == tuple(fate.call for fate in hit)


def test_strangers_who_are_refused_harm_nobody() -> None:
    of_strangers = seen(fates=fates("rrrrr", by_provider=False))["calls_refused"]
    assert (of_strangers.severity, of_strangers.is_loud) == (Severity.LOW, False)
    assert seen(fates=fates("rrrrr"))["calls_refused"].severity == Severity.HIGH


def found(status: str, name: str = "gateway") -> dict[str, Found]:
    return {name: Found(name, name, status, Sentence("It is so."), NOW)}


def test_a_check_that_failed_is_a_trouble_of_its_gravity() -> None:
    assert seen(health=found(Status.FAILED))["gateway"].severity == Severity.CRITICAL
    assert seen(health=found(Status.WARNING))["gateway"].severity == Severity.LOW


@pytest.mark.parametrize("status", [Status.OK, Status.OFF, Status.STARTING], ids=str)
def test_a_check_that_is_well_unused_or_starting_is_none(status: str) -> None:
    assert not seen(health=found(status))


def test_channels_that_do_not_work_are_a_trouble_and_missing_ones_are_none() -> None:
    assert seen(health=found(Status.FAILED, "channels"))["channels"].severity == Severity.MEDIUM
    assert not seen(health=found(Status.WARNING, "channels"))


@pytest.mark.parametrize("health", [{}, found(Status.STARTING)], ids=["unknown", "starting"])
def test_a_check_that_says_nothing_yet_cannot_tell(health: dict[str, Found]) -> None:
    assert "gateway" in rulebook.look(Facts(now=NOW, health=health), {}).blind
    known = rulebook.look(Facts(now=NOW, health=found(Status.OK)), {})
    assert "gateway" not in known.blind


CALL = UUID(int=1)
SEEN = [
    ("recording_missing", {"unrecorded": [CALL]}, {"unrecorded": []}),
    ("turn_delay", {"delays": {900: 15, 6000: 5}}, {"delays": {900: 99, 6000: 1}}),
    ("assistant_fails", {"stillborn": [CALL, UUID(int=2)]}, {"stillborn": [CALL]}),
    ("assistant_lost", {"bereft": [CALL]}, {"bereft": []}),
    ("crash_loop:tap@a", {"starts": {"tap@a": 4}}, {"starts": {"tap@a": 2}}),
    ("budget:soon", {"spent_percent": 80}, {"spent_percent": 79}),
    ("budget:all", {"spent_percent": 100}, {"spent_percent": None}),
    ("facts_late", {"backlog": 16.0}, {"backlog": 3.0}),
    ("login_attack:anna", {"knocks": [Knock("anna", 15)]}, {"knocks": [Knock("anna", 4)]}),
    ("secret_leaked", {"leaks": ["logs/web.log"]}, {"leaks": []}),
    ("test_call:+74991124148", {"failed_tests": ["+74991124148"]}, {"failed_tests": []}),
]


@pytest.mark.parametrize(("cause", "bad", "good"), SEEN, ids=[each[0] for each in SEEN])
def test_what_is_behind_the_calls_is_seen_too(
    cause: str, bad: dict[str, Any], good: dict[str, Any]
) -> None:
    assert list(seen(**bad)) == [cause]
    assert not seen(**good)


def test_staff_change_what_counts() -> None:
    setting = RuleSetting(rule="facts_late", thresholds={"seconds": 60}, damping=0, severity=1)
    assert not seen({"facts_late": setting}, backlog=59.0)
    found = seen({"facts_late": setting}, backlog=61.0)["facts_late"]
    assert (found.damping, found.severity) == (0, 1)


def test_a_rule_that_is_switched_off_sees_nothing() -> None:
    off = RuleSetting(rule="facts_late", is_enabled=False)
    assert not seen({"facts_late": off}, backlog=99.0)


def test_what_is_critical_counts_within_a_quarter_of_a_minute() -> None:
    late = [rule.slug for rule in rulebook.RULES if rule.severity == 1 and rule.damping > 15]
    assert not late


@pytest.mark.parametrize("slug", ["provider", "storage", "livekit", "gateway", "web"])
def test_what_is_asked_over_a_network_has_to_fail_twice(slug: str) -> None:
    assert rulebook.BY_SLUG[slug].damping


def test_an_attack_by_many_computers_is_one_trouble() -> None:
    knocks = [Knock(f"192.0.2.{number}", 15 + number) for number in range(40)]
    told = seen(knocks=knocks)["login_attack"]
    assert told.cause == "login_attack"
    assert told.sentence.values == {"count": 40, "what": "192.0.2.39", "times": 54}
