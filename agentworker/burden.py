"""What a worker with its calls weighs on its host."""

import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

# To look into every process costs some milliseconds.
EVERY_SECONDS = 10.0
MIB = 2**20


@dataclass(frozen=True)
class Burden:
    """`load` of the host's processor and `memory_taken` of its memory, by everybody, in percent;
    `memory_mib` by this worker and its calls, in MiB. None: not looked yet.
    """

    load: float | None = None
    memory_taken: float | None = None
    memory_mib: int | None = None


class Scales:
    """Weighs this process and its children, at most every ten seconds."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._at = float("-inf")
        self._last = Burden()
        psutil.cpu_percent()  # the next asking tells of the time since this one

    def weigh(self) -> Burden:
        now = time.monotonic()
        if now - self._at >= EVERY_SECONDS:
            is_first, self._at = self._at < 0, now
            self._last = Burden(
                load=None if is_first else psutil.cpu_percent(),
                memory_taken=psutil.virtual_memory().percent,
                memory_mib=round(self._memory() / MIB),
            )
        return self._last

    def _memory(self) -> int:
        """Bytes. What processes share is counted once, where the system tells it."""
        return sum(map(memory_of, [self._own, *self._own.children(recursive=True)]))


def memory_of(process: psutil.Process) -> int:
    """Bytes; 0 where it has ended meanwhile."""
    with suppress(psutil.Error):
        found = process.memory_full_info()
        return int(getattr(found, "pss", found.rss))
    return 0
