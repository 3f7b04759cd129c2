"""What LiveKit's own programs wrote of one call: lines of JSON in files that this host can read."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# The files that `make run`'s supervisor writes, and the names that the guide tells others to give.
PROGRAMS = {
    "livekit-sip": "gateway",
    "livekit-server": "LiveKit",
    "livekit-egress": "egress",
    "livekit-ingress": "ingress",
    "registrar": "registrar",
    "kamailio": "kamailio",
}
# Of one file at most so much is read, from its end: two full ones.
MOST_BYTES = 20_000_000
MOST_LINES = 500
# A clock of another host may be off by so much.
MARGIN = timedelta(minutes=1)
_LINE_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))")


@dataclass(frozen=True)
class ForeignLine:
    """`fields`: what else it says, by name."""

    at: datetime
    program: str
    level: str
    words: str
    fields: dict[str, Any]


def files(folder: Path) -> list[tuple[str, Path]]:
    """(whose, file), each program's older ones first."""
    found = []
    for name, whose in PROGRAMS.items():
        olds = [folder / f"{name}.log.{number}" for number in (3, 2, 1)]
        found += [(whose, path) for path in (*olds, folder / f"{name}.log") if path.is_file()]
    return found


def lines_about(
    folder: Path, ids: Collection[str], since: datetime, until: datetime
) -> list[ForeignLine]:
    """Lines in which one of `ids` stands, by time. A file that cannot be read is left out."""
    wanted = [each.encode() for each in ids if each]
    if not wanted:
        return []
    begin, end = since - MARGIN, until + MARGIN
    found = [
        line
        for whose, path in files(folder)
        for line in _lines(whose, path, wanted)
        if begin <= line.at <= end
    ]
    return sorted(found, key=lambda line: line.at)[:MOST_LINES]


def _lines(whose: str, path: Path, wanted: Collection[bytes]) -> Iterator[ForeignLine]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_BYTES))
            for raw in file:
                if any(each in raw for each in wanted):
                    line = read_line(whose, raw.decode(errors="replace"))
                    if line:
                        yield line
    except OSError:
        return


def read_line(whose: str, text: str) -> ForeignLine | None:
    """Of LiveKit's JSON, ours, or a line of text that begins with its time; None: of no time."""
    try:
        told = json.loads(text)
    except ValueError:
        return _of_text(whose, text)
    at = _moment(told.get("ts", told.get("at"))) if isinstance(told, dict) else None
    if at is None:
        return None
    words = str(told.get("msg") or told.get("event") or "")
    level = str(told.get("level", ""))
    rest = {k: v for k, v in told.items() if k not in ("ts", "at", "msg", "event", "level")}
    return ForeignLine(at, whose, level, words, rest)


def _of_text(whose: str, text: str) -> ForeignLine | None:
    found = _LINE_TIME.match(text)
    at = _moment(found[1]) if found else None
    if found is None or at is None:
        return None
    level, *rest = text[found.end() :].strip().split("\t") or [""]
    return ForeignLine(at, whose, level.lower(), " ".join(rest), {})


def _moment(value: object) -> datetime | None:
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else None
