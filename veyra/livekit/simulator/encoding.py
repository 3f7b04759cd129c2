"""Stored objects as LiveKit lists them, ids included; and what is kept from start to start."""

import json
import os
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict
from livekit import api
from livekit.protocol import models

from veyra.livekit import outbound, wire
from veyra.livekit.simulator.store import Store
from veyra.livekit.types import (
    DispatchRule,
    InboundTrunk,
    OutboundTrunk,
    Participant,
    Room,
    Track,
)

KINDS = {kind: models.ParticipantInfo.Kind.Name(number) for number, kind in wire.KINDS.items()}


def trunk(stored: InboundTrunk) -> api.SIPInboundTrunkInfo:
    info = wire.trunk_to(stored)
    info.sip_trunk_id = stored.id
    return info


def outbound_trunk(stored: OutboundTrunk) -> api.SIPOutboundTrunkInfo:
    info = outbound.trunk_to(stored)
    info.sip_trunk_id = stored.id
    return info


def rule(stored: DispatchRule) -> api.SIPDispatchRuleInfo:
    info = wire.rule_to(stored)
    info.sip_dispatch_rule_id = stored.id
    return info


def room(stored: Room) -> api.Room:
    return api.Room(
        sid=stored.sid,
        name=stored.name,
        creation_time=int(stored.created_at.timestamp()),
        num_participants=stored.participants,
    )


def participant(stored: Participant) -> models.ParticipantInfo:
    return models.ParticipantInfo(
        sid=stored.sid,
        identity=stored.identity,
        kind=KINDS[stored.kind],
        name=stored.name,
        tracks=map(track, stored.tracks),
        state=models.ParticipantInfo.ACTIVE,
        attributes=stored.attributes,
        joined_at=int(stored.joined_at.timestamp()) if stored.joined_at else 0,
    )


def track(stored: Track) -> models.TrackInfo:
    return models.TrackInfo(
        sid=stored.sid,
        type=stored.kind.upper(),
        source=stored.source.upper(),
        name=stored.name,
        muted=stored.is_muted,
    )


def save(store: Store, path: Path) -> None:
    """Trunks and rules, so that a restart forgets none. Passwords are in it, as in LiveKit's."""
    kept = {
        "trunks": [MessageToDict(trunk(each)) for each in store.list_inbound_trunks()],
        "rules": [MessageToDict(rule(each)) for each in store.list_dispatch_rules()],
        "outbound": [MessageToDict(outbound_trunk(x)) for x in store.list_outbound_trunks()],
    }
    temporary = path.with_suffix(".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
    temporary.replace(path)


def load(path: Path) -> Store:
    """What `save` kept; an empty store where there is nothing."""
    store = Store()
    if path.exists():
        kept = json.loads(path.read_text())
        for each in kept["trunks"]:
            info = ParseDict(each, api.SIPInboundTrunkInfo())
            store.trunks[info.sip_trunk_id] = wire.trunk_from(info)
        for each in kept["rules"]:
            entry = ParseDict(each, api.SIPDispatchRuleInfo())
            store.rules[entry.sip_dispatch_rule_id] = wire.rule_from(entry)
        for each in kept.get("outbound", ()):
            out = ParseDict(each, api.SIPOutboundTrunkInfo())
            store.outbound[out.sip_trunk_id] = outbound.trunk_from(out)
    return store
