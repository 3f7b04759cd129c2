"""Colleagues' telephones, rung for a Ring: weighed like every call out, and dialled once."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.models import StandIn
from telephony import dialling
from telephony.dialling import identity_headers, limits_of, usage_of
from telephony.models import PhoneNumber, PublishedObject, Ring, RungPhone, Trunk
from telephony.numbers import spelled
from telephony.ringing import TASK
from telephony.routing.outgoing import key_of_outbound
from telephony.routing.refusals import sentence_of
from telephony.routing.tolls import Go, Later, Refused, charged, decide, must_end_by
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Dial, LiveKitError
from veyra.models import SecurityEvent
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

State = RungPhone.State

# A gateway without a free processor is asked again for so long: whoever is rung has little more.
BUSY_SECONDS = 3.0

NO_LINE = _(
    "No provider connection places calls, so no telephone of a colleague could be called. The"
    " engineer can set up calls out in a connection."
)
NOT_WANTED = _("Nobody wanted this telephone any more.")


def run_next() -> bool:
    """Take the oldest telephone that is to be dialled, and dial it. False: there is none to take.

    One whose connection takes no more calls in this second does not keep the others.
    """
    of_call = ("ring__call__trunk", "ring__call__number")
    waiting = RungPhone.objects.waiting().select_related(*of_call, "colleague")
    full: list[int] = []
    while row := waiting.exclude(pk__in=full).first():
        verdict = claim(row)
        if not isinstance(verdict, Later):
            if isinstance(verdict, Go):
                dial(row, verdict.longest)
            return True
        full.append(row.pk)
    if full:
        time.sleep(dialling.LOOK_SECONDS)
    return bool(full)


@transaction.atomic
def claim(row: RungPhone) -> Go | Later | None:
    """Take the row, if its connection's limits let it go. None: another has it, or it may not."""
    ring = row.ring
    if ring.state != Ring.State.RINGING or ring.place != row.place:
        _turn_down(row, Sentence(NOT_WANTED))
        return None
    found = trunk_for(ring)
    trunk = Trunk.objects.select_for_update().filter(pk=found.pk).first() if found else None
    if trunk is None:
        _turn_down(row, Sentence(NO_LINE))
        return None
    if not PublishedObject.objects.id_of(key_of_outbound(str(trunk.key))):
        _turn_down(row, Sentence(dialling.NOT_PUBLISHED, {"trunk": trunk.name}))
        return None
    now = timezone.now()
    verdict = decide(row.phone, limits_of(trunk), usage_of(trunk, now))
    if isinstance(verdict, Refused):
        if _turn_down(row, verdict.sentence):
            detail = verdict.sentence.to_json()
            SecurityEvent.objects.create(kind=verdict.kind, user=ring.asked_by, detail=detail)
        return None
    if isinstance(verdict, Later):
        return verdict
    row.trunk, row.claimed_at, row.state = trunk, now, State.DIALLED
    taken = RungPhone.objects.filter(pk=row.pk, state=State.WAITING).update(
        state=row.state,
        claimed_at=now,
        trunk=trunk,
        seconds=int(verdict.longest.total_seconds()),
    )
    return verdict if taken else None


def _turn_down(row: RungPhone, why: Sentence) -> bool:
    """It is not dialled, and this is why."""
    waiting = RungPhone.objects.filter(pk=row.pk, state=State.WAITING)
    values = {"state": State.FAILED, "over_at": timezone.now(), "result": why.to_json()}
    return bool(waiting.update(**values))


def trunk_for(ring: Ring) -> Trunk | None:
    """The connection by which the call came, if it places calls; else one that does."""
    own = ring.call.trunk
    if own and own.is_active and not own.archived_at and own.out_address and shown_of(own):
        return own
    number = PhoneNumber.objects.may_call_out().with_trunk().order_by("pk").first()
    return number.trunk if number else None


def shown_of(trunk: Trunk) -> str:
    """The number of ours that the colleague sees; "" where the connection has none."""
    return trunk.numbers.in_use().order_by("pk").values_list("number", flat=True).first() or ""


def dial(row: RungPhone, longest: timedelta) -> None:
    """Call the telephone of a claimed row: at most once, whatever happens.

    After an error that may pass it may ring nevertheless: the books stay open until whoever looks
    into the room stops it, or sees that it did not come.
    """
    try:
        with LiveKit.from_settings() as livekit:
            dialling.place(livekit, _dial_of(row, longest), BUSY_SECONDS)
            if not _is_wanted(row):  # whoever stopped it did not find it in the room yet
                stop(livekit, row, row.ring.call.room_name)
    except LiveKitError as error:
        log.warning("telephone %s was not rung: %s", row.pk, error.code)
        still = RungPhone.objects.filter(pk=row.pk, over_at=None)
        over = {"state": State.FAILED, "over_at": timezone.now(), "seconds": 0}
        still.update(result=sentence_of(error).to_json(), **(over if error.permanent else {}))


def _is_wanted(row: RungPhone) -> bool:
    ring = Ring.objects.going_on().filter(pk=row.ring_id).first()
    if ring is None:
        return False
    return ring.place == row.place and ring.taken_as in ("", row.identity)


def _dial_of(row: RungPhone, longest: timedelta) -> Dial:
    ring, trunk = row.ring, row.trunk
    if trunk is None or ring.next_at is None:
        raise ValueError("a claimed row names its connection, and its ring who is rung")
    call = ring.call
    own = call.number.number if call.number and call.number.trunk_id == trunk.pk else ""
    number = spelled(own or shown_of(trunk), trunk.out_spelling)
    rings = min(ring.next_at - timezone.now(), timedelta(seconds=trunk.out_ringing))
    return Dial(
        trunk_id=PublishedObject.objects.id_of(key_of_outbound(str(trunk.key))),
        to=spelled(row.phone, trunk.out_spelling),
        shown=trunk.dials_as if trunk.out_from_login else number,
        room=call.room_name,
        identity=row.identity,
        name=row.colleague.name if row.colleague else "",
        attributes={
            "veyra.role": "colleague",
            "veyra.call": str(call.pk),
            "veyra.ring": str(ring.pk),
        },
        headers=identity_headers(trunk, number),
        # The next one is rung by us; the gateway's own end only helps where we are away.
        ringing=max(rings, timedelta(seconds=1)) + timedelta(seconds=2),
        longest=longest,
        dialtone=ring.why != Ring.Why.TRANSFER and not StandIn.objects.waits_in(call.room_sid),
    )


# While they ring, and afterwards


def of(rings: Sequence[Ring]) -> dict[UUID, list[RungPhone]]:
    """The telephones of these searches. One query, none where there is no search."""
    found: dict[UUID, list[RungPhone]] = defaultdict(list)
    for phone in RungPhone.objects.of_rings(rings) if rings else ():
        found[phone.ring_id].append(phone)
    return found


def note_answer(phone: RungPhone, now: datetime) -> None:
    RungPhone.objects.filter(pk=phone.pk, answered_at=None).update(answered_at=now)


def is_late(phone: RungPhone) -> bool:
    """Has it lasted as long as it may? The gateway does not look."""
    if phone.answered_at is None:
        return False
    ends = must_end_by(phone.answered_at, timedelta(seconds=phone.seconds))
    return timezone.now() > ends


def stop(livekit: LiveKit, phone: RungPhone, room: str) -> None:
    """It rings no more, and nobody talks by it. What LiveKit does not do is asked again."""
    try:
        livekit.remove_participant(room, phone.identity)
    except LiveKitError as error:
        if error.code != "not_found":
            return
    end(phone)


def end(phone: RungPhone) -> None:
    """Its books are closed."""
    now = timezone.now()
    RungPhone.objects.filter(pk=phone.pk, state=State.WAITING).update(
        state=State.FAILED, over_at=now, result=Sentence(NOT_WANTED).to_json()
    )
    answered = RungPhone.objects.filter(pk=phone.pk).values_list("answered_at", flat=True).first()
    still = RungPhone.objects.filter(pk=phone.pk, over_at=None)
    still.update(over_at=now, seconds=charged(answered, now))


def close_books(ring: Ring) -> None:
    for phone in RungPhone.objects.of_rings([ring]):
        if phone.over_at is None:
            end(phone)


def end_forgotten() -> int:
    """Telephones of searches that are over, which could not be stopped when they were, and those
    that have lasted as long as they may, where the watchdog is away; how many.
    """
    going_on = RungPhone.objects.open().select_related("ring__call")
    rows = [row for row in going_on if row.ring.over_at or is_late(row)]
    if rows:
        with LiveKit.from_settings() as livekit:
            for row in rows:
                stop(livekit, row, row.ring.call.room_name)
    if RungPhone.objects.waiting().exists():
        wake(TASK)
    return len(rows)
