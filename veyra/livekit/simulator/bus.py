"""The gateway's messages on LiveKit's Redis bus, byte for byte as psrpc writes them. Pure.

psrpc and LiveKit's rpc messages are not part of the SDK, so their few fields are written here;
field numbers are those of psrpc v0.7.2 `internal.proto` and protocol v1.48 `rpc/io.proto`.
"""

from dataclasses import dataclass

from livekit.protocol.sip import SIPCallInfo, SIPUri

from veyra.livekit.simulator.ids import new_id

TYPE_URL = "type.googleapis.com/internal.Request"
EXPIRY_NS = 3_000_000_000
VARINT, BYTES = 0, 2


@dataclass(frozen=True)
class BusMessage:
    channel: str
    raw: bytes


@dataclass(frozen=True)
class SipCall:
    """rpc.SIPCall: what the gateway knows of a call when its INVITE arrives."""

    call_id: str
    source_ip: str
    host: str
    caller: str
    called: str
    provider_call_id: str
    # The host that the caller wrote into From; his address, where it is not given.
    caller_host: str = ""


def authentication(call: SipCall, at_ns: int) -> BusMessage:
    """The question that each INVITE raises: whose trunk is this?"""
    request = (
        _text(2, call.caller)
        + _text(3, call.called)
        + _text(4, call.source_ip)
        + _text(5, call.host)
        + _text(6, call.call_id)
        + _text(7, call.source_ip)
        + _bytes(8, _sip_call(call))
    )
    return _request("GetSIPTrunkAuthentication", request, at_ns)


def dispatch(call: SipCall, trunk_id: str, at_ns: int, pin: str | None = None) -> BusMessage:
    """The question that follows: which room does it go to? `pin` as in `matching.Invite`."""
    request = (
        _text(2, call.caller)
        + _text(3, call.called)
        + _text(4, call.source_ip)
        + _text(5, pin or "")
        + (_number(6, 1) if pin == "" else b"")
        + _text(7, call.host)
        + _text(8, call.call_id)
        + _text(10, trunk_id)
        + _text(11, call.source_ip)
        + _bytes(12, _sip_call(call))
    )
    return _request("EvaluateSIPDispatchRules", request, at_ns)


def call_state(info: SIPCallInfo, at_ns: int) -> BusMessage:
    """News of a call: answered, ended, failed."""
    return _request("UpdateSIPCallState", _bytes(1, info.SerializeToString()), at_ns)


def _sip_call(call: SipCall) -> bytes:
    to = SIPUri(user=call.called, host=call.host)
    sender = SIPUri(user=call.caller, host=call.caller_host or call.source_ip)
    via = SIPUri(host=call.source_ip, port=5060)
    return (
        _text(1, call.call_id)
        + _text(2, call.source_ip)
        + _bytes(3, to.SerializeToString())
        + _bytes(4, sender.SerializeToString())
        + _bytes(5, to.SerializeToString())
        + _bytes(6, via.SerializeToString())
        + _text(7, call.provider_call_id)
    )


def _request(method: str, raw: bytes, at_ns: int) -> BusMessage:
    request = (
        _text(1, new_id("REQ_"))
        + _text(2, "CLI_simulator0")
        + _number(3, at_ns)
        + _number(4, at_ns + EXPIRY_NS)
        + _bytes(8, raw)
    )
    return BusMessage(f"IOInfo|{method}|REQ", _text(1, TYPE_URL) + _bytes(2, request))


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode()) if text else b""


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(data)) + data


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3 | VARINT) + _varint(number)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
