"""LiveKit's objects as frozen values. SDK types do not leave veyra.livekit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar

T = TypeVar("T")

# The one name under which our workers register; the brief says which assistant speaks.
AGENT_NAME = "veyra"


@dataclass(frozen=True, kw_only=True)
class InboundTrunk:
    """livekit.SIPInboundTrunkInfo, the fields that Veyra uses. `id` is empty before creation."""

    id: str = ""
    name: str = ""
    metadata: str = ""
    numbers: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = ()
    allowed_numbers: tuple[str, ...] = ()
    auth_username: str = ""
    # Never in logs: repr leaves it out.
    auth_password: str = field(default="", repr=False)
    ringing_timeout: timedelta = timedelta()
    max_call_duration: timedelta = timedelta()
    # (header of the INVITE, attribute of the caller that gets its text)
    headers_to_attributes: tuple[tuple[str, str], ...] = ()
    # Settings on the object that Veyra never makes (its names); a drift where they are not empty.
    other: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OutboundTrunk:
    """livekit.SIPOutboundTrunkInfo, the fields that Veyra uses. `id` is empty before creation.

    `address` is host or host:port. `codecs` empty: all that the gateway knows.
    """

    id: str = ""
    name: str = ""
    metadata: str = ""
    address: str = ""
    # auto, udp, tcp or tls
    transport: str = "auto"
    # Users of From, one of which is taken by a call that names none.
    numbers: tuple[str, ...] = ()
    auth_username: str = ""
    # Never in logs: repr leaves it out.
    auth_password: str = field(default="", repr=False)
    from_host: str = ""
    codecs: tuple[str, ...] = ()
    # disable, allow or require
    encryption: str = "disable"
    # Settings on the object that Veyra never makes (its names); a drift where they are not empty.
    other: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dial:
    """A telephone to be called into a room: livekit.CreateSIPParticipantRequest.

    `to` and `shown` are users of To and From, as the provider writes numbers.
    """

    trunk_id: str
    to: str
    shown: str
    room: str
    identity: str
    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    ringing: timedelta
    longest: timedelta
    # Who is in the room hears how it rings there.
    dialtone: bool = False


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A telephone of `room` whose exchange is asked to connect it with somebody else (REFER).

    `to` is a sip: or tel: address. `ringing`: how long the other telephone may take to answer.
    """

    room: str
    identity: str
    to: str
    ringing: timedelta


@dataclass(frozen=True, kw_only=True)
class AgentDispatch:
    """Which worker is sent into a new room, and the brief that travels with the job."""

    agent_name: str
    metadata: str = ""


RuleKind = Literal["direct", "individual", "callee"]


@dataclass(frozen=True, kw_only=True)
class DispatchRule:
    """livekit.SIPDispatchRuleInfo. `room` is a prefix (individual) or a name (direct)."""

    id: str = ""
    name: str = ""
    metadata: str = ""
    trunk_ids: tuple[str, ...] = ()
    kind: RuleKind = "individual"
    room: str = ""
    pin: str = ""
    # Callers for whom the rule is (LiveKit's name is reversed), compared as exact strings.
    inbound_numbers: tuple[str, ...] = ()
    # Called numbers; Veyra leaves them empty, since they belong to the trunk.
    numbers: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    agents: tuple[AgentDispatch, ...] = ()
    # How the room of a call is named; Veyra leaves all three as they are. Only the last digits of
    # the caller; without random letters (individual); with random letters (callee).
    hide_phone_number: bool = False
    no_randomness: bool = False
    randomize: bool = False
    # Settings on the object that Veyra never makes (its names); a drift where they are not empty.
    other: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Room:
    """livekit.Room. `created_at` has whole seconds."""

    sid: str
    name: str
    created_at: datetime
    participants: int = 0


ParticipantKind = Literal["standard", "sip", "agent", "egress", "ingress", "other"]


@dataclass(frozen=True, kw_only=True)
class Track:
    """livekit.TrackInfo: what somebody sends."""

    sid: str
    kind: Literal["audio", "video", "data"]
    # camera, microphone, screen_share, screen_share_audio or unknown
    source: str = "unknown"
    name: str = ""
    is_muted: bool = False


@dataclass(frozen=True, kw_only=True)
class Participant:
    """livekit.ParticipantInfo. `joined_at` has whole seconds."""

    sid: str
    identity: str
    kind: ParticipantKind
    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    joined_at: datetime | None = None
    disconnect_reason: str = ""
    # He sends sound, or could: his track is there.
    has_sound: bool = False
    tracks: tuple[Track, ...] = ()


class LiveKitError(Exception):
    """LiveKit refused or could not be reached. `permanent`: the same request fails again.

    `code` is Twirp's word (invalid_argument, not_found, unavailable...), the message LiveKit's own,
    `sip_status` what a telephone exchange answered, where one did.
    """

    def __init__(
        self, message: str, *, permanent: bool, code: str = "", sip_status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.permanent, self.code = message, permanent, code
        self.sip_status = sip_status


def attempt(work: Callable[[], T]) -> T | LiveKitError:
    """What it returns, or LiveKit's refusal as a value."""
    try:
        return work()
    except LiveKitError as error:
        return error
