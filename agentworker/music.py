"""Music for whoever waits: a quiet loop of soft chords, composed here and made into a file once."""

import math
from array import array

# Notes of a chord, as semitones above A at 220 Hz: C, A minor, F and G, each with a soft fourth.
CHORDS = ((3, 7, 10, 14), (0, 3, 7, 10), (-4, 0, 3, 7), (-2, 2, 5, 7))
# In which order the notes of a chord are plucked.
PATTERN = (0, 2, 1, 3, 2, 1, 3, 2)
NOTE_SECONDS, RINGS_SECONDS = 0.5, 1.6
BASE = 220.0
# Of the full scale: speech is about three times as loud.
LOUDNESS = 0.07
# An octave and its fifth above, so that it also sounds on a telephone.
OVERTONES = ((1, 1.0), (2, 0.35), (3, 0.1))
ATTACK_SECONDS, DECAY = 0.02, 3.0

SECONDS = len(CHORDS) * len(PATTERN) * NOTE_SECONDS


def loop(rate: int) -> bytes:
    """16 bit mono samples at `rate` Hz: the end goes over into the beginning."""
    samples = array("d", bytes(8 * int(SECONDS * rate)))
    plucked = {tone: _pluck(tone, rate) for chord in CHORDS for tone in chord}
    tones = [chord[place] for chord in CHORDS for place in PATTERN]
    for index, tone in enumerate(tones):
        start = int(index * NOTE_SECONDS * rate)
        for offset, value in enumerate(plucked[tone]):
            samples[(start + offset) % len(samples)] += value
    return array("h", (round(value * 32767) for value in samples)).tobytes()


def _pluck(tone: int, rate: int) -> list[float]:
    pitch = 2 * math.pi * BASE * 2 ** (tone / 12) / rate
    last = int(RINGS_SECONDS * rate)
    return [_swell(at / rate) * _wave(pitch * at) * (1 - at / last) for at in range(last)]


def _swell(seconds: float) -> float:
    return LOUDNESS * min(1.0, seconds / ATTACK_SECONDS) * math.exp(-DECAY * seconds)


def _wave(angle: float) -> float:
    return sum(part * math.sin(times * angle) for times, part in OVERTONES)
