"""A folded call becomes rows: Call, its Leg, and the rows of the line that it went through."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import F, Q, QuerySet, UUIDField

from telephony import learning, refusals, strangers
from telephony.journal import CallState
from telephony.models import Call, Leg, Trunk
from telephony.numbers import NumberError, e164
from telephony.reasons import Reason

# The From of our own test caller.
TEST_CALLER = "veyra-test-"
DIRECTIONS = {
    "caller": Call.Direction.INBOUND,
    "browser": Call.Direction.BROWSER,
    "callee": Call.Direction.OUTBOUND,
}
TELLS_OF_A_TRUNK = {"trunk_id", "source_ip", "room_sid"}
# A kind of row: the row, and the row that it leads to. See _ROWS.
Rows = defaultdict[str, tuple[int | None, int | None]]
_KEY = UUIDField()
# Anybody can call so: it says nothing of how the provider writes numbers.
WITHOUT_LOGIN = {Reason.WRONG_PASSWORD, Reason.NO_PASSWORD}


@dataclass(frozen=True)
class Saved:
    """What became of a folded call. Refused: it is counted, and has no row."""

    call_id: UUID | None = None
    changed: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Lesson:
    """A call that says something of the connection that it came through."""

    trunk_id: int
    address: str
    # It is only now known to be this connection's.
    names_trunk: bool
    state: CallState


class Ledger:
    """Writes calls that are folded together. What their rows say by now is read at once, and rows
    that many calls share are written when all are: `close` it.
    """

    def __init__(self, states: Sequence[CallState]) -> None:
        named = Q(sip_call_id__in=[state.sip_call_id for state in states if state.sip_call_id])
        if claimed := [state.claimed_id for state in states if state.role == "browser"]:
            named |= Q(call_id__in=claimed, role=Leg.Role.BROWSER)
        legs = Leg.objects.filter(named).select_related("call").order_by("-pk") if states else ()
        self._legs: dict[object, Leg] = {_name(leg): leg for leg in legs}
        self._lines: dict[tuple[Any, ...], Rows] = {}
        self._refused: list[CallState] = []
        self._lessons: list[Lesson] = []

    def save(self, unit: str, state: CallState) -> Saved:
        """Write `state`, folded in `unit`, if it differs from the rows. Inside a transaction."""
        leg = self._legs.get(state.claimed_id if state.role == "browser" else state.sip_call_id)
        if leg is None:
            return self._first_sight(unit, state)
        call = leg.call
        if call.erased_at:
            return Saved(call.pk)  # what comes late of him is not kept
        if unit.startswith("call:") and call.unit.startswith("room:"):
            return Saved(call.pk)  # the room's fold knows more
        new, wanted = _update(leg, unit, state, self._rows(state))
        self._note(new, wanted, state)
        return Saved(call.pk, changed=bool(new))

    def close(self) -> None:
        """Count who was refused, and teach the connections. Everybody who folds does so in one
        order, so that two do not wait for each other in a circle.
        """
        refusals.count(self._refused)
        for lesson in sorted(self._lessons, key=lambda lesson: lesson.trunk_id):
            _teach(lesson)

    def _first_sight(self, unit: str, state: CallState) -> Saved:
        if not state.is_placed:
            return Saved()
        # Who came to a room was let in by a rule of ours. A call that has its row already either
        # did, or was looked at here when it ended: so only a new one is. Whom we called is no
        # stranger.
        let_in = state.has_room and state.outcome != Call.Outcome.REJECTED
        if not let_in and state.role != "callee" and not refusals.is_worth_a_call(state):
            self._refused.append(state)
            return Saved(refused=True)
        values = _call_values(unit, state) | _line(Call(), state, self._rows(state))
        call = Call(id=_free(state.claimed_id) or uuid4(), version=1, **values)
        call.save(force_insert=True)
        of_leg = _leg_values(state)
        leg = Leg.objects.create(call=call, sip_call_id=state.sip_call_id or None, **of_leg)
        self._legs[_name(leg)] = leg
        self._note(values, values, state)
        return Saved(call.pk, changed=True)

    def _note(self, new: dict[str, Any], call: dict[str, Any], state: CallState) -> None:
        """The connection of a call, where it came from, or that it was let in became known now."""
        trunk_id = call["trunk_id"]
        if state.role == "caller" and trunk_id and TELLS_OF_A_TRUNK & new.keys():
            is_test = learning.is_ours(call["source_ip"]) and not call["provider_ip"]
            if not is_test:
                self._lessons.append(Lesson(trunk_id, call["source_ip"], "trunk_id" in new, state))

    def _rows(self, state: CallState) -> "Rows":
        """Rows of the line that the facts name; those of many calls are the same."""
        ours = state.from_number if state.role == "callee" else state.to_number
        rule = _key(state.rule_key)
        their_rule = "" if rule else state.rule_id
        named = (state.trunk_id, _e164(ours), rule, their_rule, _key(state.agent_key))
        if named not in self._lines:
            self._lines[named] = _rows(named)
        return self._lines[named]


def _name(leg: Leg) -> object:
    return leg.call_id if leg.role == Leg.Role.BROWSER else leg.sip_call_id


def _free(claimed: UUID | None) -> UUID | None:
    """The claimed id; None where a call has it: then somebody else dialled with our words."""
    taken = claimed and Call.objects.filter(pk=claimed).exists()
    return None if taken else claimed


def _update(
    leg: Leg, unit: str, state: CallState, rows: Rows
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of the call became different, and all of it. Only then does the version grow, and pages
    hear of it.
    """
    call = leg.call
    wanted = _call_values(unit, state) | _line(call, state, rows)
    new = _set(call, wanted)
    # Others let it grow too: who listens is shown with the call.
    grown = {**new, "version": F("version") + 1}
    if new and not _writable(call, unit).update(**grown):
        return {}, wanted
    if of_leg := _set(leg, _leg_values(state)):
        Leg.objects.filter(pk=leg.pk).update(**of_leg)
    return new, wanted


def _writable(call: Call, unit: str) -> QuerySet[Call]:
    """Its row; none for a call's own fold, if the room's wrote it since it was read."""
    row = Call.objects.filter(pk=call.pk)
    return row.filter(unit__startswith="call:") if unit.startswith("call:") else row


def _set(row: Call | Leg, wanted: dict[str, Any]) -> dict[str, Any]:
    """Make the row so, unsaved; what of it was different."""
    new = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in new.items():
        setattr(row, name, value)
    return new


def _teach(lesson: Lesson) -> None:
    trunk = Trunk.objects.filter(pk=lesson.trunk_id).first()
    if trunk is None:
        return
    if strangers.is_outside(trunk, lesson.address):
        if lesson.state.has_room:
            strangers.tell(trunk, lesson.address)
    elif lesson.names_trunk and lesson.state.reason not in WITHOUT_LOGIN:
        learning.learn(trunk, lesson.state.from_number)


def _call_values(unit: str, state: CallState) -> dict[str, Any]:
    return {
        "unit": unit,
        "direction": DIRECTIONS[state.role],
        "state": state.state,
        "outcome": state.outcome,
        "from_number": state.from_number[:100],
        "to_number": state.to_number[:100],
        "source_ip": state.source_ip[:64],
        "provider_ip": state.provider_ip[:64] if learning.by_registrar(state.source_ip) else "",
        "room_name": state.room_name,
        "room_sid": state.room_sid,
        "started_at": state.started_at,
        "rang": state.rang,
        "answered_at": state.answered_at,
        "answered_is_approximate": state.answered_is_approximate,
        "ended_at": state.ended_at,
        "reason": state.reason,
        "detail": state.detail,
        "sip_status": state.sip_status,
        "codec": state.codec[:40],
        "is_test": state.from_number.startswith(TEST_CALLER),
    }


def _leg_values(state: CallState) -> dict[str, Any]:
    return {
        "role": Leg.Role(state.role),
        "participant_sid": state.participant_sid,
        "identity": state.identity[:200],
        "room_sid": state.room_sid,
        "joined_at": state.joined_at,
        "left_at": state.ended_at,
    }


def _line(call: Call, state: CallState, found: Rows) -> dict[str, Any]:
    """Keys of the rows that the call went through. What is known already stays, but for the
    assistant: the one that came, as it said itself, before the one that the rule sends; and for
    the connection of a number that two bring, until it is known where the call came from.
    """
    (trunk, _), (number, reserve) = found["trunk"], found["number"]
    (rule, sent), (came, _) = found["rule"], found["agent"]
    carrier, is_settled = call.trunk_id, call.trunk_id and call.source_ip
    if state.role == "caller" and trunk and reserve and state.source_ip and not is_settled:
        # Two connections bring this number, as one object in LiveKit.
        carrier = learning.carrier(state.source_ip, trunk, reserve)
    return {
        "trunk_id": carrier or trunk,
        "number_id": call.number_id or number,
        "rule_id": call.rule_id or rule,
        "agent_id": came or call.agent_id or sent,
    }


# Django would take ten times as long to word this as the database to answer it, for each fact of
# each call. A kind of row, the row, and the row that it leads to: from a number to its reserve
# connection, from a rule to its assistant.
_ROWS = """
SELECT 'trunk', id, id FROM telephony_trunk WHERE key IN (
    SELECT source FROM telephony_publishedobject WHERE livekit_id = %s AND livekit_id <> '')
UNION ALL
SELECT 'number', id, reserve_id FROM telephony_phonenumber
    WHERE number = %s AND archived_at IS NULL
UNION ALL
SELECT 'rule', id, agent_id FROM telephony_dispatchrule WHERE key = %s OR key IN (
    SELECT source FROM telephony_publishedobject WHERE livekit_id = %s AND livekit_id <> '')
UNION ALL
SELECT 'agent', id, id FROM agentworker_agent WHERE key = %s
"""


def _rows(named: Sequence[Any]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, named)
        found = {kind: (pk, leads_to) for kind, pk, leads_to in cursor.fetchall()}
    return defaultdict(lambda: (None, None), found)


def _e164(called: str) -> str | None:
    try:
        return e164(called)
    except NumberError:
        return None


def _key(text: str) -> str | UUID | None:
    """As this database spells a row's key; None for what is none."""
    try:
        key: str | UUID = _KEY.get_db_prep_value(UUID(text), connection)
    except ValueError:
        return None
    return key
