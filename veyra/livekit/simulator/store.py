"""What a LiveKit remembers, in memory, with its refusals and its holes.

The methods are those of `veyra.livekit.client.LiveKit`, so tests can apply a plan to either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from veyra.livekit.conflicts import (
    Refusal,
    creating_rule,
    creating_trunk,
    replacing_rule,
    replacing_trunk,
)
from veyra.livekit.matching import Exchange
from veyra.livekit.simulator.ids import new_id
from veyra.livekit.types import (
    DispatchRule,
    InboundTrunk,
    LiveKitError,
    OutboundTrunk,
    Participant,
    Room,
    Track,
    attempt,
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
    _exchange: Exchange | None = field(default=None, repr=False, compare=False)

    def exchange(self) -> Exchange:
        """Who answers, as things stand; made anew where they have changed."""
        made = self._exchange
        trunks, rules = self.list_inbound_trunks(), self.list_dispatch_rules()
        if made is None or (made.trunks, made.rules) != (trunks, rules):
            self._exchange = made = Exchange(trunks, rules)
        return made

    def together(self, works: Sequence[Callable[[], T]]) -> list[T | LiveKitError]:
        """One after the other."""
        return [attempt(work) for work in works]

    def list_inbound_trunks(self) -> list[InboundTrunk]:
        return _by_id(self.trunks)

    def list_outbound_trunks(self) -> list[OutboundTrunk]:
        return _by_id(self.outbound)

    def create_outbound_trunk(self, trunk: OutboundTrunk) -> str:
        _raise(wrong_outbound(trunk))
        livekit_id = new_id("ST_")
        self.outbound[livekit_id] = replace(trunk, id=livekit_id)
        return livekit_id

    def replace_outbound_trunk(self, livekit_id: str, trunk: OutboundTrunk) -> None:
        _raise(wrong_outbound(trunk))
        if livekit_id not in self.outbound:
            raise refused("requested sip trunk does not exist", "not_found")
        self.outbound[livekit_id] = replace(trunk, id=livekit_id)

    def delete_outbound_trunk(self, livekit_id: str) -> None:
        self.delete_inbound_trunk(livekit_id)

    def create_inbound_trunk(self, trunk: InboundTrunk) -> str:
        _raise(creating_trunk(self.trunks.values(), trunk))
        livekit_id = new_id("ST_")
        self.trunks[livekit_id] = replace(trunk, id=livekit_id)
        return livekit_id

    def replace_inbound_trunk(self, livekit_id: str, trunk: InboundTrunk) -> None:
        _raise(replacing_trunk(self.trunks.values(), livekit_id, trunk))
        self.trunks[livekit_id] = replace(trunk, id=livekit_id)

    def delete_inbound_trunk(self, livekit_id: str) -> None:
        """An unknown id is no error, and rules that name the trunk stay, dead."""
        if not livekit_id:
            raise refused("trunk ID is required")
        self.trunks.pop(livekit_id, None)
        self.outbound.pop(livekit_id, None)

    def list_dispatch_rules(self) -> list[DispatchRule]:
        return _by_id(self.rules)

    def create_dispatch_rule(self, rule: DispatchRule) -> str:
        _raise(creating_rule(self.rules.values(), rule))
        livekit_id = new_id("SDR_")
        self.rules[livekit_id] = replace(rule, id=livekit_id)
        return livekit_id

    def replace_dispatch_rule(self, livekit_id: str, rule: DispatchRule) -> None:
        _raise(replacing_rule(self.rules.values(), livekit_id, rule))
        self.rules[livekit_id] = replace(rule, id=livekit_id)

    def delete_dispatch_rule(self, livekit_id: str) -> None:
        if not livekit_id:
            raise refused("dispatch rule ID is required")
        if livekit_id not in self.rules:
            raise refused("requested sip dispatch rule does not exist", "not_found")
        del self.rules[livekit_id]

    def list_rooms(self, names: Sequence[str] = ()) -> list[Room]:
        return [
            replace(room, participants=self._shown(room.name))
            for room in self.rooms.values()
            if not names or room.name in names
        ]

    def list_participants(self, room: str) -> list[Participant]:
        """Nobody, where there is no such room."""
        return list(self.people.get(room, {}).values())

    def _shown(self, room: str) -> int:
        """LiveKit's own program is hidden: the list of people has it, the count does not."""
        return sum(person.kind != "egress" for person in self.people[room].values())

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

    def delete_room(self, room: str) -> Room:
        """The room that was there."""
        if room not in self.rooms:
            raise refused("requested room does not exist", "not_found")
        del self.people[room]
        self.dispatches = [each for each in self.dispatches if each.room != room]
        return self.rooms.pop(room)

    def mute(self, room: str, identity: str, track: str, muted: bool) -> Track:
        """The track as it is then."""
        person = self.people.get(room, {}).get(identity)
        if person is None:
            raise refused("participant does not exist", "not_found")
        if track not in [each.sid for each in person.tracks]:
            raise refused("track is not found", "not_found")
        tracks = tuple(
            replace(each, is_muted=muted) if each.sid == track else each for each in person.tracks
        )
        self.people[room][identity] = replace(person, tracks=tracks)
        return next(each for each in tracks if each.sid == track)

    def remove_participant(self, room: str, identity: str) -> None:
        if identity not in self.people.get(room, {}):
            raise refused("participant does not exist", "not_found")
        del self.people[room][identity]

    def create_dispatch(self, agent_name: str, room: str, metadata: str) -> str:
        self.open_room(room)
        dispatch = Dispatch(new_id("AD_"), agent_name, room, metadata)
        self.dispatches.append(dispatch)
        return dispatch.id


def refused(message: str, code: str = "invalid_argument") -> LiveKitError:
    return LiveKitError(message, permanent=True, code=code)


def wrong_outbound(trunk: OutboundTrunk) -> Refusal | None:
    """Why LiveKit does not take an outbound trunk."""
    if not trunk.numbers:
        return Refusal("no trunk numbers specified")
    if not trunk.address:
        return Refusal("no outbound address specified")
    if trunk.address.startswith(("sip:", "sips:")) or set("@;") & set(trunk.address):
        return Refusal("trunk address should be a hostname or IP, not SIP URI")
    return None


def _raise(refusal: Refusal | None) -> None:
    if refusal:
        raise refused(refusal.message, refusal.code)


def _by_id(objects: dict[str, T]) -> list[T]:
    return [objects[key] for key in sorted(objects)]
