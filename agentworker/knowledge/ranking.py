"""Which passage answers best: BM25, over the stems of words. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

# As in Robertson and Zaragoza, “The Probabilistic Relevance Framework: BM25 and Beyond”, 2009.
K1, B = 1.2, 0.75


def rank(wanted: Sequence[str], passages: Mapping[int, Sequence[str]], total: int) -> list[int]:
    """The ids of those that share a stem with `wanted`, the best first; of equals the earlier one.

    `total`: how many passages there are, these among them.
    """
    counts = {pk: Counter(stems) for pk, stems in passages.items()}
    asked = set(wanted)
    holders = {stem: sum(stem in count for count in counts.values()) for stem in asked}
    usual = sum(map(len, passages.values())) / max(len(passages), 1)
    scores = {}
    for pk, count in counts.items():
        length = len(passages[pk]) / max(usual, 1.0)
        scores[pk] = sum(
            _weight(holders[stem], total) * _share(count[stem], length)
            for stem in asked & count.keys()
        )
    return sorted((pk for pk in scores if scores[pk] > 0), key=lambda pk: (-scores[pk], pk))


def _weight(holders: int, total: int) -> float:
    """A word that few passages have says more."""
    return math.log(1 + (max(total, holders) - holders + 0.5) / (holders + 0.5))


def _share(times: int, length: float) -> float:
    return times * (K1 + 1) / (times + K1 * (1 - B + B * length))
