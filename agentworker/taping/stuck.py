"""Sound that lies on a host, though it should have gone to the web long ago.

Whatever holds it up, nobody can listen to it until it goes; so every program that writes sound
says whether there is any on its own host.
"""

import logging
import socket
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from agentworker.taping.parts import folder
from veyra.models import Pulse
from veyra.outage import Outage

outage = Outage(logging.getLogger(__name__), "the folder of sound cannot be looked into")

# Since it was written last.
LONG_SECONDS = 3600.0
SIGN = "stuck sound: "


def tell() -> None:
    """Give the sign of this host, where there is such sound. Raises DatabaseError."""
    if is_here():
        Pulse.beat(SIGN + socket.gethostname()[:50])


def is_here() -> bool:
    """Also what was set aside as .lost counts. A disk that fails is no reason to give no sign of
    life: what it does not take of a recording is told with that.
    """
    try:
        found = list(folder().glob("*.ogg*"))
    except OSError as error:
        outage.felt(error)
        return False
    outage.over()
    return any(map(_is_old, found))


def _is_old(path: Path) -> bool:
    with suppress(OSError):  # it has just gone
        return path.stat().st_mtime < time.time() - LONG_SECONDS
    return False


def hosts(within: timedelta) -> list[str]:
    """Those that have given the sign lately."""
    names = Pulse.felt(SIGN, within)
    return [name.removeprefix(SIGN) for name in names]
