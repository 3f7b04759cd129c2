"""Sound that tests can recognise: each second of a lane has its own loudness."""

import io
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from agentworker.taping.sound import RATE, OpusFile


@lru_cache
def part(caller: tuple[float, ...], ours: tuple[float, ...]) -> bytes:
    """An Ogg file as recorders write it: how loud each second is, from 0 to 1, lane by lane."""
    lanes = [np.repeat(loudness, RATE) for loudness in (caller, ours)]
    wave = np.sin(np.arange(len(lanes[0])) * 2 * np.pi * 440 / RATE) * 32767
    samples = np.stack([wave * lane for lane in lanes], axis=1).astype(np.int16)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "part.ogg"
        file = OpusFile(path)
        file.write(samples)
        file.close()
        return path.read_bytes()


def loudness(sound: bytes) -> list[tuple[float, float]]:
    """The middle of each second, lane by lane, rounded to a tenth."""
    with av.open(io.BytesIO(sound), "r") as file:
        planes = [frame.to_ndarray() for frame in file.decode(audio=0)]
    wave = np.concatenate(planes, axis=1)
    seconds = range(wave.shape[1] // 48000)
    middles = [wave[:, at * 48000 + 18000 : at * 48000 + 30000] for at in seconds]
    return [(round(float(m[0].max()), 1), round(float(m[1].max()), 1)) for m in middles]
