"""One part while it is written: sound comes in as it arrives, and is on disk a second later."""

import time

from agentworker.taping.parts import Origin, PartFiles
from agentworker.taping.sound import HORIZON, RATE, Lane, Mix, OpusFile, Samples


class Tape:
    """From now until `end`. Raises OSError where the disk does not take it."""

    def __init__(self, origin: Origin) -> None:
        self._began, began_at = time.monotonic(), time.time()
        self._mix = Mix()
        self._files = PartFiles(origin, began_at)
        try:
            self._sound = OpusFile(self._files.sound)
        except BaseException:
            self._files.discard()
            raise

    @property
    def part(self) -> str:
        """Its id."""
        return self._files.id

    def hear(self, source: str, lane: Lane, samples: Samples) -> None:
        """A frame that has just arrived."""
        self._mix.hear(source, lane, samples, self._now())

    def advance(self) -> None:
        """Write what will not change any more; to be called several times a second."""
        self._write(self._now() - HORIZON)

    def end(self) -> None:
        """Write what was heard until now, and say that this is all."""
        try:
            self._write(self._now())
            self._sound.close()
        finally:
            if self._sound.written:
                self._files.finish(time.time(), self._sound.written / RATE)
            else:
                self._files.discard()

    def _write(self, until: int) -> None:
        if until > self._mix.start:
            self._sound.write(self._mix.take(until))

    def _now(self) -> int:
        return int((time.monotonic() - self._began) * RATE)
