"""The form of a scenario: rows "the caller says" and, in each, rows "the assistant must"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from agentworker.trying.asking import KEYS
from agentworker.trying.steps import (
    LONGEST_TEXT,
    MOST_MUSTS,
    MOST_STEPS,
    NEEDS_TEXT,
    SLOWEST_SECONDS,
    Kind,
    Must,
    Step,
    as_json,
    read_steps,
    seconds_of,
)
from veyra.sentences import Sentence

LONGEST_NAME = 100
FIELD = re.compile(r"step-(\d{1,4})-(say|press|(?:must-(\d{1,4})-(kind|text|tool)))")
NO_NAME = _("Give it a name by which you will know it.")
NO_STEPS = _("Write at least one thing that the caller says.")
SILENT = _("Row %(row)s: write what the caller says, or choose a key. Only the first may be empty.")
NO_MUSTS = _("Say in at least one row what the assistant must do.")
NO_TEXT = _("Row %(row)s: write beside “%(label)s” what it is about.")
NO_TOOL = _("Row %(row)s: choose what it must use.")
NO_SECONDS = _("Row %(row)s: write seconds as a number up to %(most)s.")
TOO_LONG = _("It is longer than a scenario can be: %(steps)s rows, %(musts)s demands in each.")


@dataclass(frozen=True)
class Written:
    """What somebody wrote, and what is wrong with it."""

    name: str = ""
    steps: tuple[Step, ...] = ()
    problems: Sequence[Sentence] = field(default=())

    def as_json(self) -> list[dict[str, Any]]:
        return as_json(self.steps)


def read(posted: Mapping[str, str]) -> Written:
    """Rows in the order of their numbers, which may have gaps; empty ones are left out. Pure."""
    rows: dict[int, dict[str, Any]] = {}
    for name, value in posted.items():
        found = FIELD.fullmatch(name)
        if found is None:
            continue
        row = rows.setdefault(int(found[1]), {"musts": {}})
        text = " ".join(str(value).split())[:LONGEST_TEXT]
        if found[3] is None:
            row[found[2]] = text
        else:
            row["musts"].setdefault(int(found[3]), {})[found[4]] = text
    steps = tuple(step for _number, row in sorted(rows.items()) if (step := _step(row)))
    name = " ".join(posted.get("name", "").split())[:LONGEST_NAME]
    return Written(name, steps[:MOST_STEPS], problems(name, steps))


def _step(row: Mapping[str, Any]) -> Step | None:
    """None: nothing is written there."""
    musts = tuple(must for _number, one in sorted(row["musts"].items()) if (must := _must(one)))
    press = row.get("press", "")
    step = Step(row.get("say", ""), press if press in KEYS else "", musts)
    return step if step != Step() else None


def _must(one: Mapping[str, str]) -> Must | None:
    kind = one.get("kind", "")
    if kind not in set(Kind):
        return None
    is_of_tool = kind == Kind.TOOL
    return Must(Kind(kind), one.get("text", ""), one.get("tool", "") if is_of_tool else "")


def problems(name: str, steps: Sequence[Step]) -> list[Sentence]:
    found = [] if name else [Sentence(NO_NAME)]
    if not steps:
        return [*found, Sentence(NO_STEPS)]
    if len(steps) > MOST_STEPS or any(len(step.must) > MOST_MUSTS for step in steps):
        found.append(Sentence(TOO_LONG, {"steps": MOST_STEPS, "musts": MOST_MUSTS}))
    if not any(step.must for step in steps):
        found.append(Sentence(NO_MUSTS))
    for row, step in enumerate(steps, 1):
        if row > 1 and not (step.say or step.press):
            found.append(Sentence(SILENT, {"row": row}))
        found += [wrong for must in step.must if (wrong := _problem(row, must))]
    return found


def _problem(row: int, must: Must) -> Sentence | None:
    if must.kind is Kind.WITHIN:
        try:
            seconds_of(must.text)
        except ValueError:
            return Sentence(NO_SECONDS, {"row": row, "most": round(SLOWEST_SECONDS)})
    if must.kind is Kind.TOOL and not must.tool:
        return Sentence(NO_TOOL, {"row": row})
    if must.kind in NEEDS_TEXT and not any(map(str.isalnum, must.text)):
        return Sentence(NO_TEXT, {"row": row, "label": must.label})
    return None


def of_stored(name: str, steps: Sequence[Mapping[str, Any]]) -> Written:
    return Written(name, read_steps(steps))
