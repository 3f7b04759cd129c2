"""Sound that somebody of us recorded or uploaded, brought into the one form that is kept."""

import io
import wave
from typing import BinaryIO

import av
from av.error import FFmpegError
from django.utils.translation import gettext_noop

from agentworker.hours.models import Announcement
from veyra.sentences import Sentence

RATE = 16000
MOST_BYTES = 10 * 1024 * 1024
MOST_SECONDS = 120
LEAST_SECONDS = 0.5


class SoundError(Exception):
    """It cannot be kept; `sentence` says why, and what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


def kept(file: BinaryIO) -> Announcement:
    """A row that is not saved yet. Raises SoundError."""
    samples = _samples(file)
    seconds = len(samples) / 2 / RATE
    if seconds < LEAST_SECONDS:
        raise SoundError(Sentence(gettext_noop("There is no sound in this file. Try another.")))
    return Announcement(wav=_wav(samples), seconds=round(seconds, 1))


def _samples(file: BinaryIO) -> bytes:
    """16 bit, mono, at RATE; no longer than is kept."""
    out, most = bytearray(), MOST_SECONDS * RATE * 2
    try:
        with av.open(file, "r") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(audio=0):
                for each in resampler.resample(frame):
                    out += each.to_ndarray().tobytes()
                if len(out) > most:
                    msgid = gettext_noop("The message is longer than %(most)s seconds. Shorten it.")
                    raise SoundError(Sentence(msgid, {"most": MOST_SECONDS}))
            for each in resampler.resample(None):
                out += each.to_ndarray().tobytes()
    except (FFmpegError, IndexError, ValueError) as error:
        msgid = gettext_noop("This file holds no sound that we can read. MP3, WAV and M4A work.")
        raise SoundError(Sentence(msgid)) from error
    return bytes(out)


def _wav(samples: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return out.getvalue()
