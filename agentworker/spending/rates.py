"""What conversations cost, roughly: vendors' list prices of their usual models. Pure.

Vendors change prices, and give rebates; so pages say "about". A provider that is not named here
costs nothing, as far as we know.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Currency = Literal["RUB", "USD"]
MILLION, HOUR = 1e6, 3600.0


@dataclass(frozen=True)
class Rate:
    """Money for a million tokens read or written, a million characters spoken, an hour of sound."""

    currency: Currency
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    characters: float = 0.0
    hour: float = 0.0

    def cost(self, used: Mapping[str, Any]) -> float:
        """`used`: as Session.usage has it."""
        millions = {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out}
        millions["characters"] = self.characters
        counted = sum(rate * _number(used.get(name)) / MILLION for name, rate in millions.items())
        return counted + self.hour * _number(used.get("seconds")) / HOUR


@dataclass(frozen=True)
class Spent:
    roubles: float = 0.0
    dollars: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.roubles + other.roubles, self.dollars + other.dollars)


# By provider and part of an assistant.
RATES: Mapping[str, Mapping[str, Rate]] = {
    "yandex": {
        "ears": Rate("RUB", hour=37.0),
        "mind": Rate("RUB", tokens_in=400.0, tokens_out=400.0),
        "voice": Rate("RUB", characters=1320.0),
    },
    "sber": {
        "ears": Rate("RUB", hour=72.0),
        "mind": Rate("RUB", tokens_in=200.0, tokens_out=200.0),
        "voice": Rate("RUB", characters=1500.0),
    },
    "openai": {
        "ears": Rate("USD", hour=0.36),
        "mind": Rate("USD", tokens_in=0.4, tokens_out=1.6),
        "voice": Rate("USD", characters=15.0),
    },
    "deepgram": {"ears": Rate("USD", hour=0.46), "voice": Rate("USD", characters=30.0)},
    "elevenlabs": {"ears": Rate("USD", hour=0.4), "voice": Rate("USD", characters=50.0)},
    "cartesia": {"ears": Rate("USD", hour=0.13), "voice": Rate("USD", characters=40.0)},
    "google": {
        "ears": Rate("USD", hour=0.96),
        "mind": Rate("USD", tokens_in=0.3, tokens_out=2.5),
        "voice": Rate("USD", characters=16.0),
    },
    "azure": {"ears": Rate("USD", hour=1.0), "voice": Rate("USD", characters=16.0)},
    "anthropic": {"mind": Rate("USD", tokens_in=1.0, tokens_out=5.0)},
    "groq": {
        "ears": Rate("USD", hour=0.11),
        "mind": Rate("USD", tokens_in=0.6, tokens_out=0.8),
        "voice": Rate("USD", characters=50.0),
    },
}


def spent(usage: Mapping[str, Iterable[Mapping[str, Any]]]) -> Spent:
    """`usage`: as Session.usage has it."""
    total = {"RUB": 0.0, "USD": 0.0}
    for part, rows in usage.items():
        for row in rows:
            rate = RATES.get(str(row.get("provider")), {}).get(part)
            if rate:
                total[rate.currency] += rate.cost(row)
    return Spent(round(total["RUB"], 6), round(total["USD"], 6))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
