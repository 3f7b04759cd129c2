"""What we and our people do to a call, as facts of its story."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from telephony import intake
from telephony.models import Call, CallEvent
from veyra.live import changed

# Facts of a search for one of our people: his browser begins to ring, or stops.
OF_SEARCHES = "people_"


def tell(call: Call, kind: str, once: str, **payload: Any) -> None:
    """A fact of the staff's side about the other party of `call`; pages show it at once.

    `once` names the deed: told again, it is one fact.
    """
    leg = call.legs.order_by("pk").first()
    fact = CallEvent(
        event_id=event_id(kind, once),
        source=CallEvent.Source.STAFF,
        kind=kind,
        at=timezone.now(),
        payload=payload,
        sip_call_id=(leg.sip_call_id or "") if leg else "",
        participant_sid=leg.participant_sid if leg else "",
        room_sid=call.room_sid,
        room_name=call.room_name,
    )
    intake.store([fact])
    Call.objects.filter(pk=call.pk).update(version=F("version") + 1)
    changed("call", call.pk)
    if kind.startswith(OF_SEARCHES):
        changed("ring", call.pk)


def event_id(kind: str, once: str) -> str:
    return f"{kind}:{once}"[:100]
