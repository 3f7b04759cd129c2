"""Processes of this machine: which of them see each other, and which are gone."""

import os
from functools import lru_cache
from pathlib import Path

BOOT, SPACE = Path("/proc/sys/kernel/random/boot_id"), "/proc/self/ns/pid"


@lru_cache(maxsize=1)
def space() -> str:
    """The same in all processes that know each other by number, and nowhere else. "": this
    system does not tell.

    A host's name is not enough: containers share it where they share the host's network.
    """
    try:
        return f"{BOOT.read_text().strip()} {os.readlink(SPACE)}"
    except OSError:
        return ""


def is_gone(pid: int) -> bool:
    """Does no process have this number in our space? False also where it may not be asked."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
