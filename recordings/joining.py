"""Parts become one recording: cut to the call, one after the other, without encoding anew.

Parts may overlap (two recorders for a moment) and leave gaps (a pause, a recorder that was killed).
Where two overlap, the later one begins where the earlier ended; a gap takes no time in the file.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import av
from av.error import FFmpegError

# Ogg counts Opus so, whatever it was recorded with.
RATE = 48000
# What is shorter is no more than a few packets.
SHORTEST = 0.1


class Readable(Protocol):
    """As much of a file as PyAV needs: it is read once, from the beginning on."""

    def read(self, length: int = -1) -> bytes: ...


class Unreadable(Exception):
    """`source` is no sound, or ours never wrote it."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.source = source


@dataclass(frozen=True)
class Heard:
    """Sound that was heard from `at` on: in `source`, from its second `begins` on.

    `part`: the one that it came in, which is the source unless it was joined before.
    """

    source: str
    at: datetime
    seconds: float
    begins: float = 0.0
    part: str = ""

    @property
    def until(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    def within(self, start: datetime, end: datetime) -> "Heard":
        """What of it is heard between the two, perhaps nothing."""
        at = max(self.at, start)
        skipped = (at - self.at).total_seconds()
        seconds = (min(self.until, end) - at).total_seconds()
        return replace(self, at=at, seconds=max(0.0, seconds), begins=self.begins + skipped)


@dataclass(frozen=True)
class Span:
    """Where time runs in the file: from its second `begins` on, so long."""

    at: datetime
    begins: float
    seconds: float
    part: str

    def to_json(self) -> dict[str, Any]:
        """As Recording.spans has it."""
        return {
            "at": self.at.isoformat(),
            "from": round(self.begins, 3),
            "seconds": round(self.seconds, 3),
            "part": self.part,
        }


def heard_in(source: str, spans: Iterable[dict[str, Any]]) -> list[Heard]:
    """What Recording.spans say of its file."""
    return [
        Heard(
            source,
            datetime.fromisoformat(span["at"]),
            span["seconds"],
            span["from"],
            span.get("part", ""),
        )
        for span in spans
    ]


def plan(heard: Iterable[Heard], start: datetime, end: datetime) -> list[Heard]:
    """What is joined, in its order: of the call, and each moment once."""
    found = []
    for each in sorted(heard, key=lambda one: (one.at, one.source)):
        cut = each.within(start, end)
        if cut.seconds >= SHORTEST:
            found.append(cut)
            start = cut.until
    return found


def join(cuts: Iterable[Heard], opened: Callable[[str], Readable], path: Path) -> list[Span]:
    """Write these to an Ogg file; a span for each in which there was sound. None: no file.

    Raises Unreadable, and what reading raises.
    """
    spans: list[Span] = []
    with ExitStack() as stack:
        output: _Output | None = None
        for cut in cuts:
            for packet in _packets(cut, opened(cut.source)):
                output = output or stack.enter_context(_Output(path, packet.stream))
                begins = output.seconds
                output.write(packet)
                _extend(spans, cut, begins, output.seconds)
    return spans


def _extend(spans: list[Span], cut: Heard, begins: float, ends: float) -> None:
    if spans and spans[-1].at == cut.at:
        begins = spans.pop().begins
    spans.append(Span(cut.at, begins, ends - begins, cut.part or cut.source))


class _Output:
    """An Ogg Opus file of packets that were encoded by others."""

    def __init__(self, path: Path, like: Any) -> None:
        self._file = av.open(str(path), "w", format="ogg")
        self._stream = self._file.add_stream_from_template(like)
        # A player leaves out the first samples, in which the decoder is not yet in tune.
        self._at = -_padding(like)

    @property
    def seconds(self) -> float:
        """How much can be heard."""
        return max(0, self._at) / RATE

    def write(self, packet: Any) -> None:
        packet.stream, packet.pts, packet.dts = self._stream, self._at, self._at
        self._at += packet.duration
        self._file.mux(packet)

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _padding(stream: Any) -> int:
    """From the head of the file: RFC 7845, section 5.1."""
    head = stream.codec_context.extradata or b""
    return int.from_bytes(head[10:12], "little")


def length_of(source: str, file: Readable) -> float:
    """How many seconds can be heard. Raises Unreadable."""
    last = 0
    for packet in _packets(Heard(source, datetime.max, float("inf")), file):
        last = packet.pts + packet.duration
    return last / RATE


def _packets(cut: Heard, file: Readable) -> Iterator[Any]:
    """Those whose middle lies in the cut. A file that breaks off ends there."""
    try:
        with av.open(file, "r", format="ogg") as container:
            stream = container.streams.audio[0]
            if stream.codec_context.name != "opus":
                raise Unreadable(cut.source)
            for packet in container.demux(stream):
                if packet.pts is None or packet.duration is None:
                    return
                middle = (packet.pts + packet.duration / 2) / RATE
                if middle >= cut.begins + cut.seconds:
                    return
                if middle >= cut.begins:
                    yield packet
    except (FFmpegError, IndexError) as error:
        raise Unreadable(cut.source) from error
