"""Do stored calls still say what their facts tell? A sample is folded once more and compared."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from telephony.folding import whole_room
from telephony.journal import fold
from telephony.longrooms import fact_of
from telephony.models import Call, Leg

# What every fold of the same facts must say again.
SAME = ("state", "outcome", "started_at", "answered_at", "ended_at")
# Facts may still come.
SETTLED = timedelta(hours=1)


def sample(now: datetime, since: datetime, many: int) -> Sequence[Call]:
    """Calls that are over, picked at random."""
    over = Call.objects.filter(ended_at__gte=since, ended_at__lt=now - SETTLED, erased_at=None)
    of_rooms = over.filter(is_demo=False, unit__startswith="room:")
    return list(of_rooms.order_by("?")[:many])


def differing(calls: Sequence[Call], now: datetime) -> list[UUID]:
    """Those whose rows say something else than their facts."""
    legs = Leg.objects.filter(call__in=calls).exclude(sip_call_id=None)
    call_of = dict(legs.values_list("sip_call_id", "call_id"))
    rows = {call.pk: call for call in calls}
    wrong: list[UUID] = []
    for unit in {call.unit for call in calls}:
        for state in fold(map(fact_of, whole_room(unit.removeprefix("room:"))), now).calls:
            key = call_of.get(state.sip_call_id)
            row = rows.get(key) if key else None
            if row and any(getattr(row, name) != getattr(state, name) for name in SAME):
                wrong.append(row.pk)
    return wrong
