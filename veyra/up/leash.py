"""Become a program that ends with its parent: leash.py [--parent PID] [--after SOCKET] COMMAND...

--parent PID     do not start at all when PID is no longer the parent
--after SOCKET   start once something listens on that unix socket (at most 20 s of waiting)

Run by its path with a bare interpreter, so it may import nothing but the standard library.
Only Linux can tie a process to its parent; elsewhere the command just runs.
"""

import ctypes
import os
import signal
import socket
import sys
import time

PR_SET_PDEATHSIG = 1
PATIENCE = 20.0


def tie(parent: int) -> bool:
    """Get SIGTERM when `parent` dies. False: it has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    return os.getppid() == parent


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(path) == 0


def main(arguments: list[str]) -> None:
    parent, after = os.getppid(), ""
    while arguments and arguments[0] in ("--parent", "--after"):
        option, value, *arguments = arguments
        if option == "--parent":
            parent = int(value)
        else:
            after = value
    if not tie(parent):
        sys.exit(1)
    end = time.monotonic() + PATIENCE
    while after and not listens(after) and time.monotonic() < end:
        time.sleep(0.05)
    os.execvp(arguments[0], arguments)  # noqa: S606  # the command is ours


if __name__ == "__main__":
    main(sys.argv[1:])
