"""How loud each voice of a recording is, over its length: what a player draws, and skips."""

from typing import Any

import av
import numpy as np

from recordings.joining import Readable
from recordings.silence import silences

POINTS = 1000
# Silence is looked for in finer steps: a thousand points of an hour are seconds apart.
STEP = 0.1
LANES = ("caller", "agent")


def peaks_of(file: Readable) -> dict[str, list[Any]]:
    """{"caller": [0..100, …], "agent": […]}, POINTS each; of a file with one lane, the first one
    alone. And {"silences": [[from, to], …]}, seconds of the file. Raises FFmpegError, and what
    reading raises.
    """
    loudest, seconds = [], 0.0
    with av.open(file, "r") as container:
        for frame in container.decode(audio=0):
            # Lane by lane, each a plane of numbers from -1 to 1.
            loudest.append([_loudest(plane) for plane in frame.planes])
            seconds += frame.samples / frame.sample_rate
    frames = np.array(loudest, np.float32)
    columns = _points(frames, POINTS).T
    fine = _points(frames, max(1, int(seconds / STEP))).T
    lanes = {lane: column.tolist() for lane, column in zip(LANES, columns, strict=False)}
    return lanes | {"silences": silences([lane.tolist() for lane in fine], seconds)}


def _loudest(plane: Any) -> float:
    samples = np.frombuffer(plane, np.float32)
    return max(float(samples.max()), -float(samples.min()))


def _points(loudest: Any, count: int) -> Any:
    """The loudest of what each point stands for; a short sound has points that repeat."""
    if not len(loudest):
        return np.zeros((count, len(LANES)), np.int64)
    starts = np.arange(count) * len(loudest) // count
    rows = np.maximum.reduceat(loudest, starts, axis=0)
    return np.rint(np.clip(rows, 0, 1) * 100).astype(np.int64)
