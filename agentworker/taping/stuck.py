"""Sound that lies on a host, though it should have gone to the web long ago.

Whatever holds it up, nobody can listen to it until it goes; so every program that writes sound
says whether there is any on its own host.
"""

import socket
import time
from contextlib import suppress
from datetime import timedelta

from agentworker.taping.parts import folder
from veyra.models import Pulse

# Since it was written last.
LONG_SECONDS = 3600.0
SIGN = "stuck sound: "


def tell() -> None:
    """Give the sign of this host, where there is such sound. Raises DatabaseError."""
    if is_here():
        Pulse.beat(SIGN + socket.gethostname()[:50])


def is_here() -> bool:
    """Also what was set aside as .lost counts."""
    before = time.time() - LONG_SECONDS
    for path in folder().glob("*.ogg*"):
        with suppress(OSError):  # it has just gone
            if path.stat().st_mtime < before:
                return True
    return False


def hosts(within: timedelta) -> list[str]:
    """Those that have given the sign lately."""
    names = Pulse.felt(SIGN, within)
    return [name.removeprefix(SIGN) for name in names]
