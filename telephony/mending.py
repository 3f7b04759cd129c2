"""What would let a refused call in, as the line is saved now; and doing it.

`cure_of` decides and is pure; the edits go the way of every change (telephony.changes).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop

from telephony import changes
from telephony.arrivals import is_inner
from telephony.asking import save_seen
from telephony.changes import Impact
from telephony.numbers import NumberError, e164, pretty, spellings
from telephony.providers import PRESETS
from telephony.reasons import Reason, sentence
from telephony.routetest import OF_THE_CALL, is_answered, of_words
from telephony.routing import ladder
from telephony.routing.carriers import carrier_of
from telephony.routing.edit import Change, Edit
from telephony.routing.route import Mark, Route, Row, Step
from telephony.routing.wish import Line
from telephony.turned_away import Refusal
from veyra.livekit.conflicts import normalized
from veyra.livekit.matching import TrunkMiss
from veyra.sentences import Sentence

CONFLICTS = frozenset({Reason.NUMBER_CONFLICT, Reason.RULE_CONFLICT})


class Kind(StrEnum):
    """What is to be pressed."""

    NUMBER = "number"  # the number is added to a connection
    ADDRESS = "address"  # a connection takes calls from the address
    ROW = "row"  # something on the page of a row
    ANSWERED = "answered"  # nothing: such a call is answered by now
    NONE = "none"  # nothing here


@dataclass(frozen=True)
class Cure:
    """`why` the call is refused, as the line is saved now.

    `row`: whose page mends it; of an address the connection, if it is known which one.
    """

    kind: Kind
    why: Sentence
    row: Row | None = None


@dataclass(frozen=True)
class Source:
    """A connection in use and where its calls come from, as CIDRs."""

    pk: int
    key: str
    name: str
    provider: str
    networks: tuple[str, ...]
    signs_in: bool = False


def cure_of(refusal: Refusal, route: Route, line: Line, *, is_live: bool, differs: bool) -> Cure:
    """`route`: where such a call would go now; `line`: the part of the line that it was found in;
    `is_live`: LiveKit has all of it; `differs`: and something that is not saved here, too.
    """
    steps = ladder.steps(route, line)
    stop = next((step for step in steps if step.mark == Mark.STOPS), None)
    if stop is None or route.answers:
        stop = of_words(refusal.reason, route)
    if stop is not None:
        return _of_stop(stop, route)
    if refusal.reason in CONFLICTS and differs:
        return Cure(Kind.ROW, sentence(refusal.reason), Row("differences"))
    if route.answers and is_live and refusal.reason not in OF_THE_CALL:
        return Cure(Kind.ANSWERED, is_answered().sentence)
    return Cure(Kind.NONE, sentence(refusal.reason))


def cure_of_knock(refusal: Refusal, sources: Iterable[Source]) -> Cure:
    """Of a call that named no number: its provider may be one that we sign in at."""
    signs_in = any(source.signs_in for source in sources)
    is_knock = refusal.reason == Reason.STRANGER and refusal.address and signs_in
    return Cure(Kind.ADDRESS if is_knock else Kind.NONE, sentence(refusal.reason))


def _of_stop(stop: Step, route: Route) -> Cure:
    if stop.row == Row("number"):
        return _of_unknown_number(stop, route.invite.called)
    missed = any(step.miss == TrunkMiss.ADDRESS for step in route.decision.trunks)
    if missed and route.trunk is None and stop.row and stop.row.kind == "trunk":
        return Cure(Kind.ADDRESS, stop.sentence, stop.row)
    return Cure(Kind.ROW, stop.sentence, stop.row)


def _of_unknown_number(stop: Step, written: str) -> Cure:
    """Adding it helps only where LiveKit would take what is written in the call for it."""
    number = number_of(written)
    if not number:
        msgid = gettext_noop(
            "“%(written)s” cannot be a number of ours: most likely somebody tries numbers."
        )
        return Cure(Kind.NONE, Sentence(msgid, {"written": written}))
    if normalized(written.strip()) in map(normalized, spellings(number)):
        return Cure(Kind.NUMBER, stop.sentence)
    msgid = gettext_noop(
        "We have no number %(number)s. If it is ours, ask the provider to write the whole number"
        " first: it writes “%(written)s”, which nobody understands."
    )
    values = {"number": pretty(number), "written": written}
    return Cure(Kind.NONE, Sentence(msgid, values))


def number_of(written: str) -> str:
    """In E.164; "" for what is no number."""
    try:
        return e164(written)
    except NumberError:
        return ""


def likely(address: str, sources: Sequence[Source]) -> Source | None:
    """The connection that a call from there is most likely one of; None: it cannot be told.

    It has the address in its list, or is its provider's only one, or is the only connection.
    """
    owner = carrier_of(address, [(each.pk, each.networks) for each in sources])
    found = [each for each in sources if each.pk == owner]
    known = {preset.slug for preset in PRESETS if preset.covers(address)}
    found = found or [each for each in sources if each.provider in known] or list(sources)
    return found[0] if len(found) == 1 else None


def whose(address: str, sources: Iterable[Source]) -> list[Sentence]:
    """Whose network the address is in, as far as we know ourselves: nobody outside is asked."""
    found = []
    for each in sources:
        if carrier_of(address, [(each.pk, each.networks)]):
            msgid = gettext_noop("It is in the list of “%(trunk)s” already.")
            found.append(Sentence(msgid, {"trunk": each.name}))
    for preset in PRESETS:
        if preset.covers(address):
            msgid = gettext_noop("It is in a network of %(provider)s.")
            found.append(Sentence(msgid, {"provider": str(Sentence(preset.name))}))
    if is_inner(address):
        msgid = gettext_noop(
            "It belongs to a router, to Docker or to this computer: every caller may look so."
        )
        found.append(Sentence(msgid))
    nobody = gettext_noop("It is in no network of a provider that we know.")
    return found or [Sentence(nobody)]


def adding(number: str, trunk: str) -> Edit:
    """From now on `number` (E.164) comes through the connection with key `trunk`.

    The same click makes the same row, however often it comes.
    """
    key = str(uuid.uuid5(uuid.UUID(trunk), f"number {number}"))
    change = Change(model="number", key=key, values={"number": number, "trunk": trunk})
    return Edit(changes=(change,))


def is_plain(impact: Impact, number: str) -> bool:
    """It does what the button says and nothing else: the number is answered from then on."""
    moved = [each for each in impact.moves if each.number == number and each.after]
    others = len(impact.moves) - len(moved) or impact.doors
    return bool(moved) and not (others or impact.errors or impact.needs_tick)


def at_once(edit: Edit, number: str) -> Impact | None:
    """Add the number where that does nothing else; None: it is done. Else what to show first.

    Raises changes.ChangeError.
    """
    found = changes.preview(edit)
    return save_seen(edit, found.token, False) if is_plain(found, number) else found
