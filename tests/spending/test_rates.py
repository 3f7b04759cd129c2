"""What a talk costs follows from what it used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentworker.providers import PROVIDERS
from agentworker.spending.models import Budget
from agentworker.spending.rates import RATES, Spent, spent

USED = st.fixed_dictionaries(
    {"provider": st.sampled_from([*sorted(RATES), "ours"])},
    optional={
        name: st.floats(0, 1e6) for name in ("tokens_in", "tokens_out", "characters", "seconds")
    },
)
USAGE = st.dictionaries(st.sampled_from(["ears", "mind", "voice"]), st.lists(USED, max_size=3))


def test_every_rate_is_of_a_provider_and_of_a_part_that_it_offers() -> None:
    for slug, parts in RATES.items():
        assert set(parts) == {part.value for part in PROVIDERS[slug].parts}


def test_only_our_own_computers_are_free() -> None:
    free = {slug for slug, each in PROVIDERS.items() if each.parts} - set(RATES)
    assert free == {"offline", "openai_compatible"}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"ears": [{"provider": "yandex", "seconds": 1800}]}, Spent(roubles=18.5)),
        ({"mind": [{"provider": "openai", "tokens_in": 500_000}]}, Spent(dollars=0.2)),
        ({"voice": [{"provider": "openai", "characters": 1_000_000}] * 2}, Spent(dollars=30.0)),
        ({"mind": [{"provider": "ours", "tokens_in": 10**9}]}, Spent()),
        ({"mind": [{"provider": "groq", "tokens_in": None}]}, Spent()),
        ({}, Spent()),
    ],
    ids=["an hour's half", "tokens", "two rows", "unknown", "nothing counted", "nothing"],
)
def test_a_talk_costs_so_much(usage: dict[str, list[dict[str, object]]], cost: Spent) -> None:
    assert spent(usage) == cost


@given(USAGE, USAGE)
def test_two_talks_cost_as_much_as_both(
    one: dict[str, list[object]], two: dict[str, list[object]]
) -> None:
    both = {part: [*one.get(part, []), *two.get(part, [])] for part in {*one, *two}}
    whole, parts = spent(both), spent(one) + spent(two)  # type: ignore[arg-type]  # as drawn
    assert whole.roubles == pytest.approx(parts.roubles, abs=1e-5)
    assert whole.dollars == pytest.approx(parts.dollars, abs=1e-5)


@pytest.mark.parametrize(
    ("currency", "amount", "percent"),
    [("RUB", 1000, 190), ("USD", 100, 21), ("RUB", None, None)],
    ids=["rubles", "dollars", "no limit"],
)
def test_rubles_and_dollars_are_added_up(
    currency: str, amount: int | None, percent: int | None
) -> None:
    budget = Budget(amount=amount, currency=currency, roubles_a_dollar=90)
    assert budget.percent(Spent(roubles=1000, dollars=10)) == percent
