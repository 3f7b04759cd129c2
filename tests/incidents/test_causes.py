"""What explains what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.health import every
from monitoring.incidents import health_rules, rulebook
from monitoring.incidents.causes import EXPLAINS, ancestors, roots
from monitoring.incidents.rule import Sighting
from monitoring.incidents.runbooks import RUNBOOKS
from veyra.sentences import Sentence

RULES = sorted({*EXPLAINS, *(name for follows in EXPLAINS.values() for name in follows)})


def sighting(
    rule: str, severity: int = 2, *, explains: bool = True, loud: bool = False
) -> Sighting:
    return Sighting(rule, rule, Sentence(rule), severity, is_loud=loud, explains=explains)


def found(*sightings: Sighting) -> dict[str, str | None]:
    return {each.cause: each.root for each in roots(sightings)}


def test_livekit_that_is_down_explains_the_rest_of_the_line() -> None:
    seen = [sighting(name) for name in ("gateway", "no_agent", "livekit", "worker")]
    assert found(*seen) == {
        "gateway": "livekit",
        "no_agent": "livekit",
        "livekit": None,
        "worker": "livekit",
    }


def test_the_first_of_a_row_of_causes_explains_all_of_them() -> None:
    seen = [sighting(name) for name in ("broker", "livekit", "worker", "no_agent")]
    assert set(found(*seen).values()) == {None, "broker"}


def test_what_has_nothing_to_do_with_it_stands_alone() -> None:
    assert found(sighting("livekit"), sighting("login_attack"))["login_attack"] is None


def test_what_is_only_a_hint_explains_nothing() -> None:
    assert found(sighting("disk", 4, explains=False), sighting("database"))["database"] is None


def test_a_cause_is_as_grave_as_the_worst_that_follows_from_it() -> None:
    root, _ = roots([sighting("tap", 3), sighting("database", 1)])[::-1]
    assert root.cause == "database"
    root, _ = roots([sighting("worker", 3), sighting("no_agent", 1, loud=True)])
    assert (root.severity, root.is_loud) == (1, True)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_explains_itself(rule: str) -> None:
    assert rule not in ancestors(rule)


@given(st.lists(st.sampled_from(RULES), unique=True))
def test_every_root_is_seen_and_has_no_root(rules: list[str]) -> None:
    told = found(*map(sighting, rules))
    for root in told.values():
        assert root is None or told[root] is None


def test_only_rules_that_there_are_explain_and_are_explained() -> None:
    assert set(RULES) <= rulebook.BY_SLUG.keys()


def test_only_checks_that_there_are_are_grave_or_loud() -> None:
    grave = {name for names in health_rules.GRAVE.values() for name in names}
    assert grave | set(health_rules.LOUD) <= {check.name for check in every.CHECKS}


def test_every_rule_has_a_runbook_and_every_runbook_a_rule() -> None:
    assert RUNBOOKS.keys() == rulebook.BY_SLUG.keys()


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [rule.slug for rule in rulebook.RULES]
    assert len(set(names)) == len(names)
