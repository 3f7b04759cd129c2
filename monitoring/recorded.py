"""Whether a call that goes on is being recorded, in words and as a dot, and what may be ordered."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy

from recordings import orders
from recordings.models import Recording
from recordings.orders import Order
from telephony.models import Call
from veyra.models import User

Wanted = Recording.Wanted
RIGHT = "recordings.record_call"

# What is wanted, and what is being done. Where a recorder has not said that it did what was
# ordered, sound is written as before.
LABELS: Mapping[tuple[str, str], Any] = {
    (Wanted.ON, Wanted.ON): gettext_lazy("Recording"),
    (Wanted.ON, Wanted.OFF): gettext_lazy("Recording begins…"),
    (Wanted.ON, Wanted.PAUSED): gettext_lazy("Recording goes on in a moment…"),
    (Wanted.PAUSED, Wanted.ON): gettext_lazy("Pausing… it is still recorded"),
    (Wanted.PAUSED, Wanted.PAUSED): gettext_lazy("Recording paused"),
    (Wanted.PAUSED, Wanted.OFF): gettext_lazy("Recording paused"),
    (Wanted.OFF, Wanted.ON): gettext_lazy("Stopping… it is still recorded"),
    (Wanted.OFF, Wanted.PAUSED): gettext_lazy("Stopping…"),
}


@dataclass(frozen=True)
class Mark:
    """`is_on`: sound is written now. Without a label there is nothing to show."""

    label: str = ""
    is_on: bool = False

    @classmethod
    def of(cls, wanted: str, doing: str) -> "Mark":
        return cls(str(LABELS.get((wanted, doing), "")), doing == Wanted.ON)


def mark(call: Call) -> Mark:
    """Of a call that goes on; nothing where it is over."""
    row = Recording.objects.talk_now(call.pk) if call.ended_at is None else None
    return Mark.of(*row) if row else Mark()


@dataclass(frozen=True)
class Hand:
    """Of whoever may order it. `why`: why it cannot be begun."""

    mark: Mark
    buttons: Sequence[tuple[str, str]]
    why: str
    waits: bool
    ticket: str = field(default_factory=lambda: str(uuid.uuid4()))


def hand(call: Call, user: User) -> Hand | None:
    if call.ended_at or not user.has_perm(RIGHT):
        return None
    found = orders.standing(call)
    return Hand(
        mark=Mark.of(found.wanted, found.doing),
        buttons=[(order.value, str(Order(order).label)) for order in found.orders],
        why=str(found.no_start) if found.no_start else "",
        waits=found.waits,
    )
