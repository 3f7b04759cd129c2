"""What leaves LiveKit: recordings, fetched in parts, and rooms that are streamed to elsewhere.

python examples/livekit_egress_example.py /where/recordings/go
"""

import sys
from pathlib import Path
from typing import Any

from veyra_client import ProblemError, Veyra

PART = 1 << 20


def fetch(veyra: Veyra, recording: dict[str, Any], folder: Path) -> Path:
    """The sound as a file. One that broke off goes on where it ended."""
    path = folder / f"{recording['id']}.ogg"
    while (have := path.stat().st_size if path.exists() else 0) < recording["size"]:
        wanted = f"bytes={have}-{have + PART - 1}"
        sound = f"recordings/{recording['id']}/sound/"
        with veyra.open(sound, Range=wanted) as answer, path.open("ab") as file:
            file.write(answer.read())
    return path


def fetch_all(veyra: Veyra, folder: Path, since: str) -> list[Path]:
    """Those that are ready, of calls since a moment (ISO 8601)."""
    rows = veyra.rows("recordings/", state="ready", since=since)
    return [fetch(veyra, row, folder) for row in rows]


def on_air(veyra: Veyra) -> list[str]:
    """Where rooms are streamed to now."""
    return [
        f"{stream['room_name']} -> {target['shown']} ({target['state']})"
        for stream in veyra.rows("streams/", state="live")
        for target in stream["targets"]
    ]


def main(folder: Path) -> None:
    veyra = Veyra()
    for path in fetch_all(veyra, folder, "2000-01-01T00:00:00Z"):
        print(path)
    print("\n".join(on_air(veyra)) or "nothing is streamed")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except ProblemError as error:
        sys.exit(f"{error.status}: {error}")
