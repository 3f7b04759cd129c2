"""Calls out, as the SDK writes them, and as our values: pure."""

from livekit import api
from livekit.protocol.sip import SIPCodec, SIPMediaConfig, SIPMediaEncryption, SIPTransport

from veyra.livekit import wire
from veyra.livekit.types import Dial, OutboundTrunk, Transfer

FIELDS = {
    "sip_trunk_id",
    "name",
    "metadata",
    "address",
    "transport",
    "numbers",
    "auth_username",
    "auth_password",
    "from_host",
    "media",
    "created_at",
    "updated_at",
}
MEDIA_FIELDS = {"only_listed_codecs", "codecs", "encryption"}


def trunk_to(trunk: OutboundTrunk) -> api.SIPOutboundTrunkInfo:
    return api.SIPOutboundTrunkInfo(
        name=trunk.name,
        metadata=trunk.metadata,
        address=trunk.address,
        transport=f"SIP_TRANSPORT_{trunk.transport.upper()}",
        numbers=trunk.numbers,
        auth_username=trunk.auth_username,
        auth_password=trunk.auth_password,
        from_host=trunk.from_host,
        media=SIPMediaConfig(
            only_listed_codecs=bool(trunk.codecs),
            codecs=[SIPCodec(name=name, rate=8000) for name in trunk.codecs],
            encryption=f"SIP_MEDIA_ENCRYPT_{trunk.encryption.upper()}",
        ),
    )


def trunk_from(info: api.SIPOutboundTrunkInfo) -> OutboundTrunk:
    media = info.media
    return OutboundTrunk(
        id=info.sip_trunk_id,
        name=info.name,
        metadata=info.metadata,
        address=info.address,
        transport=SIPTransport.Name(info.transport).removeprefix("SIP_TRANSPORT_").lower(),
        numbers=tuple(info.numbers),
        auth_username=info.auth_username,
        auth_password=info.auth_password,
        from_host=info.from_host,
        codecs=tuple(codec.name for codec in media.codecs),
        encryption=SIPMediaEncryption.Name(media.encryption)
        .removeprefix("SIP_MEDIA_ENCRYPT_")
        .lower(),
        other=(*wire.other(info, FIELDS), *wire.other(media, MEDIA_FIELDS)),
    )


def dial_to(dial: Dial) -> api.CreateSIPParticipantRequest:
    """It returns as soon as the participant is in the room: the answer is told by tap and webhook.

    Waiting for it here would hold a worker's thread for as long as a telephone rings.
    """
    request = api.CreateSIPParticipantRequest(
        sip_trunk_id=dial.trunk_id,
        sip_call_to=dial.to,
        sip_number=dial.shown,
        room_name=dial.room,
        participant_identity=dial.identity,
        participant_name=dial.name,
        participant_attributes=dial.attributes,
        headers=dial.headers,
        play_dialtone=dial.dialtone,
        wait_until_answered=False,
    )
    request.ringing_timeout.FromTimedelta(dial.ringing)
    request.max_call_duration.FromTimedelta(dial.longest)
    return request


def transfer_to(transfer: Transfer) -> api.TransferSIPParticipantRequest:
    request = api.TransferSIPParticipantRequest(
        room_name=transfer.room,
        participant_identity=transfer.identity,
        transfer_to=transfer.to,
        play_dialtone=True,
    )
    request.ringing_timeout.FromTimedelta(transfer.ringing)
    return request
