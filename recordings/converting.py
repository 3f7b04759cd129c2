"""A recording as a file for other programs, made while it is taken: never a whole one in memory."""

import io
import struct
from collections.abc import Iterator

import av
from av.audio.frame import AudioFrame

from recordings.stores import Source

# What a telephone carries at best; two channels of 16 bits.
WAV_RATE = 16_000
WAV_FRAME = 4
# The lengths in the head of a WAV have 32 bits; the largest of them means "to the end of the file".
WAV_MOST = 0xFFFFFFFF - 36
MP3_RATE, MP3_BITS = 24_000, 64_000
# Handed on at once.
PIECE = 64 * 1024


class NoSound(Exception):
    """There is a file, but no sound in it that can be read."""


def made(source: Source, form: str, seconds: float) -> Iterator[bytes]:
    """The file in this form, "mp3" or "wav". Raises StoreError and NoSound, while it is read."""
    try:
        yield from wav(source, seconds) if form == "wav" else mp3(source)
    except av.FFmpegError as error:
        raise NoSound from error


class Opened(io.RawIOBase):
    """The bytes of a recording as a file that can be read and sought in."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self._chunks: Iterator[bytes] | None = None
        self._rest = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        if start + offset != self._at:
            self._at, self._chunks, self._rest = start + offset, None, b""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As many bytes as there are at hand."""
        if not self._rest:
            if self._chunks is None:
                self._chunks = self._source.read(self._at)
            self._rest = next(self._chunks, b"")
        cut = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:cut], self._rest[cut:]
        self._at += len(found)
        return found


class Written:
    """Takes what is written, and gives it on in larger pieces; it cannot be sought in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def pieces(self, least: int = PIECE) -> Iterator[bytes]:
        """What is held, if it is so much."""
        if len(self._held) >= least:
            yield bytes(self._held)
            self._held.clear()


def _frames(source: Source) -> Iterator[AudioFrame]:
    with av.open(Opened(source), "r", format="ogg") as opened:
        yield from opened.decode(audio=0)


def mp3(source: Source) -> Iterator[bytes]:
    """Both voices, each in its channel. Raises StoreError and av.FFmpegError."""
    written = Written()
    # Its length would be noted in the first frame, which is gone by then: it has one rate instead.
    options = {"write_xing": "0", "id3v2_version": "0"}
    with av.open(written, "w", format="mp3", options=options) as made:
        stream = made.add_stream("libmp3lame", rate=MP3_RATE, layout="stereo")
        stream.bit_rate = MP3_BITS
        for frame in _frames(source):
            made.mux(stream.encode(frame))
            yield from written.pieces()
        made.mux(stream.encode(None))
    yield from written.pieces(1)


def wav_size(seconds: float) -> int:
    return 44 + _wav_bytes(seconds)


def wav(source: Source, seconds: float) -> Iterator[bytes]:
    """Exactly `wav_size(seconds)` bytes: silence at the end for what is missing, nothing beyond.

    Raises as `mp3` does.
    """
    left = _wav_bytes(seconds)
    written = Written()
    written.write(_wav_head(left))
    turner = av.AudioResampler(format="s16", layout="stereo", rate=WAV_RATE)
    for frame in _frames(source):
        for turned in turner.resample(frame):
            left -= written.write(bytes(turned.planes[0])[: turned.samples * WAV_FRAME][:left])
            yield from written.pieces()
    while left > 0:
        left -= written.write(bytes(min(left, PIECE)))
        yield from written.pieces()
    yield from written.pieces(1)


def _wav_bytes(seconds: float) -> int:
    return min(round(seconds * WAV_RATE) * WAV_FRAME, WAV_MOST // WAV_FRAME * WAV_FRAME)


def _wav_head(size: int) -> bytes:
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, WAV_RATE, WAV_RATE * WAV_FRAME, 4, 16)
    whole = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
    return whole + layout + struct.pack("<4sI", b"data", size)
