"""For how long recordings are kept, decided from the terms alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.terms import Days, Scope, Terms, is_shorter

KEYS = st.integers(1, 4)
DAYS: st.SearchStrategy[Days] = st.none() | st.integers(1, 30)
TERMS = st.builds(
    Terms,
    others=DAYS,
    of_agents=st.dictionaries(KEYS, DAYS, max_size=3),
    of_numbers=st.dictionaries(KEYS, DAYS, max_size=3),
)
SCOPES = st.one_of(st.just(Scope()), st.builds(Scope, number=KEYS), st.builds(Scope, agent=KEYS))
PAIRS = [(number, agent) for number in (None, *range(1, 6)) for agent in (None, *range(1, 6))]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_number_comes_before_its_assistant_and_that_before_all_others() -> None:
    terms = Terms(others=365, of_agents={1: 90}, of_numbers={7: None})
    assert terms.days(number=7, agent=1) is None
    assert terms.days(number=8, agent=1) == 90
    assert terms.days(number=8, agent=2) == 365 == terms.days(None, None)


@given(TERMS, SCOPES, DAYS, st.booleans())
@settings(max_examples=100)
def test_a_change_shortens_if_any_recording_is_kept_for_less_time(
    terms: Terms, scope: Scope, days: Days, drops: bool
) -> None:
    new = terms.drop(scope) if drops else terms.put(scope, days)
    sooner = any(is_shorter(new.days(*pair), terms.days(*pair)) for pair in PAIRS)
    assert terms.shortens(new, scope) is sooner


@given(TERMS)
@settings(max_examples=100)
def test_each_recording_is_in_the_one_group_that_has_its_days(terms: Terms) -> None:
    for number, agent in PAIRS:
        found = [
            group.days
            for group in terms.groups()
            if (not group.numbers or number in group.numbers)
            and (not group.agents or agent in group.agents)
            and number not in group.not_numbers
            and agent not in group.not_agents
        ]
        days = terms.days(number, agent)
        assert found == ([] if days is None else [days])


def test_days_are_counted_back_from_now() -> None:
    [group] = Terms(others=3).groups()
    assert group.before(NOW) == NOW - timedelta(days=3)
