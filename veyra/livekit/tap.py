"""A passive listener on LiveKit's bus: the gateway's questions and call records, as they pass.

The bus is Redis pub/sub with psrpc's envelopes, an internal protocol of the pinned versions: what
cannot be read is Unreadable, never a guess. Listening takes nothing away from LiveKit.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from google.protobuf.message import DecodeError
from livekit.protocol.models import DisconnectReason
from livekit.protocol.sip import SCD_OUTBOUND, SIPCallInfo, SIPCallStatus

from veyra.livekit.webhooks import without_nul

AUTHENTICATE = "IOInfo|GetSIPTrunkAuthentication|REQ"
DISPATCH = "IOInfo|EvaluateSIPDispatchRules|REQ"
CALL_STATE = "IOInfo|UpdateSIPCallState|REQ"
CHANNELS = (AUTHENTICATE, DISPATCH, CALL_STATE)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BATCH = 500


class Unreadable(Exception):
    """A message of another form than the one that the pinned LiveKit sends."""


@dataclass(frozen=True, kw_only=True)
class TapMessage:
    """One message of the bus.

    kind "invite": a caller asks to be let in {from, to, source_ip, provider_call_id};
    kind "dispatch": the gateway asks where he goes {from, to, source_ip, trunk_id};
    kind "call_state": the gateway's record of the call {status, direction, from, to, source_ip,
    trunk_id, rule_id, identity, attributes, codec, error, disconnect_reason, status_code,
    started_ns, ended_ns, created_ns}; what is not known is left out. Times are nanoseconds.
    """

    id: str
    kind: str
    at: datetime
    sip_call_id: str
    room_sid: str
    room_name: str
    payload: dict[str, Any]


def read(channel: str, data: bytes) -> TapMessage | None:
    """The message; None where it is about no call (a transfer's). Raises Unreadable."""
    try:
        request = wire_fields(_one(wire_fields(data), 2))
        raw = _one(request, 8)
        made = {AUTHENTICATE: _invite, DISPATCH: _dispatch, CALL_STATE: _call_state}[channel](raw)
        if made is None:
            return None
        sent = EPOCH + timedelta(microseconds=_number(request, 3) // 1000)
        return TapMessage(id=_text(request, 1), at=sent, **made)
    except (DecodeError, LookupError, ValueError, TypeError, OverflowError) as error:
        raise Unreadable(f"{channel}: {type(error).__name__}") from error


def _invite(raw: bytes) -> dict[str, Any] | None:
    fields = wire_fields(raw)
    call = wire_fields(_one(fields, 8)) if 8 in fields else {}
    return {
        "kind": "invite",
        "sip_call_id": _text(fields, 6),
        "room_sid": "",
        "room_name": "",
        "payload": _known(
            {
                "from": _text(fields, 2, ""),
                "to": _text(fields, 3, ""),
                "source_ip": _text(fields, 4, ""),
                "provider_call_id": _text(call, 7, ""),
            }
        ),
    }


def _dispatch(raw: bytes) -> dict[str, Any] | None:
    fields = wire_fields(raw)
    return {
        "kind": "dispatch",
        "sip_call_id": _text(fields, 8),
        "room_sid": "",
        "room_name": "",
        "payload": _known(
            {
                "from": _text(fields, 2, ""),
                "to": _text(fields, 3, ""),
                "source_ip": _text(fields, 4, ""),
                "trunk_id": _text(fields, 10, ""),
            }
        ),
    }


def _call_state(raw: bytes) -> dict[str, Any] | None:
    fields = wire_fields(raw)
    if 1 not in fields:
        return None
    info = SIPCallInfo.FromString(_one(fields, 1))
    if not info.call_id:
        raise ValueError("a call without an id")
    reason = info.disconnect_reason
    return {
        "kind": "call_state",
        "sip_call_id": info.call_id,
        "room_sid": info.room_id,
        "room_name": info.room_name,
        "payload": _known(
            {
                "status": SIPCallStatus.Name(info.call_status).removeprefix("SCS_").lower(),
                "direction": "outbound" if info.call_direction == SCD_OUTBOUND else "",
                "from": info.from_uri.user,
                "to": info.to_uri.user,
                "source_ip": info.from_uri.ip or info.from_uri.host,
                "trunk_id": info.trunk_id,
                "rule_id": info.dispatch_rule_id,
                "identity": info.participant_identity,
                "attributes": dict(info.participant_attributes),
                "codec": info.audio_codec,
                "error": info.error,
                "disconnect_reason": DisconnectReason.Name(reason) if reason else "",
                "status_code": info.call_status_code.code,
                "created_ns": info.created_at_ns,
                "started_ns": info.started_at_ns,
                "ended_ns": info.ended_at_ns,
            }
        ),
    }


def _known(payload: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = without_nul(payload)
    return {name: value for name, value in cleaned.items() if value}


def messages(
    url: str,
    goes_on: Callable[[], bool],
    unreadable: Callable[[Unreadable], None],
    wait: float = 0.02,
) -> Iterator[list[TapMessage]]:
    """Batches of what was said, until `goes_on` says no: the first at once, and what follows on its
    heels `wait` seconds later, together.

    An empty list comes when nothing was said for a second. Raises redis.RedisError when the bus
    goes away: the caller comes again, and what was said meanwhile is lost to the tap.
    """
    options = {"socket_connect_timeout": 5, "health_check_interval": 15}
    with (
        redis.Redis.from_url(url, **options) as bus,
        bus.pubsub(ignore_subscribe_messages=True) as listener,
    ):
        listener.subscribe(*CHANNELS)
        rested_at = 0.0
        while goes_on():
            batch = [listener.get_message(timeout=1)]
            while batch[-1] is not None and len(batch) < BATCH:
                left = rested_at - time.monotonic()
                batch.append(listener.get_message(timeout=max(0.0, left)))
            yield list(_readable(batch, unreadable))
            rested_at = time.monotonic() + wait


def _readable(
    batch: list[dict[str, Any] | None], unreadable: Callable[[Unreadable], None]
) -> Iterator[TapMessage]:
    for message in batch:
        try:
            found = message and read(message["channel"].decode(), message["data"])
        except Unreadable as error:
            unreadable(error)
            continue
        if found:
            yield found


# protobuf's wire format, as far as the envelopes need it

Value = int | bytes


def wire_fields(data: bytes) -> dict[int, Value]:
    """Field number -> its last value. Raises ValueError or IndexError."""
    found: dict[int, Value] = {}
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, form = tag >> 3, tag & 7
        if form == 0:
            found[number], place = _varint(data, place)
            continue
        length, place = _length(data, place, form)
        if place + length > len(data):
            raise ValueError("cut short")
        found[number] = data[place : place + length]
        place += length
    return found


def _length(data: bytes, place: int, form: int) -> tuple[int, int]:
    if form == 2:
        return _varint(data, place)
    return {1: 8, 5: 4}[form], place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
        if shift > 63:
            raise ValueError("a number without end")


def _one(fields: dict[int, Value], number: int) -> bytes:
    value = fields[number]
    if not isinstance(value, bytes):
        raise TypeError(number)
    return value


def _text(fields: dict[int, Value], number: int, default: str | None = None) -> str:
    if number not in fields and default is not None:
        return default
    return _one(fields, number).decode()


def _number(fields: dict[int, Value], number: int) -> int:
    value = fields[number]
    if not isinstance(value, int):
        raise TypeError(number)
    return value
