"""The SDK's messages to our values and back: pure."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from livekit import api
from livekit.protocol.models import (
    DisconnectReason,
    ParticipantInfo,
    TrackInfo,
    TrackSource,
    TrackType,
)

from veyra.livekit.types import (
    AgentDispatch,
    DispatchRule,
    InboundTrunk,
    Participant,
    ParticipantKind,
    Room,
    RuleKind,
    Track,
)

TRACKS: dict[int, Literal["audio", "video", "data"]] = {0: "audio", 1: "video", 2: "data"}
KINDS: dict[int, ParticipantKind] = {0: "standard", 1: "ingress", 2: "egress", 3: "sip", 4: "agent"}

# Fields that our values carry, and those that LiveKit fills by itself.
TRUNK_FIELDS = {
    "sip_trunk_id",
    "name",
    "metadata",
    "numbers",
    "allowed_addresses",
    "allowed_numbers",
    "auth_username",
    "auth_password",
    "ringing_timeout",
    "max_call_duration",
    "headers_to_attributes",
    "created_at",
    "updated_at",
}
RULE_FIELDS = {
    "sip_dispatch_rule_id",
    "name",
    "metadata",
    "trunk_ids",
    "rule",
    "inbound_numbers",
    "numbers",
    "attributes",
    "hide_phone_number",
    "room_config",
    "created_at",
    "updated_at",
}
ROOM_FIELDS = {"room_prefix", "room_name", "pin", "no_randomness", "randomize"}


def trunk_to(trunk: InboundTrunk) -> api.SIPInboundTrunkInfo:
    return api.SIPInboundTrunkInfo(
        name=trunk.name,
        metadata=trunk.metadata,
        numbers=trunk.numbers,
        allowed_addresses=trunk.allowed_addresses,
        allowed_numbers=trunk.allowed_numbers,
        auth_username=trunk.auth_username,
        auth_password=trunk.auth_password,
        ringing_timeout=_duration(trunk.ringing_timeout),
        max_call_duration=_duration(trunk.max_call_duration),
        headers_to_attributes=dict(trunk.headers_to_attributes),
    )


def trunk_from(info: api.SIPInboundTrunkInfo) -> InboundTrunk:
    return InboundTrunk(
        id=info.sip_trunk_id,
        name=info.name,
        metadata=info.metadata,
        numbers=tuple(info.numbers),
        allowed_addresses=tuple(info.allowed_addresses),
        allowed_numbers=tuple(info.allowed_numbers),
        auth_username=info.auth_username,
        auth_password=info.auth_password,
        ringing_timeout=info.ringing_timeout.ToTimedelta(),
        max_call_duration=info.max_call_duration.ToTimedelta(),
        headers_to_attributes=tuple(sorted(info.headers_to_attributes.items())),
        other=other(info, TRUNK_FIELDS),
    )


def rule_to(rule: DispatchRule) -> api.SIPDispatchRuleInfo:
    agents = [
        api.RoomAgentDispatch(agent_name=agent.agent_name, metadata=agent.metadata)
        for agent in rule.agents
    ]
    return api.SIPDispatchRuleInfo(
        name=rule.name,
        metadata=rule.metadata,
        trunk_ids=rule.trunk_ids,
        rule=_room_to(rule),
        inbound_numbers=rule.inbound_numbers,
        numbers=rule.numbers,
        attributes=dict(rule.attributes),
        hide_phone_number=rule.hide_phone_number,
        room_config=api.RoomConfiguration(agents=agents) if agents else None,
    )


def _room_to(rule: DispatchRule) -> api.SIPDispatchRule:
    match rule.kind:
        case "direct":
            direct = api.SIPDispatchRuleDirect(room_name=rule.room, pin=rule.pin)
            return api.SIPDispatchRule(dispatch_rule_direct=direct)
        case "individual":
            individual = api.SIPDispatchRuleIndividual(
                room_prefix=rule.room, pin=rule.pin, no_randomness=rule.no_randomness
            )
            return api.SIPDispatchRule(dispatch_rule_individual=individual)
        case "callee":
            callee = api.SIPDispatchRuleCallee(
                room_prefix=rule.room, pin=rule.pin, randomize=rule.randomize
            )
            return api.SIPDispatchRule(dispatch_rule_callee=callee)


def rule_from(info: api.SIPDispatchRuleInfo) -> DispatchRule:
    kind, room, pin, detail = _room_from(info.rule)
    return DispatchRule(
        id=info.sip_dispatch_rule_id,
        name=info.name,
        metadata=info.metadata,
        trunk_ids=tuple(info.trunk_ids),
        kind=kind,
        room=room,
        pin=pin,
        inbound_numbers=tuple(info.inbound_numbers),
        numbers=tuple(info.numbers),
        attributes=tuple(sorted(info.attributes.items())),
        agents=tuple(
            AgentDispatch(agent_name=agent.agent_name, metadata=agent.metadata)
            for agent in info.room_config.agents
        ),
        hide_phone_number=info.hide_phone_number,
        no_randomness=info.rule.dispatch_rule_individual.no_randomness,
        randomize=info.rule.dispatch_rule_callee.randomize,
        other=(
            *other(info, RULE_FIELDS),
            *other(info.room_config, {"agents"}),
            *other(detail, ROOM_FIELDS),
        ),
    )


def _room_from(rule: api.SIPDispatchRule) -> tuple[RuleKind, str, str, Message]:
    match rule.WhichOneof("rule"):
        case "dispatch_rule_direct":
            direct = rule.dispatch_rule_direct
            return "direct", direct.room_name, direct.pin, direct
        case "dispatch_rule_callee":
            callee = rule.dispatch_rule_callee
            return "callee", callee.room_prefix, callee.pin, callee
        case _:
            individual = rule.dispatch_rule_individual
            return "individual", individual.room_prefix, individual.pin, individual


def room_from(info: api.Room) -> Room:
    return Room(
        sid=info.sid,
        name=info.name,
        created_at=datetime.fromtimestamp(info.creation_time, UTC),
        participants=info.num_participants,
    )


def participant_from(info: ParticipantInfo) -> Participant:
    left = info.disconnect_reason
    return Participant(
        sid=info.sid,
        identity=info.identity,
        kind=KINDS.get(info.kind, "other"),
        name=info.name,
        attributes=dict(info.attributes),
        joined_at=datetime.fromtimestamp(info.joined_at, UTC) if info.joined_at else None,
        disconnect_reason=DisconnectReason.Name(left) if left else "",
        has_sound=any(track.type == TrackType.AUDIO for track in info.tracks),
        tracks=tuple(track_from(track) for track in info.tracks),
    )


def track_from(info: TrackInfo) -> Track:
    return Track(
        sid=info.sid,
        kind=TRACKS[info.type],
        source=TrackSource.Name(info.source).lower(),
        name=info.name,
        is_muted=info.muted,
    )


def other(message: Message, known: set[str]) -> tuple[str, ...]:
    """Names of the fields that are set and that our values do not carry."""
    return tuple(
        field.name
        for field, value in message.ListFields()
        # LiveKit adds an empty `media` to every rule.
        if field.name not in known and not (isinstance(value, Message) and not value.ByteSize())
    )


def _duration(value: timedelta) -> Duration | None:
    if not value:
        return None
    duration = Duration()
    duration.FromTimedelta(value)
    return duration
