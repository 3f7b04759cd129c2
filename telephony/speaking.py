"""Calls out in which one of us speaks himself: his browser comes and goes, and who leaves ends the
call. How he is called first by his telephone is in dialling.py.
"""

import logging
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from telephony import dialling
from telephony.attending import NotNowError
from telephony.models import Call, OutboundCall
from telephony.telling import tell
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.tokens import visitor_token
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "telephony.speak"
RIGHT = "telephony.add_outboundcall"
State, Speaker = OutboundCall.State, OutboundCall.Speaker

# Whoever asked for a call in his browser is there within a moment, unless it may not open the
# microphone: so long he has to find out why.
COMES = timedelta(minutes=3)
# Once he is there, the number is dialled within this, by a busy gateway, too.
DIALS = timedelta(seconds=dialling.BUSY_SECONDS + 5)
# The room of a call that is over is looked for so long.
CLEARED = timedelta(minutes=2)
# The fact, of the other party's call, that who spoke for us has left it.
LEFT = "speaker_left"

OVER = _("This call is over. Call again.")
NEVER_CAME = _("Your browser never came to the line, so nobody was called. Call again.")


# The browser


def enter(row: OutboundCall) -> str:
    """A token for the browser of who asked for the call. Raises NotNowError."""
    if row.over_at or row.left_at or row.speaker != Speaker.BROWSER:
        raise NotNowError(OVER)
    return visitor_token(
        identity=row.speaker_identity,
        name=dialling.speaker_name(row),
        room=row.room,
        attributes={"veyra.role": "colleague", "veyra.call": str(row.pk)},
        speaks=True,
        presses_keys=True,
    )


def come(row: OutboundCall) -> None:
    """The browser is in the room and sends its sound: the number may be called."""
    new = OutboundCall.objects.filter(pk=row.pk, state=State.WAITING, here_at=None)
    if new.update(here_at=timezone.now()):
        wake(dialling.TASK)


def leave(row: OutboundCall) -> None:
    """The page is being closed, or its reader hung up: that ends the call, wherever it stands."""
    waiting = OutboundCall.objects.filter(pk=row.pk, state=State.WAITING)
    now = timezone.now()
    why = Sentence(dialling.NOT_HERE).to_json()
    if not waiting.update(state=State.FAILED, result=why, over_at=now):
        _tell(row)
    OutboundCall.objects.filter(pk=row.pk, left_at=None).update(left_at=now)
    wake(TASK)


def _tell(row: OutboundCall) -> None:
    """It is not the provider, nor the other party, who ended it."""
    call = Call.objects.going_on().filter(pk=row.pk).first()
    if call:
        tell(call, LEFT, str(row.pk), who=dialling.speaker_name(row))


# Who has to go


def look() -> None:
    """End the calls whose speaker has left or may speak no more, and empty the rooms of those that
    are over. LiveKit is asked only where there are such calls.
    """
    now = timezone.now()
    for row in OutboundCall.objects.never_begun(now - COMES):
        dialling.turn_down(row, State.FAILED, Sentence(NEVER_CAME))
    calls = OutboundCall.objects.by_people().select_related("asked_by", "trunk")
    # Together in one query they would be looked for in all that there ever were.
    rows = [*calls.open(), *calls.over_since(now - CLEARED)]
    if not rows:
        return
    try:
        with LiveKit.from_settings() as livekit:
            there = {room.name for room in livekit.list_rooms()}
            present = [row for row in rows if row.room in there]
            seen = Call.objects.in_bulk([row.pk for row in present])
            for row in present:
                _look_at(livekit, row, was_seen=row.pk in seen)
    except LiveKitError as error:  # the next look is in a few seconds
        log.warning("rooms of calls out were not looked at: %s", error.code)


def _look_at(livekit: LiveKit, row: OutboundCall, *, was_seen: bool) -> None:
    if must_end(livekit, row):
        _end(livekit, row)
    elif row.here_at is None:
        _note_who_picked_up(livekit, row)
    elif not was_seen and is_forgotten(livekit, row, timezone.now()):
        dialling.end_room(livekit, row)
        dialling.close(row, Sentence(dialling.CUT_SHORT))


def must_end(livekit: LiveKit, row: OutboundCall) -> bool:
    """Nobody of ours talks in it any more, or the other side has gone."""
    if row.over_at or row.left_at:
        return True
    if not may_speak(row.asked_by):
        return True
    # Before the number may be dialled, dialling itself looks whether he is there.
    return row.here_at is not None and dialling.speaker_in(livekit, row) is None


def _note_who_picked_up(livekit: LiveKit, row: OutboundCall) -> None:
    """For a dialling process that may have died; one that lives notes it, too, and goes on."""
    if dialling.has_picked_up(dialling.speaker_in(livekit, row)):
        waits = OutboundCall.objects.open().filter(pk=row.pk, here_at=None)
        waits.update(here_at=timezone.now())


def is_forgotten(livekit: LiveKit, row: OutboundCall, now: datetime) -> bool:
    """Whoever of us speaks is there, and nobody dials: the process that was to do it died. Of a
    call that has not been seen yet.
    """
    if not row.here_at or not row.claimed_at or now < max(row.here_at, row.claimed_at) + DIALS:
        return False
    people = dialling.speakers(livekit, row.room)
    return all(person.identity != row.callee_identity for person in people)


def may_speak(user: User | None) -> bool:
    return user is not None and user.is_active and user.is_staff and user.has_perm(RIGHT)


def _end(livekit: LiveKit, row: OutboundCall) -> None:
    if not row.over_at:
        _tell(row)
    dialling.end_room(livekit, row)
    if Call.objects.filter(pk=row.pk).exists():  # its own end tells why, and what it took
        return
    still = OutboundCall.objects.filter(pk=row.pk, over_at=None, result={})
    still.update(result=Sentence(dialling.NOT_HERE).to_json())
