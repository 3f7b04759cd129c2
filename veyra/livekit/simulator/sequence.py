"""What LiveKit says of a call, step by step, as it was recorded from a real one. Pure.

Each step gives its messages in the order in which they are sent: those of the gateway on the
bus, and webhooks.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from google.protobuf.json_format import MessageToJson
from livekit import api
from livekit.protocol import models
from livekit.protocol.sip import (
    SCD_INBOUND,
    SCS_ACTIVE,
    SCS_DISCONNECTED,
    SCS_ERROR,
    SIPCallInfo,
    SIPCallStatus,
    SIPUri,
)

from veyra.livekit.matching import Invite, Outcome, room_of
from veyra.livekit.simulator import bus
from veyra.livekit.simulator.bus import BusMessage
from veyra.livekit.simulator.ids import new_id
from veyra.livekit.types import (
    AgentDispatch,
    DispatchRule,
    InboundTrunk,
    Participant,
    Room,
    Track,
)

Said = BusMessage | api.WebhookEvent
Speak = Callable[[list[Said]], Awaitable[None]]

HOST = "sip.simulator"
CODEC = "PCMU/8000"
NOT_AUTHORIZED = "call was not authorized by trunk configuration"
WRONG_PASSWORD = "invalid credentials were provided"  # noqa: S105  # LiveKit's sentence about one
NO_PASSWORD = "auth challenge issued, no authenticated retry received"  # noqa: S105  # the same
NO_EVALUATION = "dispatch rule evaluation unavailable"
NOBODY_CAME = "room subscription timed out"
# What the gateway's record says of a call that LiveKit does not take.
ERRORS = {
    Outcome.WRONG_LOGIN: WRONG_PASSWORD,
    Outcome.WRONG_PIN: "wrong pin",
    Outcome.NO_RULE: NOT_AUTHORIZED,
    Outcome.NO_TRUNK: NOT_AUTHORIZED,
    Outcome.TWO_RULES: NO_EVALUATION,
    Outcome.SERVER_CRASH: NO_EVALUATION,
    Outcome.NO_ROOM: "failed joining room",
}


@dataclass(frozen=True, kw_only=True)
class SimulatedCall:
    """A call as the simulator knows it; the empty fields are filled step by step."""

    invite: Invite
    created_at: datetime
    # Those of the INVITE that a trunk may make attributes of, by their names.
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("SCL_"))
    provider_call_id: str = field(default_factory=lambda: new_id(""))
    trunk: InboundTrunk | None = None
    rule: DispatchRule | None = None
    room: Room | None = None
    participant_sid: str = field(default_factory=lambda: new_id("PA_"))
    track_sid: str = field(default_factory=lambda: new_id("TR_"))
    answered_at: datetime | None = None

    @property
    def identity(self) -> str:
        return f"sip_{self.invite.caller}"

    @property
    def sip(self) -> bus.SipCall:
        invite = self.invite
        return bus.SipCall(
            self.id,
            invite.source_ip,
            HOST,
            invite.caller,
            invite.called,
            self.provider_call_id,
            invite.host,
        )

    @property
    def room_name(self) -> str:
        return self.room.name if self.room else ""

    def wanted_room(self) -> str:
        """Where the rule sends this call, with the random letters that LiveKit adds."""
        if self.rule is None:
            return ""
        name, goes_on = room_of(self.rule, self.invite)
        return name + new_id("") if goes_on else name


@dataclass(frozen=True)
class SimulatedAgent:
    """A worker's participant, sent into the room by the rule."""

    dispatch: AgentDispatch
    job_id: str = field(default_factory=lambda: new_id("AJ_"))
    sid: str = field(default_factory=lambda: new_id("PA_"))
    track_sid: str = field(default_factory=lambda: new_id("TR_"))

    @property
    def identity(self) -> str:
        return f"agent-{self.job_id}"


def invited(call: SimulatedCall, at: datetime) -> list[Said]:
    """An INVITE has arrived. Nothing after it: the look-up itself failed, the caller got 503."""
    return [bus.authentication(call.sip, ns(at))]


def looked_up(call: SimulatedCall, at: datetime) -> list[Said]:
    """The trunk is known or not. Nothing after it: the caller has got 407."""
    return [bus.call_state(_info(replace(call, rule=None, room=None)), ns(at))]


def let_in(call: SimulatedCall, at: datetime) -> list[Said]:
    """Whoever has no room is refused next, or asked for his PIN."""
    said = looked_up(call, at)
    return [*said, *dispatched(call, None, at), bus.call_state(_info(call), ns(at))]


def dispatched(call: SimulatedCall, pin: str | None, at: datetime) -> list[Said]:
    """Where does the call go? Asked again when the caller has typed a PIN."""
    trunk_id = call.trunk.id if call.trunk else ""
    return [bus.dispatch(call.sip, trunk_id, ns(at), pin)]


def refused(call: SimulatedCall, error: str, at: datetime) -> list[Said]:
    info = _info(call, SCS_ERROR)
    info.error, info.ended_at_ns = error, ns(at)
    return [bus.call_state(info, ns(at))]


def left_before(call: SimulatedCall, at: datetime) -> list[Said]:
    """The caller hung up before he had a room: a PIN was asked, and none came."""
    info = _info(call, SCS_DISCONNECTED)
    info.disconnect_reason, info.ended_at_ns = models.CLIENT_INITIATED, ns(at)
    return [bus.call_state(info, ns(at))]


def rings(call: SimulatedCall, at: datetime, *, new_room: bool) -> list[Said]:
    """The caller is in the room, unanswered."""
    started: list[Said] = [_event("room_started", call, at)] if new_room else []
    joined = _event("participant_joined", call, at, participant=_caller(call, "ringing"))
    return [*started, joined, _track("track_published", call, call, at)]


def agent_joins(call: SimulatedCall, agent: SimulatedAgent, at: datetime) -> list[Said]:
    joined = _event("participant_joined", call, at, participant=_agent(agent, at))
    return [joined, _track("track_published", call, agent, at)]


def answered(call: SimulatedCall, at: datetime) -> list[Said]:
    return [bus.call_state(_info(call, SCS_ACTIVE, room_id=True), ns(at))]


def hung_up(call: SimulatedCall, at: datetime) -> list[Said]:
    """The caller left: after the answer, or before it (he gave up)."""
    info = _info(call, SCS_DISCONNECTED, room_id=call.answered_at is not None)
    info.disconnect_reason, info.ended_at_ns = models.CLIENT_INITIATED, ns(at)
    return [bus.call_state(info, ns(at)), *_left(call, "hangup", models.CLIENT_INITIATED, at)]


def nobody_came(call: SimulatedCall, at: datetime) -> list[Said]:
    """The ringing timeout is over: the caller got 486."""
    said = refused(call, NOBODY_CAME, at)
    return [*said, *_left(call, "ringing", models.CLIENT_INITIATED, at)]


def thrown_out(call: SimulatedCall, at: datetime) -> list[Said]:
    """The room was deleted under the caller."""
    info = _info(call, SCS_DISCONNECTED, room_id=call.answered_at is not None)
    info.disconnect_reason, info.ended_at_ns = models.CLIENT_INITIATED, ns(at)
    status = "active" if call.answered_at else "ringing"
    return [*_left(call, status, models.ROOM_DELETED, at), bus.call_state(info, ns(at))]


def agent_leaves(call: SimulatedCall, agent: SimulatedAgent, at: datetime) -> list[Said]:
    person = _agent(agent, at)
    person.state = models.ParticipantInfo.DISCONNECTED
    person.disconnect_reason = models.ROOM_DELETED
    return [
        _track("track_unpublished", call, agent, at),
        _event("participant_left", call, at, participant=person),
    ]


def room_closes(call: SimulatedCall, at: datetime) -> list[Said]:
    return [_event("room_finished", call, at)]


def body(event: api.WebhookEvent) -> str:
    """A webhook's body as LiveKit writes it."""
    return MessageToJson(event, indent=None)


def as_participant(call: SimulatedCall, status: str) -> Participant:
    """The caller as LiveKit lists him."""
    return Participant(
        sid=call.participant_sid,
        identity=call.identity,
        kind="sip",
        name=f"Phone {call.invite.caller}",
        attributes=_attributes(call, status),
        joined_at=call.created_at,
        has_sound=True,
        tracks=(Track(sid=call.track_sid, kind="audio", source="microphone"),),
    )


def agent_as_participant(agent: SimulatedAgent, at: datetime) -> Participant:
    """An assistant as LiveKit lists him."""
    return Participant(
        sid=agent.sid,
        identity=agent.identity,
        kind="agent",
        joined_at=at,
        has_sound=True,
        tracks=(Track(sid=agent.track_sid, kind="audio", source="microphone"),),
    )


def of_room(
    kind: str, room: Room, at: datetime, person: models.ParticipantInfo | None = None
) -> api.WebhookEvent:
    """A webhook about a room, whoever made it."""
    event = api.WebhookEvent(
        event=kind, id=new_id("EV_"), created_at=int(at.timestamp()), participant=person
    )
    event.room.sid, event.room.name = room.sid, room.name
    event.room.creation_time = int(room.created_at.timestamp())
    event.room.creation_time_ms = ns(room.created_at) // 1_000_000
    return event


def ns(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000


def _attributes(call: SimulatedCall, status: str) -> dict[str, str]:
    attributes = dict(call.rule.attributes) if call.rule else {}
    attributes |= {
        "sip.callID": call.id,
        "sip.callIDFull": call.provider_call_id,
        "sip.hostname": call.invite.source_ip,
        "sip.phoneNumber": call.invite.caller,
        "sip.ruleID": call.rule.id if call.rule else "",
        "sip.trunkID": call.trunk.id if call.trunk else "",
        "sip.trunkPhoneNumber": call.invite.called,
    }
    wanted = call.trunk.headers_to_attributes if call.trunk else ()
    attributes |= {name: call.headers[header] for header, name in wanted if header in call.headers}
    return attributes | ({"sip.callStatus": status} if status else {})


def _info(
    call: SimulatedCall, status: SIPCallStatus | None = None, *, room_id: bool = False
) -> SIPCallInfo:
    """The gateway's record of the call. It knows the room's id only once the call is answered."""
    invite = call.invite
    info = SIPCallInfo(
        call_id=call.id,
        trunk_id=call.trunk.id if call.trunk else "",
        from_uri=SIPUri(user=invite.caller, host=invite.source_ip, ip=invite.source_ip, port=5060),
        to_uri=SIPUri(user=invite.called, host=HOST, port=5060),
        call_direction=SCD_INBOUND,
        created_at_ns=ns(call.created_at),
        call_status=status,
        started_at_ns=ns(call.answered_at) if call.answered_at else 0,
        sip_call_id=call.provider_call_id,
    )
    if call.room and call.rule:
        info.room_name, info.participant_identity = call.room.name, call.identity
        info.dispatch_rule_id = call.rule.id
        info.participant_attributes.update(_attributes(call, "active" if room_id else ""))
        info.audio_codec = CODEC if status else ""
        info.room_id = call.room.sid if room_id else ""
    return info


def _caller(call: SimulatedCall, status: str) -> models.ParticipantInfo:
    return models.ParticipantInfo(
        sid=call.participant_sid,
        identity=call.identity,
        name=f"Phone {call.invite.caller}",
        state=models.ParticipantInfo.ACTIVE,
        kind=models.ParticipantInfo.SIP,
        joined_at=int(call.created_at.timestamp()),
        joined_at_ms=ns(call.created_at) // 1_000_000,
        attributes=_attributes(call, status),
    )


def _agent(agent: SimulatedAgent, at: datetime) -> models.ParticipantInfo:
    return models.ParticipantInfo(
        sid=agent.sid,
        identity=agent.identity,
        state=models.ParticipantInfo.ACTIVE,
        kind=models.ParticipantInfo.AGENT,
        joined_at=int(at.timestamp()),
        joined_at_ms=ns(at) // 1_000_000,
    )


def _left(
    call: SimulatedCall, status: str, reason: models.DisconnectReason, at: datetime
) -> list[Said]:
    person = _caller(call, status)
    person.state, person.disconnect_reason = models.ParticipantInfo.DISCONNECTED, reason
    return [
        _track("track_unpublished", call, call, at),
        _event("participant_left", call, at, participant=person),
    ]


def _track(
    kind: str, call: SimulatedCall, whose: SimulatedCall | SimulatedAgent, at: datetime
) -> api.WebhookEvent:
    """Track events name room and participant only by sid and name."""
    room = call.room
    sid = whose.participant_sid if isinstance(whose, SimulatedCall) else whose.sid
    track = models.TrackInfo(sid=whose.track_sid, type=models.AUDIO, mime_type="audio/opus")
    if kind == "track_published":
        track.version.unix_micro = ns(at) // 1000
    return api.WebhookEvent(
        event=kind,
        id=new_id("EV_"),
        created_at=int(at.timestamp()),
        room=models.Room(sid=room.sid, name=room.name) if room else None,
        participant=models.ParticipantInfo(sid=sid, identity=whose.identity),
        track=track,
    )


def _event(
    kind: str,
    call: SimulatedCall,
    at: datetime,
    participant: models.ParticipantInfo | None = None,
) -> api.WebhookEvent:
    if call.room:
        return of_room(kind, call.room, at, participant)
    return api.WebhookEvent(
        event=kind, id=new_id("EV_"), created_at=int(at.timestamp()), participant=participant
    )
