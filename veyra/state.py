"""Local state of one installation: where it lies, and the keys made on its first start."""

import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

KEYS_FILE = "keys.env"


def state_dir(base: Path) -> Path:
    """The folder of database, broker, binaries and logs; VEYRA_STATE moves it."""
    return Path(os.environ.get("VEYRA_STATE") or base / ".veyra").resolve()


def local_keys(state: Path) -> dict[str, str]:
    """Keys of this installation, made once: SECRET_KEY, FIELD_KEYS, LIVEKIT_API_KEY/SECRET.

    Whoever sets these in the environment never gets here with them: the environment wins.
    """
    path = state / KEYS_FILE
    if not path.exists():
        _make_keys(path)
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def stamp(state: Path) -> int:
    """Another number whenever the file of keys is another; 0: there is none."""
    try:
        return (state / KEYS_FILE).stat().st_mtime_ns
    except OSError:
        return 0


def new_pair() -> str:
    """A key for LiveKit, as name:secret."""
    return f"veyra-{secrets.token_hex(3)}:{secrets.token_urlsafe(40)}"


def _make_keys(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "LIVEKIT_API_KEY": "veyra",
        "LIVEKIT_API_SECRET": secrets.token_urlsafe(40),
        # LiveKit knows it from its first start, so that one can change to it without another.
        "LIVEKIT_SECOND_KEY": new_pair(),
    }
    # Several processes may start at once: each writes a file of its own, the first link wins.
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in keys.items())
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        os.unlink(temporary)
