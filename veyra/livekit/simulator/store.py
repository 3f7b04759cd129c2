"""What a LiveKit remembers, in memory, with its refusals and its holes.

The methods are those of `veyra.livekit.client.LiveKit`, so tests can apply a plan to either.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from veyra.livekit.simulator.ids import new_id
from veyra.livekit.simulator.validation import (
    check_rules,
    check_trunk,
    check_trunks,
    refused,
    sharing_number,
    sharing_trunk,
)
from veyra.livekit.types import (
    DispatchRule,
    InboundTrunk,
    OutboundTrunk,
    Participant,
    Room,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Dispatch:
    id: str
    agent_name: str
    room: str
    metadata: str


@dataclass
class Store:
    """Trunks and rules by id; rooms by name; who is in a room by identity."""

    trunks: dict[str, InboundTrunk] = field(default_factory=dict)
    outbound: dict[str, OutboundTrunk] = field(default_factory=dict)
    rules: dict[str, DispatchRule] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    people: dict[str, dict[str, Participant]] = field(default_factory=dict)
    dispatches: list[Dispatch] = field(default_factory=list)

    def list_inbound_trunks(self) -> list[InboundTrunk]:
        return _by_id(self.trunks)

    def list_outbound_trunks(self) -> list[OutboundTrunk]:
        return _by_id(self.outbound)

    def create_inbound_trunk(self, trunk: InboundTrunk) -> str:
        if trunk.id:
            raise refused("trunk id must not be set")
        check_trunk(trunk)
        check_trunks([*sharing_number(self.list_inbound_trunks(), trunk.numbers), trunk])
        livekit_id = new_id("ST_")
        self.trunks[livekit_id] = replace(trunk, id=livekit_id)
        return livekit_id

    def replace_inbound_trunk(self, livekit_id: str, trunk: InboundTrunk) -> None:
        """Accepted even onto a number that another trunk has, as LiveKit does.

        The list that it looks at is filtered by the new numbers, while the trunk stored in it
        still has its old ones: so its new form is not in the comparison.
        """
        if not livekit_id:
            raise refused("trunk id must be set")
        if trunk.id not in ("", livekit_id):
            raise refused("trunk id in the info must be empty or match the id in the update")
        check_trunk(trunk)
        if livekit_id not in self.trunks:
            raise refused("requested sip trunk does not exist", "not_found")
        trunk = replace(trunk, id=livekit_id)
        seen = sharing_number(self.list_inbound_trunks(), trunk.numbers)
        check_trunks(trunk if other.id == livekit_id else other for other in seen)
        self.trunks[livekit_id] = trunk

    def delete_inbound_trunk(self, livekit_id: str) -> None:
        """An unknown id is no error, and rules that name the trunk stay, dead."""
        if not livekit_id:
            raise refused("trunk ID is required")
        self.trunks.pop(livekit_id, None)
        self.outbound.pop(livekit_id, None)

    def list_dispatch_rules(self) -> list[DispatchRule]:
        return _by_id(self.rules)

    def create_dispatch_rule(self, rule: DispatchRule) -> str:
        if rule.id:
            raise refused("rule id must not be set")
        check_rules([*sharing_trunk(self.list_dispatch_rules(), rule.trunk_ids), rule])
        livekit_id = new_id("SDR_")
        self.rules[livekit_id] = replace(rule, id=livekit_id)
        return livekit_id

    def replace_dispatch_rule(self, livekit_id: str, rule: DispatchRule) -> None:
        """Has the same hole as `replace_inbound_trunk`, for trunks newly named."""
        if not livekit_id:
            raise refused("rule id must be set")
        if rule.id not in ("", livekit_id):
            raise refused("rule id in the info must be empty or match the id in the update")
        if livekit_id not in self.rules:
            raise refused("requested sip dispatch rule does not exist", "not_found")
        rule = replace(rule, id=livekit_id)
        seen = sharing_trunk(self.list_dispatch_rules(), rule.trunk_ids)
        check_rules(rule if other.id == livekit_id else other for other in seen)
        self.rules[livekit_id] = rule

    def delete_dispatch_rule(self, livekit_id: str) -> None:
        if not livekit_id:
            raise refused("dispatch rule ID is required")
        if livekit_id not in self.rules:
            raise refused("requested sip dispatch rule does not exist", "not_found")
        del self.rules[livekit_id]

    def list_rooms(self) -> list[Room]:
        return [
            replace(room, participants=len(self.people[room.name])) for room in self.rooms.values()
        ]

    def list_participants(self, room: str) -> list[Participant]:
        """Nobody, where there is no such room."""
        return list(self.people.get(room, {}).values())

    def open_room(self, name: str) -> Room:
        """The room of that name, made if it is not there."""
        if name not in self.rooms:
            now = datetime.now(UTC).replace(microsecond=0)
            self.rooms[name] = Room(sid=new_id("RM_"), name=name, created_at=now)
            self.people[name] = {}
        return self.rooms[name]

    def join(self, room: str, participant: Participant) -> None:
        self.open_room(room)
        self.people[room][participant.identity] = participant

    def delete_room(self, room: str) -> None:
        if room not in self.rooms:
            raise refused("requested room does not exist", "not_found")
        del self.rooms[room], self.people[room]
        self.dispatches = [each for each in self.dispatches if each.room != room]

    def remove_participant(self, room: str, identity: str) -> None:
        if identity not in self.people.get(room, {}):
            raise refused("participant does not exist", "not_found")
        del self.people[room][identity]

    def create_dispatch(self, agent_name: str, room: str, metadata: str) -> str:
        self.open_room(room)
        dispatch = Dispatch(new_id("AD_"), agent_name, room, metadata)
        self.dispatches.append(dispatch)
        return dispatch.id


def _by_id(objects: dict[str, T]) -> list[T]:
    return [objects[key] for key in sorted(objects)]
