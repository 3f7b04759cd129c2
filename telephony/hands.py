"""The hands that staff have on a call: whether each can be used now, and how it is done."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from telephony.dialling import limits_of, midnight_before, usage_of
from telephony.models import Call, CallAction, Leg, OutboundCall, Ring, Trunk
from telephony.numbers import spelled
from telephony.routing.tolls import SHORTEST, Refused, Usage, decide
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError, Transfer
from veyra.models import SecurityEvent, User
from veyra.sentences import Sentence

Kind = CallAction.Kind

HINT_TOPIC = "veyra.hint"

OVER = _("The call is over already.")
NOT_HERE_YET = _("The call has not reached us yet. Try again in a moment.")
STILL_RINGS = _("A call that still rings cannot be transferred. Wait until somebody has answered.")
BROWSER = _("This call comes from a browser, not from a telephone: it cannot be transferred.")
NO_CONNECTION = _(
    "It is not known through which connection this call came: it cannot be transferred."
)
NO_REFER = _(
    "“%(trunk)s” does not transfer calls. Have the number written down as a colleague: then the"
    " call can be given to it here. Or, if the provider can transfer, the engineer switches it on"
    " in the connection, under “Calls out: more settings”."
)
HUNG_UP = _("The call was ended.")
HINTED = _("The hint went to the assistant.")
TRANSFERRED = _("The provider has taken the call over.")
# What the gateway says when its own transaction ended before it read the answer.
ANSWER_MISSED, LOOK_SECONDS = "transaction failed to complete", 0.5
LEFT = _(
    "The caller left us while the provider was to connect him: it has taken the call over, or he"
    " hung up. The provider did not say which. Ask at that number whether the call has arrived."
)
UNTOLD = _(
    "The provider did not say what became of the transfer, and the caller is still with us. Try"
    " again."
)
ONE_OF_US = _(
    "A colleague talks in this call already, so it cannot be introduced to another one. Tell the"
    " other one yourself."
)
NO_ASSISTANT = _("No assistant is in this call, so nobody can read the hint.")
AWAY = _("LiveKit does not answer, so it is not known whether this was done. Look, then ask again.")
REFUSED = _(
    "LiveKit refused this. Show the call to your engineer: what LiveKit said is kept under"
    " “Details”."
)

# Kinds of refusals by a connection's limits.
TRANSFER_LIMITS = {
    "dial_at_once": _(
        "“%(trunk)s” may transfer %(count)s calls in a minute, and that many were. The caller stays"
        " with us. Wait a minute, then try again."
    ),
    "dial_minutes": _(
        "The %(minutes)s minutes of today are used up on “%(trunk)s”: calls out take them, and one"
        " for each transfer. The caller stays with us. The engineer can allow more in the"
        " connection."
    ),
}
# What the exchange answered to a transfer.
NO_ANSWER = _("Nobody answered at that number. The caller stays with us.")
TRANSFER_ANSWERS: dict[int, str] = {
    403: _("The provider forbids this transfer. Ask its support. The caller stays with us."),
    404: _("The provider knows no such number. Check how it is written. The caller stays with us."),
    408: NO_ANSWER,
    480: NO_ANSWER,
    484: _("The number is not complete. The caller stays with us."),
    486: _("That number is busy. The caller stays with us."),
    487: NO_ANSWER,
    600: _("That number is busy. The caller stays with us."),
    603: _("The transfer was declined. The caller stays with us."),
}
CANNOT_REFER = _(
    "The provider does not transfer calls (answer %(code)s). Ask its support to allow it, or switch"
    " transfers off in the connection. The caller stays with us."
)
CANNOT = frozenset({405, 420, 481, 488, 501})
TRANSFER_FAILED = _(
    "The provider did not transfer the call (answer %(code)s). Try again, or show this answer to"
    " its support. The caller stays with us."
)


class ToldError(Exception):
    """It was not done as asked; `sentence` says how it stands."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


class CannotDo(ToldError):
    """It could not be done, and nothing was."""


class Unclear(ToldError):
    """It may have been done, and nothing is left to do; nobody said."""


def why_not(call: Call, kind: Kind) -> Sentence | None:
    """Why this cannot be done to the call now; None where it can."""
    if call.ended_at:
        return Sentence(OVER)
    if not call.room_name:
        return Sentence(NOT_HERE_YET)
    reasons = {Kind.INTRODUCE: why_no_introduction, Kind.TRANSFER: why_no_transfer}
    return reasons[kind](call) if kind in reasons else None


def why_no_introduction(call: Call) -> Sentence | None:
    """Only an assistant leaves the caller to music, and comes back where nobody takes the call."""
    if not call.answered_at:
        return Sentence(STILL_RINGS)
    is_ours = call.is_outbound and OutboundCall.objects.by_people().filter(pk=call.pk).exists()
    if is_ours or Ring.objects.talking().filter(call=call).exists():
        return Sentence(ONE_OF_US)
    return None


def why_no_transfer(call: Call) -> Sentence | None:
    if call.direction == Call.Direction.BROWSER:
        return Sentence(BROWSER)
    if call.trunk is None:
        return Sentence(NO_CONNECTION)
    if not call.trunk.out_refer:
        return Sentence(NO_REFER, {"trunk": call.trunk.name})
    return None if call.answered_at else Sentence(STILL_RINGS)


def not_allowed(
    call: Call, kind: Kind, params: dict[str, Any], user: User | None
) -> Sentence | None:
    """Why this call must not be connected with that number at our cost; it is kept who tried."""
    if kind != Kind.TRANSFER or call.trunk is None:
        return None
    usage = usage_with_transfers(call.trunk, timezone.now())
    verdict = decide(params["target"], limits_of(call.trunk), usage)
    if not isinstance(verdict, Refused):
        return None
    refused = verdict.sentence
    if msgid := TRANSFER_LIMITS.get(verdict.kind):
        refused = Sentence(msgid, refused.values)
    SecurityEvent.objects.create(kind=verdict.kind, user=user, detail=refused.to_json())
    return refused


def usage_with_transfers(trunk: Trunk, now: datetime) -> Usage:
    """What a transfer is weighed by: the connection's other transfers, and the day's minutes.

    How long a transferred call lasts nobody tells us: each counts as the shortest that there may
    be. Calls out that go on are not in its way: it may be one of them that is transferred.
    """
    transfers = CallAction.objects.transfers_since
    of_day = SHORTEST * transfers(midnight_before(now), trunk).count()
    return Usage(
        going_on=transfers(now - SHORTEST, trunk).count(),
        seconds=usage_of(trunk, now).seconds + int(of_day.total_seconds()),
    )


def address_of(call: Call, target: str) -> str:
    """Where the provider is asked to connect the call, as it writes numbers."""
    trunk = call.trunk
    if trunk is None:
        raise ValueError("a call that is transferred has its connection")
    number = spelled(target, trunk.out_spelling)
    host = trunk.out_from_host or trunk.out_address or call.provider_ip or call.source_ip
    return f"sip:{number}@{host}" if host else f"tel:{target}"


def hang_up(livekit: LiveKit, row: CallAction) -> Sentence:
    """The other party goes, and nobody else: a shared room lives on."""
    livekit.remove_participant(row.call.room_name, _party(row.call).identity)
    return Sentence(HUNG_UP)


def transfer(livekit: LiveKit, row: CallAction) -> Sentence:
    call = row.call
    wish = Transfer(
        room=call.room_name,
        identity=_party(call).identity,
        to=address_of(call, row.params["target"]),
        ringing=timedelta(seconds=call.trunk.out_ringing if call.trunk else 0),
    )
    try:
        livekit.transfer(wish)
    except LiveKitError as error:
        if ANSWER_MISSED not in error.message:
            raise
        _look_what_comes(livekit, wish)
    return Sentence(TRANSFERRED)


def _look_what_comes(livekit: LiveKit, wish: Transfer) -> NoReturn:
    """Raises Unclear, CannotDo. LiveKit's gateway (1.8) misses the provider's answer now and then,
    and says at once that there was none. To ask again could connect him twice: who is connected
    elsewhere leaves us.
    """
    end = time.monotonic() + wish.ringing.total_seconds()
    while time.monotonic() < end:
        if wish.identity not in {each.identity for each in livekit.list_participants(wish.room)}:
            raise Unclear(Sentence(LEFT))
        time.sleep(LOOK_SECONDS)
    raise CannotDo(Sentence(UNTOLD))


def hint(livekit: LiveKit, row: CallAction) -> Sentence:
    """The assistant itself says that it has read it (`hint_heard`)."""
    room = row.call.room_name
    agents = [person for person in livekit.list_participants(room) if person.kind == "agent"]
    if not agents:
        raise CannotDo(Sentence(NO_ASSISTANT))
    data = json.dumps({"id": str(row.ticket), "text": row.params["text"]}).encode()
    livekit.send_data(room, [agent.identity for agent in agents], HINT_TOPIC, data)
    return Sentence(HINTED)


def _party(call: Call) -> Leg:
    """The other side of the call, as LiveKit knows it."""
    leg = call.legs.exclude(identity="").order_by("pk").first()
    if leg is None:
        raise CannotDo(Sentence(NOT_HERE_YET))
    return leg


# Each does its thing and says so. Raises LiveKitError, CannotDo, Unclear.
DO: dict[Kind, Callable[[LiveKit, CallAction], Sentence]] = {
    Kind.HANG_UP: hang_up,
    Kind.TRANSFER: transfer,
    Kind.HINT: hint,
}


def sentence_of(kind: Kind, error: LiveKitError) -> Sentence:
    """What staff read of LiveKit's refusal, with what to do."""
    if kind == Kind.TRANSFER and (told := _of_transfer(error)):
        return told
    if error.code == "not_found":
        return Sentence(OVER)
    if not error.permanent:
        return Sentence(AWAY)
    return Sentence(REFUSED)


def _of_transfer(error: LiveKitError) -> Sentence | None:
    code = error.sip_status
    if code in TRANSFER_ANSWERS:
        return Sentence(TRANSFER_ANSWERS[code])
    if code:
        return Sentence(CANNOT_REFER if code in CANNOT else TRANSFER_FAILED, {"code": code})
    if error.code == "failed_precondition":
        return Sentence(STILL_RINGS)
    return Sentence(NO_ANSWER) if error.code in ("canceled", "deadline_exceeded") else None
