"""Webhooks of LiveKit: is this body signed by our LiveKit, and what does it say?"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from livekit.api import TokenVerifier

from veyra.livekit.pairs import pairs

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A room's TURN password is a secret, and its list of codecs is long and always the same.
NOT_KEPT = ("turnPassword", "enabledCodecs")
# Of a recording or a stream what was asked for is not kept, which names storages and their logins;
# of one that comes in, neither its key nor where it is fetched from.
EGRESS_KEPT = (
    *("egressId", "roomId", "roomName", "status", "startedAt", "endedAt", "updatedAt"),
    *("error", "errorCode", "details", "fileResults", "streamResults", "backupStorageUsed"),
)
INGRESS_KEPT = ("ingressId", "inputType", "roomName", "participantIdentity", "state", "enabled")


class BadSignature(Exception):
    """The body was not signed with our secret, was changed since, or the token is too old."""


class Nonsense(Exception):
    """The body is signed, but is no webhook of LiveKit."""


@dataclass(frozen=True, kw_only=True)
class Track:
    sid: str
    # "audio" or "video"
    kind: str


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """One webhook. `at` is when it happened, as exactly as LiveKit says: for a room that started,
    a participant that joined and a track that was published to the millisecond, else the second.
    Texts are empty, and `track` is None, where the event does not speak of such a thing.
    """

    id: str
    kind: str
    at: datetime
    room_sid: str = ""
    room_name: str = ""
    participant_sid: str = ""
    participant_identity: str = ""
    # protobuf's name: STANDARD, SIP, AGENT, EGRESS, INGRESS...; empty where LiveKit left it out
    participant_kind: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    track: Track | None = None
    egress_id: str = ""
    ingress_id: str = ""
    # the body as sent, without secrets
    payload: dict[str, Any] = field(default_factory=dict)


def hash_signed(authorization: str) -> bytes:
    """The hash of the one body that this token is for, by any of our key pairs. Raises
    BadSignature.
    """
    reason = BadSignature("no pair")
    for pair in pairs().all():
        try:
            return _hash_signed(authorization, pair.name, pair.secret)
        except BadSignature as error:
            reason = error
    raise reason


def _hash_signed(authorization: str, key: str, secret: str) -> bytes:
    try:
        signed = TokenVerifier(key, secret).verify(authorization)
        return base64.b64decode(signed.sha256 or "")
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise BadSignature(type(error).__name__) from error


def receive(body: bytes, signed: bytes) -> WebhookEvent:
    """The event in a webhook's raw body, whose token is for the hash `signed`. Raises BadSignature
    or Nonsense.
    """
    if not hmac.compare_digest(signed, hashlib.sha256(body).digest()):
        raise BadSignature("the hash is another body's")
    try:
        return parse(without_nul(json.loads(body)) if b"\\u0000" in body else json.loads(body))
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise Nonsense(type(error).__name__) from error


def without_nul(value: Any) -> Any:
    """The same without NUL characters, which PostgreSQL cannot keep."""
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def parse(body: dict[str, Any]) -> WebhookEvent:
    """The event in a webhook's JSON. Raises ValueError, TypeError and the like for nonsense."""
    if not body["id"] or not body["event"]:
        raise ValueError("an event without a name")
    egress, ingress = body.get("egressInfo", {}), body.get("ingressInfo", {})
    state = ingress.get("state", {})
    room, person = body.get("room", {}), body.get("participant", {})
    person_kind = person.get("kind", "STANDARD") if _is_whole(body) else person.get("kind", "")
    return WebhookEvent(
        id=str(body["id"]),
        kind=str(body["event"]),
        at=_moment(body),
        room_sid=str(room.get("sid") or egress.get("roomId") or state.get("roomId", "")),
        room_name=str(room.get("name") or egress.get("roomName") or ingress.get("roomName", "")),
        participant_sid=str(person.get("sid", "")),
        participant_identity=str(person.get("identity", "")),
        participant_kind=str(person_kind),
        attributes={str(k): str(v) for k, v in person.get("attributes", {}).items()},
        track=_track(body["track"]) if "track" in body else None,
        egress_id=str(egress.get("egressId", "")),
        ingress_id=str(ingress.get("ingressId", "")),
        payload=_without_secrets(body),
    )


def _without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    room = body.get("room", {})
    kept = body | {"room": {k: v for k, v in room.items() if k not in NOT_KEPT}}
    for name, known in (("egressInfo", EGRESS_KEPT), ("ingressInfo", INGRESS_KEPT)):
        if name in body:
            kept[name] = {k: v for k, v in body[name].items() if k in known}
    return kept


def _is_whole(body: dict[str, Any]) -> bool:
    """Does it describe the participant fully? Of a track's owner LiveKit names sid and identity."""
    return "participant" in body and "track" not in body


def _track(track: dict[str, Any]) -> Track:
    is_audio = str(track.get("mimeType", "")).startswith("audio/")
    return Track(sid=str(track["sid"]), kind="audio" if is_audio else "video")


def _moment(body: dict[str, Any]) -> datetime:
    exact = {
        "room_started": (body.get("room", {}).get("creationTimeMs"), 1_000),
        "participant_joined": (body.get("participant", {}).get("joinedAtMs"), 1_000),
        "track_published": (body.get("track", {}).get("version", {}).get("unixMicro"), 1),
    }
    count, unit = exact.get(str(body["event"]), (None, 0))
    if count:
        return EPOCH + timedelta(microseconds=int(count) * unit)
    return EPOCH + timedelta(seconds=int(body["createdAt"]))
