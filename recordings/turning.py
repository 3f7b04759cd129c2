"""Sound of LiveKit's program becomes a part like those of our recorders.

It has assistants on the left, and everybody else on the right; ours have callers on the left.
Opus has both lanes in one stream, so they change places only when it is encoded anew.
"""

from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from agentworker.taping.sound import RATE, OpusFile
from recordings.joining import Readable, Unreadable


def turn(source: str, file: Readable, path: Path, longest: float) -> float:
    """Write the first `longest` seconds to `path`; how many there were. Raises Unreadable, which
    names `source`, and what reading raises.
    """
    out, left = OpusFile(path), int(longest * RATE)
    try:
        with av.open(file, "r", format="ogg") as container:
            resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
            for frame in container.decode(audio=0):
                for each in resampler.resample(frame):
                    lanes = each.to_ndarray().reshape(-1, 2)[:left, ::-1]
                    left -= len(lanes)
                    if len(lanes):
                        out.write(np.ascontiguousarray(lanes))
                if left <= 0:
                    break
    except (FFmpegError, IndexError) as error:
        # What breaks off in the middle is heard as far as it goes.
        if not out.written:
            raise Unreadable(source) from error
    finally:
        out.close()
    return out.written / RATE
