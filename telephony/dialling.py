"""Calls out: asked for, weighed, and dialled once; what becomes of them is in settling.py.

Every door that dials (the pages, and later the API, assistants, transfers, alarms) calls `ask`;
nothing else makes an OutboundCall, and nothing is dialled without one.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.models import Agent, StandIn, Worker
from telephony import queueing
from telephony.line import lines
from telephony.models import OutboundCall, PhoneNumber, PublishedObject, RungPhone, Trunk
from telephony.numbers import spelled
from telephony.outbound import Identity
from telephony.routing.outgoing import key_of_outbound
from telephony.routing.refusals import sentence_of
from telephony.routing.tolls import Go, Later, Limits, Refused, Usage, charged, decide_together
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.livekit.types import AGENT_NAME, Dial, LiveKitError, Participant
from veyra.models import SecurityEvent, User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "telephony.dial"
State = OutboundCall.State
Speaker = OutboundCall.Speaker

# Nobody is called for an assistant who does not come.
AGENT_SECONDS, LOOK_SECONDS = 20.0, 0.2
# His telephone is looked at for so long after it has stopped ringing.
PICKED_UP_SECONDS = 5.0
# A worker shows life every second.
FRESH = timedelta(seconds=10)
SECOND = timedelta(seconds=1)
# Who asked for a call longer ago than this may not want it any more.
WAITS_FOR_ROOM = timedelta(minutes=30)

# A gateway without a free processor is asked again; less than an assistant waits for a caller.
TOO_BUSY, BUSY_SECONDS = "cpu exhausted", 20.0

NO_AGENT = _(
    "The assistant did not come, so nobody was called. See on the home page that an assistant is"
    " working and has free places, then call again."
)
ALL_BUSY = _(
    "All assistants are talking now. The number is called as soon as one of them is free; you need"
    " not do anything."
)
BUSY_TOO_LONG = _(
    "For half an hour no assistant was free, so nobody was called. Call again, or speak yourself."
)
NOT_PUBLISHED = _(
    "“%(trunk)s” is not ready for calls out yet. Look at its state in the provider connection,"
    " then call again."
)
GONE = _("The number, its connection or the assistant is no longer there. Choose anew and call.")
SPEECHLESS = _(
    "“%(agent)s” is not to speak now: it is archived, or what it says is not published. Choose"
    " another assistant, or publish it again, then call."
)
NO_DIALLING = _(
    "“%(trunk)s” places no calls: it has no server for calls out, or is switched off. The engineer"
    " can change that in the connection."
)
NOT_HERE = _(
    "Your browser had left before anybody was called, so nobody was. Keep the page open, and call"
    " again."
)
NOT_PICKED_UP = _(
    "Your own telephone was not picked up, so nobody was called. Keep it at hand, and call again."
)
CUT_SHORT = _("The call was cut short by a restart. Call again.")


@dataclass(frozen=True)
class Wish:
    """Whom to call, from which number of ours, and who speaks: `agent` where an assistant does,
    `phone` (E.164) where one of us does by his telephone.
    """

    to: str
    number: PhoneNumber
    agent: Agent | None = None
    speaker: str = Speaker.ASSISTANT
    phone: str = ""


def ask(wish: Wish, user: User | None, ticket: UUID) -> OutboundCall:
    """Have a call placed soon; the row tells how it goes. `wish.to` is E.164 or an inner number.

    Whoever asks again with the same ticket is given the first row: a double click calls once.
    """
    values = {
        "to_number": wish.to,
        "number": wish.number,
        "trunk": wish.number.trunk,
        "agent": wish.agent,
        "speaker": wish.speaker,
        "speaker_phone": wish.phone,
        "asked_by": user,
    }
    row, _created = OutboundCall.objects.get_or_create(ticket=ticket, defaults=values)
    wake(TASK)
    return row


def run_next() -> bool:
    """Take the oldest call that may be placed now, and dial it. False: there is none to take.

    A connection that takes no more calls in this second does not keep those of the others, nor do
    calls for which no assistant is free keep those in which one of us speaks.
    """
    waiting = OutboundCall.objects.waiting().select_related("number", "trunk", "agent", "asked_by")
    full: set[int] = set()
    while row := waiting.exclude(trunk_id__in=full).first():
        verdict = claim(row)
        if isinstance(verdict, NoRoom):  # beat asks again in five seconds
            waiting = waiting.by_people()
            continue
        if not isinstance(verdict, Later):
            if isinstance(verdict, Go):
                dial(row, verdict.longest)
            return True
        full.add(row.trunk_id or 0)
    if full:
        time.sleep(LOOK_SECONDS)
    return bool(full)


# The one gate


@dataclass(frozen=True)
class NoRoom:
    """Each place of an assistant is taken: the call waits."""


@transaction.atomic
def claim(row: OutboundCall) -> Go | Later | NoRoom | None:
    """Take the row, if its connection's limits let it go. None: another has it, or it may not.

    The lock on the connection makes its claims follow one another, so that two workers cannot
    both take its last place; nothing is asked of the network meanwhile.
    """
    trunk = Trunk.objects.select_for_update().filter(pk=row.trunk_id or 0).first()
    now = timezone.now()
    if wrong := unready(row, trunk):
        turn_down(row, State.FAILED, wrong)
        return None
    if trunk is None:  # unready has said so
        return None
    verdict = decide_together(telephones(row), limits_of(trunk), usage_of(trunk, now))
    if isinstance(verdict, Refused):
        if turn_down(row, State.REFUSED, verdict.sentence):
            detail = verdict.sentence.to_json()
            SecurityEvent.objects.create(kind=verdict.kind, user=row.asked_by, detail=detail)
        return None
    if isinstance(verdict, Later):
        return verdict
    if not (row.is_by_people or has_room(now)):
        return wait_for_room(row, now)
    seconds = int(verdict.longest.total_seconds()) * row.legs
    taken = OutboundCall.objects.filter(pk=row.pk, state=State.WAITING).update(
        state=State.DIALLED, claimed_at=now, seconds=seconds, result={}
    )
    return verdict if taken else None


def has_room(now: datetime) -> bool:
    """Is a place of an assistant free that is nobody's who waits for it already?"""
    workers = Worker.objects.taking_calls(now - FRESH)
    return queueing.free_places(list(workers)) > StandIn.objects.queued().count()


def wait_for_room(row: OutboundCall, now: datetime) -> NoRoom | None:
    """Whoever asked is told so. None: he has waited too long."""
    if now - row.asked_at > WAITS_FOR_ROOM:
        turn_down(row, State.FAILED, Sentence(BUSY_TOO_LONG))
        return None
    waiting = OutboundCall.objects.filter(pk=row.pk, state=State.WAITING, result={})
    waiting.update(result=Sentence(ALL_BUSY).to_json())
    return NoRoom()


def put_back(row: OutboundCall) -> None:
    """No telephone was called, since somebody else was faster to take the last place: it waits."""
    still = OutboundCall.objects.filter(pk=row.pk, state=State.DIALLED, over_at=None)
    waits = {"state": State.WAITING, "claimed_at": None, "seconds": 0}
    still.update(**waits, result=Sentence(ALL_BUSY).to_json())


def telephones(row: OutboundCall) -> list[str]:
    """All that are called for it, in order."""
    return [row.speaker_phone, row.to_number][-row.legs :]


def turn_down(row: OutboundCall, state: State, why: Sentence) -> bool:
    """It is not dialled, and this is why. False: it was dialled meanwhile."""
    now = timezone.now()
    waiting = OutboundCall.objects.filter(pk=row.pk, state=State.WAITING)
    return bool(waiting.update(state=state, result=why.to_json(), over_at=now))


def unready(row: OutboundCall, trunk: Trunk | None) -> Sentence | None:
    """Why this call cannot be placed at all; what it would cost is another question."""
    if trunk is None or row.number is None:
        return Sentence(GONE)
    if not (trunk.is_active and trunk.archived_at is None and trunk.out_address):
        return Sentence(NO_DIALLING, {"trunk": trunk.name})
    if not PublishedObject.objects.id_of(key_of_outbound(str(trunk.key))):
        return Sentence(NOT_PUBLISHED, {"trunk": trunk.name})
    return None if row.is_by_people else _speechless(row)


def _speechless(row: OutboundCall) -> Sentence | None:
    """Why its assistant cannot speak."""
    if row.agent is None:
        return Sentence(GONE)
    if row.agent.archived_at or row.agent.current() is None:
        return Sentence(SPEECHLESS, {"agent": row.agent.name})
    if not Worker.objects.taking_calls(timezone.now() - FRESH).exists():
        return Sentence(NO_AGENT)
    return None


def limits_of(trunk: Trunk) -> Limits:
    own = trunk.numbers.in_use().values_list("number", flat=True).distinct()
    return Limits(
        name=trunk.name,
        prefixes=lines(trunk.out_prefixes),
        own=tuple(own[:OWN_LOOKED_AT]),
        at_once=trunk.out_at_once,
        minutes=trunk.out_minutes,
        pace=trunk.out_pace,
    )


# The countries of a connection show in its first numbers.
OWN_LOOKED_AT = 200


def usage_of(trunk: Trunk, now: datetime) -> Usage:
    """Two queries. A call belongs to the day on which it was dialled, in the installation's zone.
    Telephones of colleagues that are rung for a call count as well.
    """
    midnight = midnight_before(now)
    dialled = OutboundCall.objects.filter(trunk=trunk, state=State.DIALLED)
    # Of those that take two telephones, the second is called when somebody has come to the first.
    twice = Q(speaker=Speaker.PHONE)
    found = dialled.filter(Q(claimed_at__gte=midnight) | Q(over_at=None)).aggregate(
        going_on=Count("pk", filter=Q(over_at=None)) + Count("pk", filter=twice & Q(over_at=None)),
        just_begun=Count("pk", filter=Q(claimed_at__gt=now - SECOND))
        + Count("pk", filter=twice & Q(here_at__gt=now - SECOND)),
        seconds=Sum("seconds", filter=Q(claimed_at__gte=midnight), default=0),
    )
    rung = RungPhone.objects.usage(trunk, midnight, now - SECOND)
    return Usage(**{name: found[name] + rung[name] for name in found})


def midnight_before(now: datetime) -> datetime:
    """When the day began for which a connection has its minutes."""
    here = timezone.localtime(now, timezone.get_default_timezone())
    return here.replace(hour=0, minute=0, second=0, microsecond=0)


# Dialling


def dial(row: OutboundCall, longest: timedelta) -> None:
    """Call the telephone of a claimed row: at most once, whatever happens."""
    try:
        with LiveKit.from_settings() as livekit:
            if msgid := SPEAKS[Speaker(row.speaker)](livekit, row, longest):
                if msgid == NO_AGENT and not has_room(timezone.now()):
                    end_room(livekit, row)
                    put_back(row)
                else:
                    close(row, Sentence(msgid))
                    end_room(livekit, row)
            else:
                _place_or_end(livekit, row, longest)
    except LiveKitError as error:
        log.warning("call %s was not placed: %s", row.pk, error.code)
        close(row, sentence_of(error))


def brief(row: OutboundCall) -> str:
    """What the assistant is told (agentworker.brief)."""
    return json.dumps({"agent": str(row.agent.key) if row.agent else ""})


# Who speaks comes first. Each says why nobody does, as a msgid; "" once he is there.


def _send_assistant(livekit: LiveKit, row: OutboundCall, _longest: timedelta) -> str:
    livekit.create_dispatch(AGENT_NAME, row.room, brief(row))
    end = time.monotonic() + AGENT_SECONDS
    while time.monotonic() < end:
        if any(person.kind == "agent" for person in livekit.list_participants(row.room)):
            return ""
        time.sleep(LOOK_SECONDS)
    return NO_AGENT


def _look_for_browser(livekit: LiveKit, row: OutboundCall, _longest: timedelta) -> str:
    """It came before the row could be claimed."""
    return "" if speaker_in(livekit, row) else NOT_HERE


def _call_speaker(livekit: LiveKit, row: OutboundCall, longest: timedelta) -> str:
    """His telephone is called, and when he has picked it up the other one may be."""
    place(livekit, _dial_speaker(row, longest))
    end = time.monotonic() + (row.trunk.out_ringing if row.trunk else 0) + PICKED_UP_SECONDS
    while (person := speaker_in(livekit, row)) and time.monotonic() < end:
        if has_picked_up(person):
            while not _has_come(row):
                time.sleep(LOOK_SECONDS)
            return ""
        time.sleep(LOOK_SECONDS)
    return NOT_PICKED_UP


SPEAKS: dict[Speaker, Callable[[LiveKit, OutboundCall, timedelta], str]] = {
    Speaker.ASSISTANT: _send_assistant,
    Speaker.BROWSER: _look_for_browser,
    Speaker.PHONE: _call_speaker,
}


def speaker_in(livekit: LiveKit, row: OutboundCall) -> Participant | None:
    """One of us who speaks, where he is in the room."""
    people = speakers(livekit, row.room)
    return next((each for each in people if each.identity == row.speaker_identity), None)


def has_picked_up(person: Participant | None) -> bool:
    return person is not None and person.attributes.get("sip.callStatus") == "active"


def speakers(livekit: LiveKit, room: str) -> list[Participant]:
    """Who is there; nobody, where there is no such room."""
    try:
        return livekit.list_participants(room)
    except LiveKitError as error:
        if error.code != "not_found":
            raise
        return []


@transaction.atomic
def _has_come(row: OutboundCall) -> bool:
    """The number may be called now: he is there, and the provider takes one more call."""
    trunk = Trunk.objects.select_for_update().filter(pk=row.trunk_id or 0).first()
    now = timezone.now()
    if trunk and usage_of(trunk, now).just_begun >= trunk.out_pace:
        return False
    OutboundCall.objects.filter(pk=row.pk).update(here_at=now)
    row.here_at = now
    return True


def _place_or_end(livekit: LiveKit, row: OutboundCall, longest: timedelta) -> None:
    """After an error it may ring nevertheless: the books stay open until its room is gone."""
    try:
        place(livekit, _dial_of(row, longest))
    except LiveKitError as error:
        why = sentence_of(error)
        log.warning("call %s was not placed: %s", row.pk, error.code)
        OutboundCall.objects.filter(pk=row.pk, over_at=None).update(result=why.to_json())
        try:
            end_room(livekit, row)
        except LiveKitError:  # settling.end_overdue asks again
            return
        close(row, why)


def place(livekit: LiveKit, dial: Dial, seconds: float = BUSY_SECONDS) -> None:
    """A gateway that is too busy says so before it does anything: then it may be asked again, for
    so many seconds.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            livekit.dial(dial)
            return
        except LiveKitError as error:
            if TOO_BUSY not in error.message or time.monotonic() > end:
                raise
        time.sleep(LOOK_SECONDS)


def end_room(livekit: LiveKit, row: OutboundCall) -> None:
    """Nothing rings or talks in it any more. Raises LiveKitError."""
    try:
        livekit.delete_room(row.room)
    except LiveKitError as error:
        if error.code != "not_found":
            raise


def close(row: OutboundCall, why: Sentence) -> None:
    """It came to nothing, and took nothing from the day but what our own telephone did."""
    now = timezone.now()
    OutboundCall.objects.filter(pk=row.pk, over_at=None).update(
        state=State.FAILED, result=why.to_json(), over_at=now, seconds=charged_to_speaker(row, now)
    )


def charged_to_speaker(row: OutboundCall, ended: datetime) -> int:
    """Seconds of the day that the telephone of who speaks for us took."""
    return charged(row.here_at, ended) if row.speaker == Speaker.PHONE else 0


def _dial_of(row: OutboundCall, longest: timedelta) -> Dial:
    if row.number is None or row.trunk is None:
        raise ValueError("a claimed call names its number and connection")
    trunk, shown = row.trunk, row.number.number
    number = spelled(shown, trunk.out_spelling)
    return Dial(
        trunk_id=PublishedObject.objects.id_of(key_of_outbound(str(trunk.key))),
        to=spelled(row.to_number, trunk.out_spelling),
        shown=trunk.dials_as if trunk.out_from_login else number,
        room=row.room,
        identity=row.callee_identity,
        attributes={
            "veyra.call": str(row.pk),
            "veyra.role": "callee",
            **({"veyra.agent": str(row.agent.key)} if row.agent else {}),
            "veyra.from": shown,
            "veyra.to": row.to_number,
        },
        headers=identity_headers(trunk, number),
        ringing=timedelta(seconds=trunk.out_ringing),
        longest=longest,
        dialtone=row.is_by_people,
    )


def _dial_speaker(row: OutboundCall, longest: timedelta) -> Dial:
    """His telephone makes no call of its own: he belongs to the one that he wants to have."""
    return replace(
        _dial_of(row, longest),
        to=spelled(row.speaker_phone, row.trunk.out_spelling if row.trunk else ""),
        identity=row.speaker_identity,
        name=speaker_name(row),
        attributes={"veyra.role": "colleague", "veyra.call": str(row.pk)},
        dialtone=False,
    )


def speaker_name(row: OutboundCall) -> str:
    """Whom colleagues read."""
    user = row.asked_by
    return (user.get_full_name() or user.get_username()) if user else ""


def identity_headers(trunk: Trunk, number: str) -> dict[str, str]:
    if trunk.out_identity == Identity.NONE:
        return {}
    host = trunk.out_from_host or trunk.out_address.split(":")[0]
    party = ";party=calling" if trunk.out_identity == Identity.REMOTE else ""
    return {trunk.out_identity: f"<sip:{number}@{host}>{party}"}
