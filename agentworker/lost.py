"""Sound on this host that cannot go to the web, and that has to go all the same some day.

It was set aside, since its facts cannot be read, or the web refuses it. An engineer may bring it in
by hand; the web says of which it is to be deleted (see recordings.lost), since its caller was
erased, or nobody came for it. Until the web answers it stays.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentworker.spool import now_text

log = logging.getLogger(__name__)

ASK_SECONDS = 600.0
# Of so many it is asked at once.
BATCH = 40
# Sound without its facts is one whose facts somebody took away, unless it has just been made.
ALONE_SECONDS = 3600.0
NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What is left of facts that were cut off may still name their room.
ROOM = re.compile(rb'"room_sid": *"([^"]{1,64})"')


@dataclass(frozen=True)
class Piece:
    """As the web is asked of it. `room_sid`: "" where nobody knows; `written_at`: its last sound,
    as this host's clock tells.
    """

    id: str
    room_sid: str
    written_at: str


def look(folder: Path, refused: Iterable[Path], ask: Callable[[dict[str, Any]], Any]) -> int:
    """Delete what the web wants deleted; how many parts. Raises what `ask` raises, and OSError.

    `refused`: facts of parts that the web does not take.
    """
    names, gone = sorted({*_set_aside(folder), *(path.stem for path in refused)}), 0
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        now, pieces = now_text(), [piece for name in batch if (piece := _piece(folder, name))]
        answer = ask({"now": now, "parts": [asdict(piece) for piece in pieces]})
        for name in {str(name) for name in answer["go"]} & {*batch}:
            log.warning("part %s is deleted from this host, as the web wants", name)
            for path in _files(folder, name):
                path.unlink(missing_ok=True)
            gone += 1
    return gone


def _set_aside(folder: Path) -> Iterator[str]:
    """Names of parts. What is named otherwise is not ours."""
    return filter(NAME.fullmatch, _left(folder))


def _left(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.lost"):
        yield path.name.partition(".")[0]
    for path in folder.glob("*.ogg"):
        is_old = time.time() - path.stat().st_mtime > ALONE_SECONDS
        if is_old and not path.with_suffix(".json").exists():
            yield path.stem


def _files(folder: Path, name: str) -> list[Path]:
    endings = (".ogg", ".ogg.lost", ".json", ".json.lost")
    return [path for ending in endings if (path := folder / f"{name}{ending}").exists()]


def _piece(folder: Path, name: str) -> Piece | None:
    """None: it has just gone."""
    files = _files(folder, name)
    if not files:
        return None
    facts = b"".join(path.read_bytes() for path in files if ".json" in path.suffixes)
    room = ROOM.search(facts)
    written_at = now_text(max(path.stat().st_mtime for path in files))
    return Piece(name, room[1].decode(errors="replace") if room else "", written_at)
