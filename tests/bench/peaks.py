"""How loud each voice of an hour is, beside ffmpeg that only decodes the same file."""

import io
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg
import numpy as np

from agentworker.taping.sound import RATE, OpusFile
from recordings.joining import Heard, join
from recordings.peaks import peaks_of
from tests.bench.figures import Figure
from tests.bench.ground import Ground

MINUTES = 60
ROUNDS = 3


def measure(arena: Ground) -> list[Figure]:
    with TemporaryDirectory() as folder:
        path = _hour(Path(folder))
        pairs = [
            (_seconds(lambda: _ours(path)), _seconds(lambda: _bare(path))) for _ in range(ROUNDS)
        ]
    ours, bare = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return [Figure("peaks of an hour, ffmpeg decodes it", "s", ours, bare, "<=", 1.3, ratio)]


def _hour(folder: Path) -> Path:
    """Two voices that are not the same, as recorders write them: a minute, again and again."""
    minute, hour = folder / "minute.ogg", folder / "hour.ogg"
    loud = np.abs(np.sin(np.arange(60 * RATE) / RATE))
    noise = np.random.default_rng(1).normal(0, 4000, (60 * RATE, 2))
    file = OpusFile(minute)
    file.write((noise * np.stack([loud, 1 - loud], axis=1)).clip(-32768, 32767).astype(np.int16))
    file.close()
    sound, began = minute.read_bytes(), datetime(2026, 11, 22, tzinfo=UTC)
    cuts = [Heard("", began + timedelta(minutes=at), 60) for at in range(MINUTES)]
    join(cuts, lambda _: io.BytesIO(sound), hour)
    return hour


def _ours(path: Path) -> None:
    with path.open("rb") as file:
        peaks_of(file)


def _bare(path: Path) -> None:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", "-i", path, "-f", "null", "-"], check=True)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
