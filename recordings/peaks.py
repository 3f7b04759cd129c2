"""How loud each voice of a recording is, over its length: what a player draws."""

from itertools import pairwise
from typing import Any

import av
import numpy as np

from recordings.joining import Readable

POINTS = 1000
LANES = ("caller", "agent")


def peaks_of(file: Readable) -> dict[str, list[int]]:
    """{"caller": [0..100, …], "agent": […]}, POINTS each; of a file with one lane, the first one
    alone. Raises FFmpegError, and what reading raises.
    """
    loudest = []
    with av.open(file, "r") as container:
        for frame in container.decode(audio=0):
            # Lane by lane, each a plane of numbers from -1 to 1.
            loudest.append([_loudest(plane) for plane in frame.planes])
    columns = _points(np.array(loudest, np.float32)).T
    return {lane: column.tolist() for lane, column in zip(LANES, columns, strict=False)}


def _loudest(plane: Any) -> float:
    samples = np.frombuffer(plane, np.float32)
    return max(float(samples.max()), -float(samples.min()))


def _points(loudest: Any) -> Any:
    """The loudest of what each point stands for; a short sound has points that repeat."""
    if not len(loudest):
        return np.zeros((POINTS, len(LANES)), np.int64)
    edges = np.arange(POINTS + 1) * len(loudest) // POINTS
    rows = [loudest[start : max(end, start + 1)].max(axis=0) for start, end in pairwise(edges)]
    return np.rint(np.clip(rows, 0, 1) * 100).astype(np.int64)
