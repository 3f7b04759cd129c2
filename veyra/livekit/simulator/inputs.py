"""The simulated ingress: addresses to send to, and senders that a test or a person begins."""

from dataclasses import replace
from datetime import UTC, datetime
from time import time_ns

from livekit import api
from livekit.protocol import models
from livekit.protocol.ingress import IngressInfo, IngressInput, IngressState

from veyra.livekit.simulator.ids import new_id
from veyra.livekit.simulator.sequence import Speak, ns, of_room
from veyra.livekit.simulator.store import Store, refused
from veyra.livekit.types import Participant, Room, Track

RTMP_BASE, WHIP_BASE = "rtmp://127.0.0.1:1935/x", "http://127.0.0.1:8085/w"


class Inputs:
    """LiveKit's ingress. A sender is there from `begin` to `end`; one by URL begins by itself."""

    def __init__(self, store: Store, speak: Speak) -> None:
        self.store, self.speak = store, speak
        self.infos: dict[str, IngressInfo] = {}

    async def create(self, asked: api.CreateIngressRequest) -> IngressInfo:
        if not asked.room_name:
            raise refused("invalid ingress: no room name")
        if not asked.participant_identity:
            raise refused("invalid ingress: no participant identity")
        info = IngressInfo(
            ingress_id=new_id("IN_"),
            name=asked.name,
            input_type=asked.input_type,
            room_name=asked.room_name,
            participant_identity=asked.participant_identity,
            participant_name=asked.participant_name,
            participant_metadata=asked.participant_metadata,
            reusable=asked.input_type != IngressInput.URL_INPUT,
            enabled=asked.enabled or not asked.HasField("enabled"),
        )
        if asked.input_type == IngressInput.URL_INPUT:
            _check(asked.url)
            info.url = asked.url
        else:
            info.stream_key = new_id("")
            is_rtmp = asked.input_type == IngressInput.RTMP_INPUT
            info.url = RTMP_BASE if is_rtmp else WHIP_BASE
        self.infos[info.ingress_id] = info
        if not info.reusable:
            await self.begin(info.ingress_id)
        return info

    async def update(self, asked: api.UpdateIngressRequest) -> IngressInfo:
        info = self._known(asked.ingress_id)
        if not info.reusable:
            raise refused("ingress is not reusable and cannot be modified")
        if asked.HasField("enabled"):
            info.enabled = asked.enabled
        info.name = asked.name or info.name
        return info

    async def list(self, asked: api.ListIngressRequest) -> api.ListIngressResponse:
        items = [info for info in self.infos.values() if asked.room_name in ("", info.room_name)]
        return api.ListIngressResponse(items=items)

    async def delete(self, asked: api.DeleteIngressRequest) -> IngressInfo:
        info = self._known(asked.ingress_id)
        await self.end(info.ingress_id)
        return self.infos.pop(info.ingress_id)

    async def begin(self, ingress: str) -> None:
        """A sender comes, by the address and the key."""
        info = self._known(ingress)
        if not info.enabled:
            raise refused("ingress disabled", "failed_precondition")
        is_new = info.room_name not in self.store.rooms
        room, now = self.store.open_room(info.room_name), datetime.now(UTC)
        state = info.state
        state.Clear()
        state.status, state.room_id = IngressState.ENDPOINT_BUFFERING, room.sid
        state.started_at = state.updated_at = time_ns()
        person = Participant(
            sid=new_id("PA_"),
            identity=info.participant_identity,
            name=info.participant_name,
            kind="ingress",
            joined_at=now,
            tracks=(Track(sid=new_id("TR_"), kind="audio", source="microphone"),),
        )
        self.store.join(room.name, replace(person, has_sound=True))
        if is_new:
            await self.speak([of_room("room_started", room, now)])
        joined = of_room("participant_joined", room, now, _participant(person))
        await self.speak([_event("ingress_started", info), joined])
        state.status, state.updated_at = IngressState.ENDPOINT_PUBLISHING, time_ns()

    async def end(self, ingress: str, error: str = "") -> None:
        """The sender leaves, or cannot go on."""
        info = self._known(ingress)
        if info.state.status not in (
            IngressState.ENDPOINT_BUFFERING,
            IngressState.ENDPOINT_PUBLISHING,
        ):
            return
        info.state.error, info.state.ended_at = error, time_ns()
        info.state.updated_at = time_ns()
        over = IngressState.ENDPOINT_INACTIVE if info.reusable else IngressState.ENDPOINT_COMPLETE
        info.state.status = IngressState.ENDPOINT_ERROR if error else over
        people = self.store.people.get(info.room_name, {})
        people.pop(info.participant_identity, None)
        await self.speak([_event("ingress_ended", info)])

    async def room_closed(self, room: Room) -> None:
        for info in list(self.infos.values()):
            if info.state.room_id == room.sid:
                await self.end(info.ingress_id)

    def _known(self, ingress: str) -> IngressInfo:
        if ingress not in self.infos:
            raise refused("ingress does not exist", "not_found")
        return self.infos[ingress]


def _check(url: str) -> None:
    if not url:
        raise refused("missing URL parameter")
    if not url.startswith(("http://", "https://", "srt://")):
        raise refused("invalid url scheme")


def _event(kind: str, info: IngressInfo) -> api.WebhookEvent:
    event = api.WebhookEvent(event=kind, id=new_id("EV_"), created_at=time_ns() // 1_000_000_000)
    event.ingress_info.CopyFrom(info)
    return event


def _participant(person: Participant) -> models.ParticipantInfo:
    joined_at = person.joined_at or datetime.now(UTC)
    return models.ParticipantInfo(
        sid=person.sid,
        identity=person.identity,
        name=person.name,
        state=models.ParticipantInfo.ACTIVE,
        kind=models.ParticipantInfo.INGRESS,
        joined_at=int(joined_at.timestamp()),
        joined_at_ms=ns(joined_at) // 1_000_000,
    )
