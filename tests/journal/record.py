"""Record what a real LiveKit says of a call, for the journal's tests.

usage: python -m tests.journal.record [SCENARIO ...]

It needs a running livekit-server, livekit-sip and Redis, named by LIVEKIT_URL, LIVEKIT_API_KEY,
LIVEKIT_API_SECRET, LIVEKIT_REDIS_URL and SIP_PORT, and a server whose webhooks go to
http://127.0.0.1:WEBHOOKS/. Each scenario places real calls and becomes recorded/SCENARIO.json:
{"caller": {...}, "records": [...]}, where `caller` holds what the caller saw (unix seconds) and
a record is a webhook's body, a message of the bus, a poll or a fact of the agent's. Only what the
room's own secrets and codecs are is left out of the bodies.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis.asyncio
from aiohttp import web
from google.protobuf.json_format import MessageToDict
from livekit import api, rtc

from tests.journal.caller import Caller

FOLDER = Path(__file__).parent / "recorded"
CHANNELS = [
    f"IOInfo|{name}|REQ"
    for name in ("GetSIPTrunkAuthentication", "EvaluateSIPDispatchRules", "UpdateSIPCallState")
]
NUMBER, CALLER, OTHER = "74991124148", "79161230001", "79161230002"
RULE, AGENT = "0f1e2d3c-4b5a-4697-8877-665544332211", "8d7c6b5a-4f3e-4211-9988-776655443322"


def without_room_secrets(event: dict[str, Any]) -> dict[str, Any]:
    for name in ("turnPassword", "enabledCodecs"):
        event.get("room", {}).pop(name, None)
    return event


class Recorder:
    """One scenario: LiveKit's objects for it, a stand-in agent, and everything that was said."""

    def __init__(self, livekit: api.LiveKitAPI) -> None:
        self.livekit = livekit
        self.records: list[dict[str, Any]] = []
        self.caller: dict[str, Any] = {}
        self.agent_comes = False
        self.rooms: dict[str, rtc.Room] = {}
        self.work: set[asyncio.Task[None]] = set()

    def note(self, source: str, **fields: Any) -> None:
        self.records.append({"source": source, "at": round(time.time(), 3), **fields})

    def saw(self, moment: str) -> None:
        self.caller[moment] = round(time.time(), 3)

    # what LiveKit says

    async def webhook(self, request: web.Request) -> web.Response:
        event = without_room_secrets(await request.json())
        self.note("webhook", body=json.dumps(event))
        is_caller = event.get("participant", {}).get("kind") == "SIP"
        if self.agent_comes and event["event"] == "participant_joined" and is_caller:
            task = asyncio.ensure_future(self.answer(event["room"], event["participant"]))
            self.work.add(task)
        return web.Response()

    async def tap(self, url: str) -> None:
        async with redis.asyncio.from_url(url).pubsub() as bus:
            await bus.subscribe(*CHANNELS)
            async for message in bus.listen():
                if message["type"] == "message":
                    raw = base64.b64encode(message["data"]).decode()
                    self.note("tap", channel=message["channel"].decode(), raw=raw)

    async def poll(self) -> None:
        while True:
            await asyncio.sleep(2)
            rooms = (await self.livekit.room.list_rooms(api.ListRoomsRequest())).rooms
            self.note("poll", rooms=[await self.snapshot(room) for room in rooms])

    async def snapshot(self, room: api.Room) -> dict[str, Any]:
        asked = api.ListParticipantsRequest(room=room.name)
        people = (await self.livekit.room.list_participants(asked)).participants
        shown = {"room": MessageToDict(room), "participants": [MessageToDict(p) for p in people]}
        return without_room_secrets(shown)

    # a stand-in for our agent: one for each room

    async def answer(self, room: dict[str, Any], caller: dict[str, Any]) -> None:
        about = {"room_sid": room["sid"], "room_name": room["name"]}
        about |= {"sip_call_id": caller["attributes"]["sip.callID"]}
        about |= {"participant_sid": caller["sid"]}
        if room["sid"] in self.rooms:  # it greets everyone who joins a shared room
            self.note("agent", kind="speech_started", payload={}, **about)
            return
        mine = rtc.Room()
        self.rooms[room["sid"]] = mine
        token = api.AccessToken().with_identity("agent-recorder").with_kind("agent")
        token.with_grants(api.VideoGrants(room_join=True, room=room["name"]))
        heard = asyncio.Event()
        mine.on("local_track_subscribed", lambda _track: heard.set())
        self.note("agent", kind="started", payload={"agent": AGENT, "version": 1}, **about)
        await mine.connect(os.environ["LIVEKIT_URL"], token.to_jwt())
        source = rtc.AudioSource(8000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        await mine.local_participant.publish_track(track)
        await asyncio.wait_for(heard.wait(), 10)
        self.note("agent", kind="audio_heard_by_caller", payload={}, **about)
        self.note("agent", kind="speech_started", payload={}, **about)
        frame = rtc.AudioFrame(b"\0\0" * 160, 8000, 1, 160)
        while mine.isconnected():
            await source.capture_frame(frame)
        self.note("agent", kind="closed", payload={"reason": "room_closed"}, **about)

    async def close_rooms(self) -> None:
        """What our agent does when its last caller has left."""
        for room in self.rooms.values():
            if room.isconnected():
                await self.livekit.room.delete_room(api.DeleteRoomRequest(room=room.name))

    # LiveKit's objects and the callers

    async def line(
        self, *, direct: bool = False, ringing: int = 30, pin: str = "", **fields: Any
    ) -> str:
        fields = {"numbers": ["+" + NUMBER]} | fields
        trunk = api.SIPInboundTrunkInfo(name="recorder", **fields)
        trunk.ringing_timeout.FromSeconds(ringing)
        asked = api.CreateSIPInboundTrunkRequest(trunk=trunk)
        made = await self.livekit.sip.create_inbound_trunk(asked)
        rule = api.SIPDispatchRule()
        if direct:
            rule.dispatch_rule_direct.room_name = "support-room"
            rule.dispatch_rule_direct.pin = pin
        else:
            rule.dispatch_rule_individual.room_prefix = "support-room-"
            rule.dispatch_rule_individual.pin = pin
        await self.livekit.sip.create_dispatch_rule(
            api.CreateSIPDispatchRuleRequest(
                rule=rule, trunk_ids=[made.sip_trunk_id], attributes={"veyra.rule": RULE}
            )
        )
        return str(made.sip_trunk_id)

    async def clear(self) -> None:
        rules = await self.livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
        for rule in rules.items:
            asked = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
            await self.livekit.sip.delete_dispatch_rule(asked)
        trunks = await self.livekit.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
        for trunk in trunks.items:
            gone = api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id)
            await self.livekit.sip.delete_trunk(gone)

    async def dial(self, called: str = NUMBER, number: str = CALLER, **more: Any) -> Caller:
        self.saw(f"{number} called")
        return await Caller(int(os.environ["SIP_PORT"]), called, number, **more).call()

    async def answered(self, call: Caller) -> None:
        self.caller[f"{call.number} status"] = await asyncio.wait_for(call.final, 20)
        self.saw(f"{call.number} answered")

    async def refused(self, call: Caller, seconds: float = 20) -> None:
        with suppress(asyncio.TimeoutError):
            status = await asyncio.wait_for(asyncio.shield(call.final), seconds)
            self.caller[f"{call.number} status"] = status
        self.saw(f"{call.number} refused")


async def good_call(take: Recorder) -> None:
    take.agent_comes = True
    await take.line()
    call = await take.dial()
    await take.answered(call)
    await asyncio.sleep(5)
    take.saw("hung up")
    call.hang_up()
    await asyncio.sleep(1)
    await take.close_rooms()
    await asyncio.sleep(2)


async def agent_hung_up(take: Recorder) -> None:
    take.agent_comes = True
    await take.line()
    call = await take.dial()
    await take.answered(call)
    await asyncio.sleep(3)
    take.saw("hung up")
    await take.close_rooms()
    await asyncio.wait_for(call.gone.wait(), 5)
    await asyncio.sleep(2)


async def login(take: Recorder) -> None:
    take.agent_comes = True
    await take.line(auth_username="line", auth_password="right")
    call = await take.dial(login=("line", "right"))
    await take.answered(call)
    await asyncio.sleep(2)
    call.hang_up()
    await asyncio.sleep(1)
    await take.close_rooms()
    await asyncio.sleep(2)


async def gave_up(take: Recorder) -> None:
    await take.line()
    call = await take.dial()
    await asyncio.sleep(3)
    take.saw("hung up")
    call.hang_up()
    await asyncio.sleep(25)


async def nobody_came(take: Recorder) -> None:
    await take.line(ringing=5)
    await take.refused(await take.dial())
    await asyncio.sleep(25)


async def unknown_number(take: Recorder) -> None:
    await take.line()
    call = await take.dial(called="74991124149")
    await take.refused(call, 5)
    call.hang_up()
    await asyncio.sleep(8)


async def wrong_password(take: Recorder) -> None:
    await take.line(auth_username="line", auth_password="right")
    await take.refused(await take.dial(login=("line", "wrong")))
    await asyncio.sleep(8)


async def no_password(take: Recorder) -> None:
    await take.line(auth_username="line", auth_password="right")
    await take.refused(await take.dial())
    await asyncio.sleep(35)  # the gateway waits half a minute for the login, then says so


async def conflict(take: Recorder) -> None:
    """An update onto a taken number is accepted; every call to it then gets 503."""
    await take.line()
    other = await take.line(numbers=["+74991124150"])
    await take.livekit.sip.update_inbound_trunk_fields(other, numbers=["+" + NUMBER])
    await take.refused(await take.dial())
    await asyncio.sleep(8)


async def no_codec(take: Recorder) -> None:
    await take.line()
    await take.refused(await take.dial(codec=18), 10)
    await asyncio.sleep(8)


async def wrong_pin(take: Recorder) -> None:
    await take.line(pin="1234")
    call = await take.dial()
    await take.answered(call)
    await asyncio.sleep(3)
    call.digits = list("0000#")
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(call.gone.wait(), 20)
    call.hang_up()
    await asyncio.sleep(4)


async def media_timeout(take: Recorder) -> None:
    take.agent_comes = True
    await take.line()
    call = await take.dial()
    await take.answered(call)
    await asyncio.sleep(2)
    call.stop_talking()
    take.saw("fell silent")
    await asyncio.wait_for(call.gone.wait(), 40)
    take.saw("cut off")
    await take.close_rooms()
    await asyncio.sleep(2)


async def no_ack(take: Recorder) -> None:
    """Our 200 OK never reaches the provider, who neither confirms it nor sends sound."""
    take.agent_comes = True
    await take.line()
    call = await take.dial(acknowledges=False)
    await take.answered(call)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(call.gone.wait(), 40)
    take.saw("cut off")
    await take.close_rooms()
    await asyncio.sleep(2)


async def shared_room(take: Recorder) -> None:
    take.agent_comes = True
    await take.line(direct=True)
    first = await take.dial()
    await take.answered(first)
    await asyncio.sleep(2)
    second = await take.dial(number=OTHER)
    await take.answered(second)
    await asyncio.sleep(2)
    take.saw("first hung up")
    first.hang_up()
    await asyncio.sleep(3)
    take.saw("second hung up")
    second.hang_up()
    await asyncio.sleep(1)
    await take.close_rooms()
    await asyncio.sleep(2)


async def same_caller_twice(take: Recorder) -> None:
    take.agent_comes = True
    await take.line(direct=True)
    first = await take.dial()
    await take.answered(first)
    await asyncio.sleep(2)
    second = await take.dial()
    await asyncio.wait_for(second.final, 20)
    take.saw("second answered")
    await asyncio.sleep(3)
    second.hang_up()
    await asyncio.sleep(1)
    await take.close_rooms()
    await asyncio.sleep(2)


SCENARIOS: dict[str, Callable[[Recorder], Awaitable[None]]] = {
    made.__name__: made
    for made in (
        good_call,
        agent_hung_up,
        login,
        gave_up,
        nobody_came,
        unknown_number,
        wrong_password,
        no_password,
        conflict,
        no_codec,
        wrong_pin,
        media_timeout,
        no_ack,
        shared_room,
        same_caller_twice,
    )
}


async def record(name: str) -> None:
    async with api.LiveKitAPI() as livekit:
        take = Recorder(livekit)
        server = web.Application()
        server.router.add_post("/{path:.*}", take.webhook)
        runner = web.AppRunner(server)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["WEBHOOKS"])).start()
        await take.clear()
        watching = [
            asyncio.ensure_future(take.tap(os.environ["LIVEKIT_REDIS_URL"])),
            asyncio.ensure_future(take.poll()),
        ]
        await asyncio.sleep(0.5)
        await SCENARIOS[name](take)
        for task in [*watching, *take.work]:
            task.cancel()
        await runner.cleanup()
        await take.clear()
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(line, ensure_ascii=False) for line in take.records)
    caller = json.dumps(take.caller)
    (FOLDER / f"{name}.json").write_text(f'{{"caller": {caller},\n"records": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    for chosen in sys.argv[1:] or SCENARIOS:
        asyncio.run(record(chosen))
