"""LiveKit's API for synchronous code: frozen values in and out, one error."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from django.conf import settings
from google.protobuf.message import DecodeError
from livekit import api
from livekit.protocol.models import DataPacket

from veyra.livekit import media, outbound, wire
from veyra.livekit.media import Egress, Ingress, Upload
from veyra.livekit.pairs import pairs
from veyra.livekit.types import (
    Dial,
    DispatchRule,
    InboundTrunk,
    LiveKitError,
    OutboundTrunk,
    Participant,
    Room,
    Transfer,
    attempt,
)

T = TypeVar("T")

TIMEOUT_SECONDS = 10.0
# The same request may pass later: the server is starting, busy, or without its broker.
PASSING = {"aborted", "canceled", "deadline_exceeded", "resource_exhausted", "unavailable"}


class LiveKit:
    """One connection to LiveKit, open inside `with`, for any thread that runs no event loop.

    Every method raises LiveKitError, and nothing else, when LiveKit refuses or is away.
    """

    def __init__(self, url: str, key: str, secret: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url, self._key, self._secret = url, key, secret
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    @classmethod
    def from_settings(cls, timeout: float = TIMEOUT_SECONDS) -> Self:
        """The LiveKit of LIVEKIT_URL, by the key pair of this moment."""
        pair = pairs().first
        return cls(settings.LIVEKIT_URL, pair.name, pair.secret, timeout)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="livekit", daemon=True)
        self._thread.start()
        try:
            # The SDK opens its session in the constructor, which must happen inside the loop.
            self._api = self._run(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._api.aclose())
        finally:
            self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> api.LiveKitAPI:
        return api.LiveKitAPI(
            self._url, self._key, self._secret, timeout=self._timeout, failover=False
        )

    def _ask(self, request: Coroutine[Any, Any, T]) -> T:
        return self._run(_answer(request))

    def together(self, works: Sequence[Callable[[], T]]) -> list[T | LiveKitError]:
        """Do all of these at the same time; what each returned, or how LiveKit refused it."""
        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(attempt, works))

    def list_inbound_trunks(self) -> list[InboundTrunk]:
        """Every inbound trunk, with its password in clear: LiveKit sends it so."""
        answer = self._ask(self._api.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()))
        return [wire.trunk_from(item) for item in answer.items]

    def list_outbound_trunks(self) -> list[OutboundTrunk]:
        """Every outbound trunk, with its password in clear, as above."""
        answer = self._ask(self._api.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest()))
        return [outbound.trunk_from(item) for item in answer.items]

    def create_outbound_trunk(self, trunk: OutboundTrunk) -> str:
        """The new object's id."""
        request = api.CreateSIPOutboundTrunkRequest(trunk=outbound.trunk_to(trunk))
        return str(self._ask(self._api.sip.create_outbound_trunk(request)).sip_trunk_id)

    def replace_outbound_trunk(self, livekit_id: str, trunk: OutboundTrunk) -> None:
        """The whole object is overwritten; its id stays."""
        self._ask(self._api.sip.update_outbound_trunk(livekit_id, outbound.trunk_to(trunk)))

    def delete_outbound_trunk(self, livekit_id: str) -> None:
        """An unknown id is no error: LiveKit says nothing of it."""
        self.delete_inbound_trunk(livekit_id)

    def create_inbound_trunk(self, trunk: InboundTrunk) -> str:
        """The new object's id."""
        request = api.CreateSIPInboundTrunkRequest(trunk=wire.trunk_to(trunk))
        return str(self._ask(self._api.sip.create_inbound_trunk(request)).sip_trunk_id)

    def replace_inbound_trunk(self, livekit_id: str, trunk: InboundTrunk) -> None:
        """The whole object is overwritten; its id stays."""
        self._ask(self._api.sip.update_inbound_trunk(livekit_id, wire.trunk_to(trunk)))

    def delete_inbound_trunk(self, livekit_id: str) -> None:
        """An unknown id is no error: LiveKit says nothing of it."""
        request = api.DeleteSIPTrunkRequest(sip_trunk_id=livekit_id)
        self._ask(self._api.sip.delete_trunk(request))

    def list_dispatch_rules(self) -> list[DispatchRule]:
        answer = self._ask(self._api.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest()))
        return [wire.rule_from(item) for item in answer.items]

    def create_dispatch_rule(self, rule: DispatchRule) -> str:
        """The new object's id."""
        request = api.CreateSIPDispatchRuleRequest(dispatch_rule=wire.rule_to(rule))
        return str(self._ask(self._api.sip.create_dispatch_rule(request)).sip_dispatch_rule_id)

    def replace_dispatch_rule(self, livekit_id: str, rule: DispatchRule) -> None:
        """The whole object is overwritten; its id stays."""
        self._ask(self._api.sip.update_dispatch_rule(livekit_id, wire.rule_to(rule)))

    def delete_dispatch_rule(self, livekit_id: str) -> None:
        """An unknown id is LiveKitError with code not_found."""
        request = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=livekit_id)
        self._ask(self._api.sip.delete_dispatch_rule(request))

    def list_rooms(self, names: Sequence[str] = ()) -> list[Room]:
        """Those of these names; all, where none is given."""
        answer = self._ask(self._api.room.list_rooms(api.ListRoomsRequest(names=names)))
        return [wire.room_from(item) for item in answer.rooms]

    def list_participants(self, room: str) -> list[Participant]:
        request = api.ListParticipantsRequest(room=room)
        answer = self._ask(self._api.room.list_participants(request))
        return [wire.participant_from(item) for item in answer.participants]

    def delete_room(self, room: str) -> None:
        self._ask(self._api.room.delete_room(api.DeleteRoomRequest(room=room)))

    def remove_participant(self, room: str, identity: str) -> None:
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        self._ask(self._api.room.remove_participant(request))

    def mute(self, room: str, identity: str, track: str, muted: bool) -> None:
        """Take the sound or picture of a track (its sid) from everybody, or give it back."""
        request = api.MuteRoomTrackRequest(
            room=room, identity=identity, track_sid=track, muted=muted
        )
        self._ask(self._api.room.mute_published_track(request))

    def update_subscriptions(
        self, room: str, identity: str, tracks: Sequence[str], wanted: bool
    ) -> None:
        """Let this participant hear those tracks (sids), or no longer; he may ask anew himself."""
        request = api.UpdateSubscriptionsRequest(
            room=room, identity=identity, track_sids=tracks, subscribe=wanted
        )
        self._ask(self._api.room.update_subscriptions(request))

    def send_data(self, room: str, identities: Sequence[str], topic: str, data: bytes) -> None:
        """Give these participants `data`; LiveKit does not tell whether it arrived."""
        request = api.SendDataRequest(
            room=room,
            data=data,
            kind=DataPacket.Kind.RELIABLE,
            destination_identities=identities,
            topic=topic,
        )
        self._ask(self._api.room.send_data(request))

    def transfer(self, transfer: Transfer) -> None:
        """Wait until the exchange has connected the telephone, or says that it does not: then
        LiveKitError has its answer in sip_status. The caller hears ringing meanwhile.

        An error without one may mean that it goes on: do not ask again.
        """
        request = outbound.transfer_to(transfer)
        self._ask(self._api.sip.transfer_sip_participant(request))

    def dial(self, dial: Dial) -> str:
        """Call a telephone into a room; the gateway's id of the call (SCL_…), before it rings.

        LiveKit itself never dials twice for one request. An error that is not permanent may mean
        that it dials: do not ask again, delete the room.
        """
        request = outbound.dial_to(dial)
        return str(self._ask(self._api.sip.create_sip_participant(request)).sip_call_id)

    def create_dispatch(self, agent_name: str, room: str, metadata: str) -> str:
        """Send a worker of `agent_name` into `room`; the dispatch's id."""
        request = api.CreateAgentDispatchRequest(
            agent_name=agent_name, room=room, metadata=metadata
        )
        return str(self._ask(self._api.agent_dispatch.create_dispatch(request)).id)

    # what goes out: an egress that cannot begin is LiveKitError; later faults stand in the egress

    def record_sound(self, room: str, path: str, upload: Upload | None = None) -> Egress:
        """Everything that is said in `room`, as Ogg Opus."""
        request = media.sound_of_room(room, path, upload)
        return self._begun(self._api.egress.start_room_composite_egress(request))

    def record_picture(self, room: str, path: str, upload: Upload | None = None) -> Egress:
        """Sound and picture of everybody in `room`, as MP4."""
        request = media.picture_of_room(room, path, upload)
        return self._begun(self._api.egress.start_room_composite_egress(request))

    def record_track(
        self, room: str, track: str, path: str, upload: Upload | None = None
    ) -> Egress:
        """One track (its sid), as it is sent."""
        request = media.one_track(room, track, path, upload)
        return self._begun(self._api.egress.start_track_egress(request))

    def start_stream(self, room: str, addresses: Sequence[str], *, has_picture: bool) -> Egress:
        """Send `room` to these RTMP addresses, keys included."""
        request = media.stream_of_room(room, addresses, has_picture=has_picture)
        return self._begun(self._api.egress.start_room_composite_egress(request))

    def change_stream(self, egress: str, add: Sequence[str], remove: Sequence[str]) -> Egress:
        """Addresses in clear. A stream without any address ends."""
        request = api.UpdateStreamRequest(
            egress_id=egress, add_output_urls=add, remove_output_urls=remove
        )
        return self._begun(self._api.egress.update_stream(request))

    def stop_egress(self, egress: str) -> Egress:
        """One that is over is LiveKitError with code failed_precondition."""
        return self._begun(self._api.egress.stop_egress(api.StopEgressRequest(egress_id=egress)))

    def list_egress(self, *, room: str = "", active: bool = False) -> list[Egress]:
        """Also those that are over, for a day or so. `active`: by LiveKit's word, which may lie."""
        request = api.ListEgressRequest(room_name=room, active=active)
        answer = self._ask(self._api.egress.list_egress(request))
        return [media.egress_from(item) for item in answer.items]

    def _begun(self, request: Coroutine[Any, Any, Any]) -> Egress:
        return media.egress_from(self._ask(request))

    # what comes in

    def create_ingress(self, wish: Ingress) -> Ingress:
        """With its id, address and key. One of kind "url" runs at once."""
        request = media.ingress_to(wish)
        return media.ingress_from(self._ask(self._api.ingress.create_ingress(request)))

    def enable_ingress(self, livekit_id: str, is_enabled: bool) -> Ingress:
        """Let a sender in, or refuse him. One of kind "url" cannot be changed."""
        request = api.UpdateIngressRequest(ingress_id=livekit_id, enabled=is_enabled)
        return media.ingress_from(self._ask(self._api.ingress.update_ingress(request)))

    def list_ingress(self) -> list[Ingress]:
        answer = self._ask(self._api.ingress.list_ingress(api.ListIngressRequest()))
        return [media.ingress_from(item) for item in answer.items]

    def delete_ingress(self, livekit_id: str) -> None:
        """One that runs is stopped. An unknown id is LiveKitError with code not_found."""
        request = api.DeleteIngressRequest(ingress_id=livekit_id)
        self._ask(self._api.ingress.delete_ingress(request))


async def _answer(request: Coroutine[Any, Any, T]) -> T:
    """The SDK's answer; each of its errors as LiveKitError."""
    try:
        return await request
    except api.ServerError as error:
        # A wrong key is answered in plain text, so the SDK knows no code for it.
        code = "unauthenticated" if error.status == 401 else error.code
        passing = error.status >= 500 or code in PASSING
        told = error.metadata.get("sip_status_code", "")
        answer = int(told) if told.isdecimal() else None
        raise LiveKitError(
            error.message, permanent=not passing, code=code, sip_status=answer
        ) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        # The error's own text may name hosts and ports; its type says enough for the log.
        raise LiveKitError(type(error).__name__, permanent=False, code="unavailable") from error
    except (aiohttp.InvalidURL, DecodeError, ValueError) as error:
        # Something answers at LIVEKIT_URL that is not LiveKit.
        raise LiveKitError(type(error).__name__, permanent=True, code="malformed") from error
