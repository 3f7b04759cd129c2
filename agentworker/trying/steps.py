"""A scenario as staff write it: what the caller says, and what the assistant must do then."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

# A call that takes more is not one that somebody reads.
MOST_STEPS, MOST_MUSTS, LONGEST_TEXT = 30, 10, 500
SLOWEST_SECONDS = 60.0


class Kind(StrEnum):
    SAYS = "says"
    NOT_SAYS = "not_says"
    TOOL = "tool"
    TRANSFERS = "transfers"
    ENDS = "ends"
    WITHIN = "within"
    JUDGED = "judged"


LABELS = {
    Kind.SAYS: _("says"),
    Kind.NOT_SAYS: _("does not say"),
    Kind.JUDGED: _("answers so that it is true:"),
    Kind.TOOL: _("uses what it may do"),
    Kind.TRANSFERS: _("connects with a person"),
    Kind.ENDS: _("ends the call"),
    Kind.WITHIN: _("answers within, seconds"),
}
# What must be filled in: the others may.
NEEDS_TEXT = frozenset({Kind.SAYS, Kind.NOT_SAYS, Kind.JUDGED, Kind.WITHIN})


@dataclass(frozen=True)
class Must:
    """What has to happen. `text`: words of which one must (or may not) be said, apart by "/"; what
    a tool must be told; whom the caller must be connected with; seconds; or a sentence that must be
    true of the answer. `tool`: which one.
    """

    kind: Kind
    text: str = ""
    tool: str = ""

    @property
    def label(self) -> str:
        return str(LABELS[self.kind])


@dataclass(frozen=True)
class Step:
    """What the caller says, or a key that he presses; neither: he hears the greeting."""

    say: str = ""
    press: str = ""
    must: tuple[Must, ...] = ()


def read_steps(stored: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """What `as_json` made."""
    return tuple(
        Step(
            say=each.get("say", ""),
            press=each.get("press", ""),
            must=tuple(
                Must(Kind(one["kind"]), one.get("text", ""), one.get("tool", ""))
                for one in each.get("must", ())
            ),
        )
        for each in stored
    )


def as_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [{**asdict(step), "must": [asdict(must) for must in step.must]} for step in steps]


def alternatives(text: str) -> list[str]:
    """ "free / costs nothing" -> either of them."""
    return [part for each in text.split("/") if (part := each.strip())]


def seconds_of(text: str) -> float:
    """ "1,5" -> 1.5. Raises ValueError for what is no length of time."""
    found = float(text.strip().replace(",", "."))
    if not 0 < found <= SLOWEST_SECONDS:
        raise ValueError(text)
    return found
