"""Staff at a call: who may enter its room, who is there, and who has to go.

A page that is open says so every few seconds. `sweep` ends the visits of those whose page fell
silent, who logged out, lost the right or whose call is over, and has LiveKit remove them.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from telephony import intake, ringing
from telephony.models import Call, CallEvent, Colleague, Ring, Visit
from veyra import live
from veyra.livekit.client import LiveKit
from veyra.livekit.tokens import visitor_token
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "telephony.attend"
RIGHTS = {
    Visit.Kind.LISTEN: "telephony.listen_call",
    Visit.Kind.JOIN: "telephony.join_call",
    # Besides, his browser has to ring for it.
    Visit.Kind.TAKE: "telephony.view_call",
}
# A page says every ten seconds that it is open; a tab in the background may be slow to.
SILENT_AFTER = timedelta(seconds=90)
# LiveKit gives whoever is inside a token for ten minutes, and a new one every five.
COMES_BACK_WITHIN = timedelta(minutes=15)
VISITORS = frozenset({"listener", "supervisor"})
# The kinds of the events at the beginning and at the end.
BEGAN = {Visit.Kind.LISTEN: "staff_listen", Visit.Kind.JOIN: "staff_join"}
LEFT = {Visit.Kind.LISTEN: "staff_listen_end", Visit.Kind.JOIN: "staff_join_end"}
# What the audit says.
DONE = {
    Visit.Kind.LISTEN: _("Began to listen to the call."),
    Visit.Kind.JOIN: _("Joined the talk of the call."),
    Visit.Kind.TAKE: _("Took the call."),
}

NOT_YET = _("The call has no sound yet. Try again in a moment.")
UNANSWERED = _("Nobody has answered this call yet. You can join as soon as somebody has.")
OVER = _("The call has ended.")
TAKEN = _("%(who)s was faster and has taken this call.")
RINGS_NO_MORE = _("This call does not ring for you any more.")
BY_TELEPHONE = _("You have taken this call by telephone.")


class NotNowError(Exception):
    """The call cannot be entered, or stayed in; says why."""

    def __init__(self, msgid: str, **values: Any) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


def is_allowed(user: User, kind: str) -> bool:
    return user.is_active and user.is_staff and user.has_perm(RIGHTS[Visit.Kind(kind)])


def obstacle(call: Call, kind: str) -> str:
    """Why nobody can enter it so, as a msgid; "" where one can."""
    if call.state == Call.State.ENDED:
        return OVER
    if not call.room_name:
        return NOT_YET
    unanswered = call.state == Call.State.RINGING
    return UNANSWERED if unanswered and kind == Visit.Kind.JOIN else ""


def enter(call: Call, kind: str, user: User, login: str | None) -> Visit:
    """Begin a visit of `user`, whose session has the key `login`. Raises NotNowError."""
    visit = _begun(call, kind, user, login)
    with transaction.atomic():
        _save(visit, user)
        _tell(visit, BEGAN[Visit.Kind(kind)], visit.began_at)
    return visit


def take(ring: Ring, user: User, login: str | None) -> Visit:
    """He for whom the call rings answers it, in his browser. A page that is loaded anew while he
    talks comes back by this, too. Raises NotNowError.
    """
    visit = _begun(ring.call, Visit.Kind.TAKE, user, login)
    colleague = Colleague.objects.of_user(user)
    with transaction.atomic():
        if colleague is None or not ringing.take(ring, colleague, visit.identity):
            _come_back(ring, colleague, visit)
        _save(visit, user)
    return visit


def _come_back(ring: Ring, colleague: Colleague | None, visit: Visit) -> None:
    ring.refresh_from_db()
    if colleague and ring.taken_by == colleague and ring.is_by_phone:
        raise NotNowError(BY_TELEPHONE if ring.over_at is None else RINGS_NO_MORE)
    his = Ring.objects.talking().filter(pk=ring.pk, taken_by=colleague)
    if colleague and his.update(taken_as=visit.identity):
        return
    if ring.taken_by and ring.taken_by != colleague:
        raise NotNowError(TAKEN, who=ring.taken_by.name)
    raise NotNowError(RINGS_NO_MORE)


def _begun(call: Call, kind: str, user: User, login: str | None) -> Visit:
    if problem := obstacle(call, kind):
        raise NotNowError(problem)
    now = timezone.now()
    return Visit(
        id=uuid4(), call=call, user=user, login_id=login, kind=kind, began_at=now, seen_at=now
    )


def _save(visit: Visit, user: User) -> None:
    visit.save(force_insert=True)
    note = gettext(DONE[Visit.Kind(visit.kind)])
    LogEntry.objects.log_actions(user.pk, [visit.call], CHANGE, change_message=note)


def stay(visit: Visit, login: str | None) -> None:
    """The page is still open. Raises NotNowError where the visit is over."""
    if obstacle(visit.call, visit.kind) == OVER:
        raise NotNowError(OVER)
    going_on = Visit.objects.going_on().filter(pk=visit.pk)
    if not going_on.update(seen_at=timezone.now(), login=login):
        raise NotNowError(_("You have left this call. Press the button to come back."))


def leave(visit: Visit) -> bool:
    """End the visit. False: it was over already."""
    now = timezone.now()
    with transaction.atomic():
        ended = Visit.objects.going_on().filter(pk=visit.pk).update(left_at=now) == 1
        # That who took the call has left it, the ring itself tells.
        if ended and visit.kind in LEFT:
            _tell(visit, LEFT[Visit.Kind(visit.kind)], now)
    return ended


def token(visit: Visit) -> str:
    return visitor_token(
        identity=visit.identity,
        name=visit.name,
        room=visit.call.room_name,
        attributes={"veyra.role": visit.role, "veyra.call": str(visit.call_id)},
        speaks=visit.kind != Visit.Kind.LISTEN,
        presses_keys=visit.kind == Visit.Kind.TAKE,
    )


def _tell(visit: Visit, kind: str, at: datetime) -> None:
    """An event of the room, since all that is said in it is heard; and pages show it."""
    call = visit.call
    event = CallEvent(
        event_id=f"staff:{kind}:{visit.pk}",
        source=CallEvent.Source.STAFF,
        kind=kind,
        at=at,
        payload={"who": visit.name, "user": visit.user_id, "visit": str(visit.pk)},
        room_sid=call.room_sid,
        room_name=call.room_name,
    )
    intake.store([event])
    Call.objects.filter(pk=call.pk).update(version=F("version") + 1)
    live.changed("call", call.pk)


# who has to go


def sweep() -> int:
    """End the visits that may not go on; how many. Who is in a room without one is removed."""
    now = timezone.now()
    ended = 0
    for visit in Visit.objects.going_on().with_rights():
        if not may_stay(visit, now):
            ended += leave(visit)
    lately = list(Visit.objects.left_since(now - COMES_BACK_WITHIN))
    gone: dict[str, set[str]] = defaultdict(set)
    for visit in lately:
        gone[visit.call.room_name].add(visit.identity)
    if gone:
        _clear(gone)
    return ended


def may_stay(visit: Visit, now: datetime) -> bool:
    """`visit` comes with its call, person and login."""
    if visit.call.state == Call.State.ENDED or visit.seen_at < now - SILENT_AFTER:
        return False
    logged_in = visit.login is not None and visit.login.expire_date > now
    if not logged_in or visit.user is None or not is_allowed(visit.user, visit.kind):
        return False
    return Call.objects.visible_to(visit.user).filter(pk=visit.call_id).exists()


def _clear(gone: Mapping[str, set[str]]) -> None:
    """`gone`: by room, the participants of visits that were over lately."""
    try:
        with LiveKit.from_settings() as livekit:
            there = {room.name for room in livekit.list_rooms()}
            for room in there.intersection(gone):
                _clear_room(livekit, room, gone[room])
    except LiveKitError as error:  # the next look is in a few seconds
        log.warning("visitors could not be removed: %s", error.code or type(error).__name__)


def _clear_room(livekit: LiveKit, room: str, gone: set[str]) -> None:
    """Remove visitors whose visit is over. Colleagues come by telephone as well, without one."""
    present = livekit.list_participants(room)
    visitors = {p.identity for p in present if p.attributes.get("veyra.role") in VISITORS}
    visitors |= gone & {p.identity for p in present}
    allowed = {visit.identity for visit in Visit.objects.going_on().in_room(room)}
    for identity in visitors - allowed:
        try:
            livekit.remove_participant(room, identity)
        except LiveKitError as error:
            if error.code != "not_found":  # he has left by himself
                raise
