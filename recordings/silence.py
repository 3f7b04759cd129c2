"""Where nobody speaks in a recording."""

from collections.abc import Sequence

# A voice this loud, of a hundred, is a hum of the line.
HUM = 2
# Silence that is worth being skipped.
SILENCE_SECONDS = 1.5

Stretch = tuple[float, float]


def silences(lanes: Sequence[Sequence[float]], seconds: float) -> list[Stretch]:
    """Where nobody speaks, of those stretches that are worth being skipped. `lanes`: how loud each
    voice is, 0 to 100, at even steps over these seconds.
    """
    loudest = [max(both) for both in zip(*lanes, strict=False)]
    step = seconds / len(loudest) if loudest else 0.0
    found, start = [], None
    for place, peak in enumerate([*loudest, 100]):
        if peak <= HUM:
            start = place if start is None else start
        elif start is not None:
            found.append((start * step, place * step))
            start = None
    return [(round(a, 2), round(b, 2)) for a, b in found if b - a >= SILENCE_SECONDS]
