"""The Twirp methods that Veyra calls, over the simulator's store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from livekit import api
from livekit.protocol.agent_dispatch import AgentDispatch
from livekit.protocol.room import (
    DeleteRoomResponse,
    MuteRoomTrackResponse,
    RemoveParticipantResponse,
)

from veyra.livekit import outbound, wire
from veyra.livekit.simulator import encoding
from veyra.livekit.simulator.store import refused
from veyra.livekit.simulator.switchboard import Switchboard


@dataclass(frozen=True)
class Method:
    """A Twirp method: the grant that it asks for, its request and its answer."""

    grant: str
    request: type[Message]
    answer: Callable[[Any], Awaitable[Message]]


class Methods:
    """Only whole objects are replaced: `update_*_fields` is not something that Veyra uses."""

    def __init__(self, switchboard: Switchboard, saved: Callable[[], None]) -> None:
        self.switchboard, self.store, self.saved = switchboard, switchboard.store, saved

    def table(self) -> dict[str, Method]:
        """By service and method name."""
        sip, rooms = "SIP/", "RoomService/"
        return {
            sip + "ListSIPInboundTrunk": Method(
                "sip_admin", api.ListSIPInboundTrunkRequest, self.list_inbound_trunks
            ),
            sip + "ListSIPOutboundTrunk": Method(
                "sip_admin", api.ListSIPOutboundTrunkRequest, self.list_outbound_trunks
            ),
            sip + "CreateSIPOutboundTrunk": Method(
                "sip_admin", api.CreateSIPOutboundTrunkRequest, self.create_outbound_trunk
            ),
            sip + "UpdateSIPOutboundTrunk": Method(
                "sip_admin", api.UpdateSIPOutboundTrunkRequest, self.update_outbound_trunk
            ),
            sip + "CreateSIPParticipant": Method(
                "sip_call", api.CreateSIPParticipantRequest, self.dial
            ),
            sip + "CreateSIPInboundTrunk": Method(
                "sip_admin", api.CreateSIPInboundTrunkRequest, self.create_inbound_trunk
            ),
            sip + "UpdateSIPInboundTrunk": Method(
                "sip_admin", api.UpdateSIPInboundTrunkRequest, self.update_inbound_trunk
            ),
            sip + "DeleteSIPTrunk": Method(
                "sip_admin", api.DeleteSIPTrunkRequest, self.delete_trunk
            ),
            sip + "ListSIPDispatchRule": Method(
                "sip_admin", api.ListSIPDispatchRuleRequest, self.list_dispatch_rules
            ),
            sip + "CreateSIPDispatchRule": Method(
                "sip_admin", api.CreateSIPDispatchRuleRequest, self.create_dispatch_rule
            ),
            sip + "UpdateSIPDispatchRule": Method(
                "sip_admin", api.UpdateSIPDispatchRuleRequest, self.update_dispatch_rule
            ),
            sip + "DeleteSIPDispatchRule": Method(
                "sip_admin", api.DeleteSIPDispatchRuleRequest, self.delete_dispatch_rule
            ),
            rooms + "ListRooms": Method("room_list", api.ListRoomsRequest, self.list_rooms),
            rooms + "ListParticipants": Method(
                "room_admin", api.ListParticipantsRequest, self.list_participants
            ),
            rooms + "DeleteRoom": Method("room_create", api.DeleteRoomRequest, self.delete_room),
            rooms + "RemoveParticipant": Method(
                "room_admin", api.RoomParticipantIdentity, self.remove_participant
            ),
            rooms + "MutePublishedTrack": Method("room_admin", api.MuteRoomTrackRequest, self.mute),
            rooms + "SendData": Method("room_admin", api.SendDataRequest, self.send_data),
            sip + "TransferSIPParticipant": Method(
                "room_admin", api.TransferSIPParticipantRequest, self.transfer
            ),
            "AgentDispatchService/CreateDispatch": Method(
                "room_admin", api.CreateAgentDispatchRequest, self.create_dispatch
            ),
            **self._media(),
        }

    def _media(self) -> dict[str, Method]:
        """What is recorded, sent on and taken in."""
        out, into = self.switchboard.recorders, self.switchboard.inputs
        egress, ingress = "Egress/", "Ingress/"
        records, takes = "room_record", "ingress_admin"
        return {
            egress + "StartRoomCompositeEgress": Method(
                records, api.RoomCompositeEgressRequest, out.record_room
            ),
            egress + "StartTrackEgress": Method(records, api.TrackEgressRequest, out.record_track),
            egress + "UpdateStream": Method(records, api.UpdateStreamRequest, out.change),
            egress + "StopEgress": Method(records, api.StopEgressRequest, out.stop),
            egress + "ListEgress": Method(records, api.ListEgressRequest, out.list),
            ingress + "CreateIngress": Method(takes, api.CreateIngressRequest, into.create),
            ingress + "UpdateIngress": Method(takes, api.UpdateIngressRequest, into.update),
            ingress + "ListIngress": Method(takes, api.ListIngressRequest, into.list),
            ingress + "DeleteIngress": Method(takes, api.DeleteIngressRequest, into.delete),
        }

    async def list_inbound_trunks(
        self, asked: api.ListSIPInboundTrunkRequest
    ) -> api.ListSIPInboundTrunkResponse:
        trunks = self.store.list_inbound_trunks()
        return api.ListSIPInboundTrunkResponse(items=map(encoding.trunk, trunks))

    async def list_outbound_trunks(
        self, asked: api.ListSIPOutboundTrunkRequest
    ) -> api.ListSIPOutboundTrunkResponse:
        trunks = self.store.list_outbound_trunks()
        return api.ListSIPOutboundTrunkResponse(items=map(encoding.outbound_trunk, trunks))

    async def create_outbound_trunk(
        self, asked: api.CreateSIPOutboundTrunkRequest
    ) -> api.SIPOutboundTrunkInfo:
        livekit_id = self.store.create_outbound_trunk(outbound.trunk_from(asked.trunk))
        self.saved()
        return encoding.outbound_trunk(self.store.outbound[livekit_id])

    async def update_outbound_trunk(
        self, asked: api.UpdateSIPOutboundTrunkRequest
    ) -> api.SIPOutboundTrunkInfo:
        if not asked.HasField("replace"):
            raise refused("missing or unsupported update action")
        trunk = outbound.trunk_from(asked.replace)
        self.store.replace_outbound_trunk(asked.sip_trunk_id, trunk)
        self.saved()
        return encoding.outbound_trunk(self.store.outbound[asked.sip_trunk_id])

    async def dial(self, asked: api.CreateSIPParticipantRequest) -> api.SIPParticipantInfo:
        """The simulator has no telephones; pages that would dial say so before."""
        raise refused("the simulator calls nobody", "unimplemented")

    async def create_inbound_trunk(
        self, asked: api.CreateSIPInboundTrunkRequest
    ) -> api.SIPInboundTrunkInfo:
        livekit_id = self.store.create_inbound_trunk(wire.trunk_from(asked.trunk))
        self.saved()
        return encoding.trunk(self.store.trunks[livekit_id])

    async def update_inbound_trunk(
        self, asked: api.UpdateSIPInboundTrunkRequest
    ) -> api.SIPInboundTrunkInfo:
        if not asked.HasField("replace"):
            raise refused("missing or unsupported update action")
        self.store.replace_inbound_trunk(asked.sip_trunk_id, wire.trunk_from(asked.replace))
        self.saved()
        return encoding.trunk(self.store.trunks[asked.sip_trunk_id])

    async def delete_trunk(self, asked: api.DeleteSIPTrunkRequest) -> api.SIPTrunkInfo:
        self.store.delete_inbound_trunk(asked.sip_trunk_id)
        self.saved()
        return api.SIPTrunkInfo(sip_trunk_id=asked.sip_trunk_id)

    async def list_dispatch_rules(
        self, asked: api.ListSIPDispatchRuleRequest
    ) -> api.ListSIPDispatchRuleResponse:
        rules = self.store.list_dispatch_rules()
        return api.ListSIPDispatchRuleResponse(items=map(encoding.rule, rules))

    async def create_dispatch_rule(
        self, asked: api.CreateSIPDispatchRuleRequest
    ) -> api.SIPDispatchRuleInfo:
        if not asked.dispatch_rule.HasField("rule"):
            raise refused("missing rule")
        livekit_id = self.store.create_dispatch_rule(wire.rule_from(asked.dispatch_rule))
        self.saved()
        return encoding.rule(self.store.rules[livekit_id])

    async def update_dispatch_rule(
        self, asked: api.UpdateSIPDispatchRuleRequest
    ) -> api.SIPDispatchRuleInfo:
        if not asked.HasField("replace"):
            raise refused("missing or unsupported update action")
        if not asked.replace.HasField("rule"):
            raise refused("missing rule")
        rule = wire.rule_from(asked.replace)
        self.store.replace_dispatch_rule(asked.sip_dispatch_rule_id, rule)
        self.saved()
        return encoding.rule(self.store.rules[asked.sip_dispatch_rule_id])

    async def delete_dispatch_rule(
        self, asked: api.DeleteSIPDispatchRuleRequest
    ) -> api.SIPDispatchRuleInfo:
        self.store.delete_dispatch_rule(asked.sip_dispatch_rule_id)
        self.saved()
        return api.SIPDispatchRuleInfo(sip_dispatch_rule_id=asked.sip_dispatch_rule_id)

    async def list_rooms(self, asked: api.ListRoomsRequest) -> api.ListRoomsResponse:
        rooms = self.store.list_rooms(list(asked.names))
        return api.ListRoomsResponse(rooms=map(encoding.room, rooms))

    async def list_participants(
        self, asked: api.ListParticipantsRequest
    ) -> api.ListParticipantsResponse:
        people = self.store.list_participants(asked.room)
        return api.ListParticipantsResponse(participants=map(encoding.participant, people))

    async def delete_room(self, asked: api.DeleteRoomRequest) -> DeleteRoomResponse:
        await self.switchboard.delete_room(asked.room)
        return DeleteRoomResponse()

    async def remove_participant(
        self, asked: api.RoomParticipantIdentity
    ) -> RemoveParticipantResponse:
        await self.switchboard.remove_participant(asked.room, asked.identity)
        return RemoveParticipantResponse()

    async def mute(self, asked: api.MuteRoomTrackRequest) -> MuteRoomTrackResponse:
        muted = self.store.mute(asked.room, asked.identity, asked.track_sid, asked.muted)
        return MuteRoomTrackResponse(track=encoding.track(muted))

    async def send_data(self, asked: api.SendDataRequest) -> api.SendDataResponse:
        """Nobody in a simulated room can read; LiveKit does not tell whether anybody did."""
        if asked.room not in self.store.rooms:
            raise refused("requested room does not exist", "not_found")
        return api.SendDataResponse()

    async def transfer(
        self, asked: api.TransferSIPParticipantRequest
    ) -> api.TransferSIPParticipantResponse:
        """Its providers take every call over that was answered."""
        await self.switchboard.transfer(asked.room_name, asked.participant_identity)
        return api.TransferSIPParticipantResponse()

    async def create_dispatch(self, asked: api.CreateAgentDispatchRequest) -> AgentDispatch:
        livekit_id = self.store.create_dispatch(asked.agent_name, asked.room, asked.metadata)
        return AgentDispatch(
            id=livekit_id, agent_name=asked.agent_name, room=asked.room, metadata=asked.metadata
        )
