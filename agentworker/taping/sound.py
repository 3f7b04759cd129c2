"""Two lanes of sound on one clock: callers on the left, whoever speaks for us on the right.

Positions are samples since the beginning. Who speaks sends frames at the pace of the clock, but
they come late, in bursts, or not at all; so a moment is mixed only when HORIZON has passed over it.
"""

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

# A voice has nothing above half of it, and libopus takes it as it is.
RATE = 24000
HORIZON = RATE // 2
# A frame so far ahead of the clock belongs to a backlog that was given up.
AHEAD = RATE // 4
# So many frames in a row that are all late: what lay before them was lost.
LATE_FRAMES, LATE = 20, RATE // 20
BITS_A_SECOND = 48000
# How much sound a killed process may still have to write, in microseconds: a page, which waits for
# the next one.
PAGE = 400_000

Samples = np.ndarray[Any, np.dtype[np.int16]]


class Lane(IntEnum):
    CALLER = 0
    OURS = 1


@dataclass
class Source:
    """One who is heard: where his next frame belongs, and how late the last ones were."""

    following: int
    least_late: int = HORIZON
    late_frames: int = 0

    def place(self, begin: int, length: int) -> int | None:
        """Where this frame begins, which by the clock does at `begin`; None: it has no place."""
        late = begin - self.following
        if late > HORIZON:
            self._skip(late)
        elif late < -AHEAD:
            return None
        else:
            self._follow(late)
        at, self.following = self.following, self.following + length
        return at

    def _follow(self, late: int) -> None:
        self.least_late, self.late_frames = min(self.least_late, late), self.late_frames + 1
        if self.late_frames == LATE_FRAMES:
            self._skip(self.least_late if self.least_late > LATE else 0)

    def _skip(self, samples: int) -> None:
        self.following += samples
        self.least_late, self.late_frames = HORIZON, 0


class Mix:
    """What was heard and not yet taken, lane beside lane."""

    def __init__(self) -> None:
        self.start = 0
        self._sum = np.zeros((2 * HORIZON, 2), np.int32)
        self._sources: dict[str, Source] = {}

    def hear(self, source: str, lane: Lane, samples: Samples, end: int) -> None:
        """A frame that arrived at `end`. Sounds of one lane are added up."""
        begin = end - len(samples)
        known = self._sources.setdefault(source, Source(begin))
        at = known.place(begin, len(samples))
        if at is None:
            return
        too_late = max(0, self.start - at)
        heard, at = samples[too_late:], at + too_late - self.start
        self._make_room(at + len(heard))
        self._sum[at : at + len(heard), lane] += heard

    def take(self, until: int) -> Samples:
        """All before `until`, two columns; what nobody sent is silence."""
        count = max(0, until - self.start)
        self._make_room(count)
        taken = np.clip(self._sum[:count], -32768, 32767).astype(np.int16)
        self._sum[: len(self._sum) - count] = self._sum[count:]
        self._sum[len(self._sum) - count :] = 0
        self.start += count
        return taken

    def _make_room(self, count: int) -> None:
        if count > len(self._sum):
            more = np.zeros((count - len(self._sum), 2), np.int32)
            self._sum = np.concatenate([self._sum, more])


class OpusFile:
    """A stereo Ogg Opus file that can be read as far as it is written. Raises OSError."""

    def __init__(self, path: Path) -> None:
        path.touch(0o600)
        options = {"page_duration": str(PAGE), "flush_packets": "1"}
        self._file = av.open(str(path), "w", format="ogg", options=options)
        self._stream = self._file.add_stream("libopus", rate=RATE, layout="stereo")
        self._stream.bit_rate = BITS_A_SECOND
        self.written = 0

    def write(self, samples: Samples) -> None:
        """`samples`: two columns."""
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.written, Fraction(1, RATE)
        self.written += len(samples)
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        if self.written:
            self._file.mux(self._stream.encode(None))
        self._file.close()
