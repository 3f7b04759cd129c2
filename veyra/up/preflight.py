"""What would stop the start later, found before it begins. Each check raises Trouble."""

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import psutil
from django.utils.translation import gettext as _

from veyra.up.trouble import Trouble

# A unix socket's path ends with a zero byte in a field of 108 (104 on macOS).
SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
RUN_BYTES = 200_000_000
BUILD_BYTES = 3_000_000_000
EVERYWHERE = "0.0.0.0"  # noqa: S104  # compared with, not listened on
# Building livekit-server was seen to take 1.1 GB.
BUILD_MEMORY = 1_200_000_000


@dataclass(frozen=True)
class Port:
    """A port that a program of ours will take, and the variable that moves it."""

    number: int
    variable: str
    host: str = "127.0.0.1"
    udp: bool = False

    def collides(self, other: "Port") -> bool:
        places = {self.host, other.host}
        same = (self.number, self.udp) == (other.number, other.udp)
        return same and (len(places) == 1 or EVERYWHERE in places)


def check_socket_path(path: Path) -> None:
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        raise Trouble(
            _(
                "The folder %(folder)s has too long a name for a socket: set VEYRA_STATE to a "
                "shorter one, such as /tmp/veyra."
            )
            % {"folder": path.parent}
        )


def check_disk(folder: Path, needed: int = RUN_BYTES) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Trouble(
            _(
                "The disk is almost full: %(folder)s has %(free)d MB left and %(needed)d MB are "
                "needed. Free some space, or set VEYRA_STATE to another disk."
            )
            % {"folder": folder, "free": free // 1_000_000, "needed": needed // 1_000_000}
        )


def check_memory(needed: int = BUILD_MEMORY) -> None:
    free = psutil.virtual_memory().available
    if free < needed:
        raise Trouble(
            _(
                "Building LiveKit needs %(needed)d MB of free memory and %(free)d MB are there. "
                "Close other programs, or install livekit-server, or set LIVEKIT_URL."
            )
            % {"free": free // 1_000_000, "needed": needed // 1_000_000}
        )


def check_ports(ports: Sequence[Port]) -> None:
    for first, second in combinations(ports, 2):
        if first.collides(second):
            raise Trouble(
                _(
                    "%(first)s and %(second)s would both need port %(port)d. Start with another "
                    "one: make run %(second)s=%(other)d"
                )
                % {
                    "first": first.variable,
                    "second": second.variable,
                    "port": second.number,
                    "other": max(port.number for port in ports) + 1,
                }
            )
    for port in ports:
        if is_taken(port):
            raise Trouble(
                _(
                    "Port %(port)d is taken by another program. Stop it, or start with another "
                    "port: make run %(variable)s=%(other)d"
                )
                % {"port": port.number, "variable": port.variable, "other": port.number + 1}
            )


def is_taken(port: Port) -> bool:
    kind = socket.SOCK_DGRAM if port.udp else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if not port.udp:
            # What an earlier start left in TIME_WAIT does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except PermissionError:
            return False
        except OSError:
            return True
    return False
