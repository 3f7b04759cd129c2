"""Which errors are one and the same. Pure."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

# Values that a message has in it by the time it gets here: ids, numbers, addresses.
_VALUES = re.compile(
    r"%\(\w+\)\w|%[-+.\d]*[a-z]\b|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\b[A-Z]{2,3}_\w{6,}|\b0x[0-9a-f]+|\d+(?:\.\d+)*"
)
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
# The project's own folders: where the code of others breaks, it is told who called it.
_OURS = re.compile(r"(?:.*/)?((?:veyra|agentworker|telephony|recordings|monitoring)/[\w/]+\.py)$")


@dataclass(frozen=True)
class Group:
    """Errors of one kind within a few seconds. `sample`: the line of the last one, as written."""

    key: str
    level: str
    logger: str
    words: str
    place: str
    program: str
    host: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    sample: dict[str, Any] = field(default_factory=dict)

    def with_next(self, later: "Group") -> "Group":
        """`later` is of the same kind."""
        return replace(later, first_at=self.first_at, count=self.count + later.count)


def group_of(template: str, line: dict[str, Any], at: float) -> Group:
    """`template`: the message before its values were put in, "" where nobody knows it; `line`: as
    it is written to the log; `at`: seconds of the epoch.
    """
    told = partial(_told, line)
    words = _VALUES.sub("…", _first_line(template or str(line.get("event", ""))))[:300]
    place, logger = place_of(str(line.get("exception", "")))[:200], told("logger", 120)
    same = "\0".join((logger, words, place))
    moment = datetime.fromtimestamp(at, UTC)
    return Group(
        key=hashlib.sha256(same.encode(errors="replace")).hexdigest()[:32],
        level=told("level", 8),
        logger=logger,
        words=words,
        place=place,
        program=told("program", 40),
        host=told("host", 150),
        first_at=moment,
        last_at=moment,
        sample=line,
    )


def _first_line(text: str) -> str:
    return (text.strip() or "?").splitlines()[0]


def _told(line: dict[str, Any], name: str, longest: int) -> str:
    return str(line.get(name, ""))[:longest]


def place_of(trace: str) -> str:
    """What was raised where: "OSError in telephony/journal.py:120"; "" without an exception."""
    lines = trace.strip().splitlines()
    if not lines:
        return ""
    frames = [(_ours(path), path, number) for path, number in _FRAME.findall(trace)]
    ours = [(name, number) for name, _path, number in frames if name]
    others = [(path.rpartition("/")[2], number) for _name, path, number in frames]
    name, number = (ours or others or [("", "")])[-1]
    # Further down stand notes, or lines of the message.
    last = [each for each in lines if re.match(r"[A-Za-z_][\w.]*(?::|$)", each)]
    kind = (last[-1] if last else "").partition(":")[0].rpartition(".")[2]
    return f"{kind} in {name}:{number}" if name else kind


def _ours(path: str) -> str:
    found = _OURS.match(path)
    return found[1] if found else ""
