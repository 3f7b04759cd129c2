"""How a saved row stands in LiveKit, in words: the same for lists, forms and live pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from telephony.models import DispatchRule, PhoneNumber, PublishedObject, PublishedState, Trunk
from veyra.sentences import Sentence

Colour = Literal["success", "warning", "danger", "info"]
Row = Trunk | PhoneNumber | DispatchRule


def look_up(rows: Collection[Row]) -> None:
    """Give each row `worst`, the worst that came of it in LiveKit: one query for all of them.

    A list looks up the rows of its page alone: as columns of its query, PostgreSQL would make them
    for each row of the pages before it, too.
    """
    found = PublishedObject.objects.worst_of(row.key for row in rows)
    for row in rows:
        row.__dict__["worst"] = found.get(row.key)


def worst_of(row: Row) -> PublishedObject | None:
    """What came of a row, looked up for it alone if nobody has yet."""
    if "worst" not in row.__dict__:
        look_up([row])
    found: PublishedObject | None = row.__dict__["worst"]
    return found


@dataclass(frozen=True)
class Standing:
    """A badge (label and colour) and the sentence beside it."""

    label: str
    colour: Colour
    text: str
    # It waits for a person on the page of differences.
    differs: bool = False

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, row: Row) -> Self:
        if row.archived_at:
            return cls(_("Archived"), "info", _("In the archive"))
        if not row.is_active:
            return cls(_("Off"), "info", _("Not in use"))
        is_number, found = isinstance(row, PhoneNumber), worst_of(row)
        if found is None:
            return cls.from_state("", {}, None, is_number)
        return cls.from_state(found.state, found.error, found.synced_at, is_number)

    @classmethod
    def from_state(
        cls, state: str, error: dict[str, Any], at: datetime | None, number: bool = False
    ) -> Self:
        why = str(Sentence.from_json(error))
        if state == PublishedState.LIVE:
            since = date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else ""
            return cls(_("Live"), "success", _("Live since %(since)s") % {"since": since})
        if state == PublishedState.DIFFERS:
            return cls(_("Difference"), "danger", _("Difference: %(why)s") % {"why": why}, True)
        if state == PublishedState.FAILED and number:
            return cls(_("Not published"), "danger", _("Not published: %(why)s") % {"why": why})
        if state == PublishedState.FAILED:
            return cls(_("Failed"), "danger", _("Failed: %(why)s") % {"why": why})
        why = why or _("it is on its way to LiveKit.")
        return cls(_("Waiting"), "warning", _("Waiting: %(why)s") % {"why": why})
