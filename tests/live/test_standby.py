"""The voice of last resort in real rooms: whose calls it ends, and where it says nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from livekit import api, rtc

from agentworker.models import StandIn
from agentworker.rows import read
from agentworker.standby import stand_in
from tests.live.stack import Stack

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
ROOM = "support-room"


class Line:
    """Browsers that call, and whoever else is in their room."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.rooms: list[rtc.Room] = []

    async def join(
        self, identity: str, role: str = "browser", kind: str = "standard", **attributes: str
    ) -> rtc.Room:
        key = api.AccessToken(self.stack.api_key, self.stack.api_secret).with_identity(identity)
        grants = api.VideoGrants(room_join=True, room=ROOM)
        told = {"veyra.role": role} | attributes
        token = key.with_kind(kind).with_attributes(told).with_grants(grants)  # type: ignore[arg-type]  # one of its names
        room = rtc.Room()
        await room.connect(self.stack.url, token.to_jwt())
        self.rooms.append(room)
        return room


@pytest.fixture
async def line(stack: Stack, settings: LazySettings) -> AsyncIterator[Line]:
    settings.LIVEKIT_URL = stack.url
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = stack.api_key, stack.api_secret
    line = Line(stack)
    yield line
    for room in line.rooms:
        await room.disconnect()
    await asyncio.sleep(0.2)


async def ask(sid: str) -> StandIn:
    values = {"room_sid": sid, "room_name": ROOM, "language": "en", "asked_at": timezone.now()}
    return await read(lambda: StandIn.objects.create(**values))


async def hold(sid: str, **values: Any) -> StandIn:
    wanted = {"is_transfer": True} | values
    await read(lambda: StandIn.hold(sid, ROOM, "en", **wanted))
    return await read(StandIn.objects.get)


def hears_us(room: rtc.Room) -> bool:
    """Has the last resort a track that this participant gets?"""
    tracks = [
        track
        for each in room.remote_participants.values()
        if each.identity.startswith("standby-")
        for track in each.track_publications.values()
    ]
    return any(track.subscribed for track in tracks)


async def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_who_heard_it_is_let_go_and_who_came_later_stays(line: Line) -> None:
    anna = await line.join("anna")
    row = await ask(await anna.sid)
    speaking = asyncio.create_task(stand_in(row))
    await until(lambda: any(who.track_publications for who in anna.remote_participants.values()))
    boris = await line.join("boris")
    await speaking
    await until(lambda: not anna.isconnected())
    assert boris.isconnected()
    await read(row.refresh_from_db)
    assert row.spoke_at and row.over_at and not row.error


async def test_in_another_room_of_the_same_name_nothing_is_said(line: Line) -> None:
    anna = await line.join("anna")
    row = await ask("RM_before")
    await stand_in(row)
    assert anna.isconnected()
    await read(row.refresh_from_db)
    assert row.over_at and not row.spoke_at


@pytest.mark.prove
async def test_nobody_is_spoken_to_over_one_of_us(line: Line) -> None:
    anna = await line.join("anna")
    await line.join("olga", "supervisor")
    row = await ask(await anna.sid)
    await stand_in(row)
    assert anna.isconnected()
    await read(row.refresh_from_db)
    assert row.over_at and not row.spoke_at


@pytest.mark.prove
async def test_who_lost_his_place_to_another_process_ends_nothing(line: Line) -> None:
    anna = await line.join("anna")
    row = await ask(await anna.sid)
    first = asyncio.create_task(stand_in(row))
    await until(lambda: any(who.track_publications for who in anna.remote_participants.values()))
    second = asyncio.create_task(stand_in(row))
    await first
    assert anna.isconnected()
    await read(row.refresh_from_db)
    assert row.over_at is None
    await second
    await until(lambda: not anna.isconnected())
    await read(row.refresh_from_db)
    assert row.over_at


@pytest.mark.prove
async def test_who_waits_hears_music_until_he_is_released(line: Line) -> None:
    anna = await line.join("anna")
    row = await hold(await anna.sid)
    waiting = asyncio.create_task(stand_in(row))
    await until(lambda: hears_us(anna))
    await asyncio.sleep(1)
    await read(row.refresh_from_db)
    assert row.spoke_at and not row.over_at
    await read(lambda: StandIn.release(row.room_sid))
    await waiting
    await until(lambda: not anna.remote_participants)
    assert anna.isconnected()


@pytest.mark.prove
async def test_who_presses_one_is_called_back(line: Line) -> None:
    anna = await line.join("anna")
    row = await hold(await anna.sid, is_transfer=False, offers_call_back=True)
    waiting = asyncio.create_task(stand_in(row))
    await until(lambda: hears_us(anna))
    await anna.local_participant.publish_dtmf(code=2, digit="2")
    await asyncio.sleep(0.5)
    await anna.local_participant.publish_dtmf(code=1, digit="1")
    await waiting
    await until(lambda: not anna.isconnected())
    await read(row.refresh_from_db)
    assert row.asked_back_at and row.over_at and not row.error


@pytest.mark.prove
async def test_whom_nobody_took_hears_an_apology_in_the_same_visit(line: Line) -> None:
    anna = await line.join("anna")
    row = await hold(await anna.sid, is_transfer=False, text="We are closed.")
    waiting = asyncio.create_task(stand_in(row))
    await until(lambda: hears_us(anna))
    await read(lambda: StandIn.apologise(row.room_sid))
    await waiting
    await until(lambda: not anna.isconnected())
    await read(row.refresh_from_db)
    assert row.kind == "apology" and row.spoke_at and row.over_at and not row.error


@pytest.mark.prove
async def test_a_colleague_in_his_browser_ends_the_music(line: Line) -> None:
    anna = await line.join("anna")
    row = await hold(await anna.sid, summary="Anna calls.")
    waiting = asyncio.create_task(stand_in(row))
    await until(lambda: hears_us(anna))
    olga = await line.join("olga", "colleague")
    await waiting
    assert anna.isconnected() and olga.isconnected() and not hears_us(olga)
    await read(row.refresh_from_db)
    assert row.over_at and not row.summary


@pytest.mark.prove
async def test_who_hangs_up_while_he_is_told_of_the_call_leaves_the_caller_with_music(
    line: Line,
) -> None:
    anna = await line.join("anna")
    row = await hold(await anna.sid, summary="Anna calls. " * 20)
    waiting = asyncio.create_task(stand_in(row))
    await until(lambda: hears_us(anna))
    olga = await line.join("olga", "colleague", "sip", **{"sip.callStatus": "active"})
    await until(lambda: hears_us(olga))
    await olga.disconnect()
    await asyncio.sleep(1)
    assert hears_us(anna) and not waiting.done()
    await read(lambda: StandIn.release(row.room_sid))
    await waiting
    assert anna.isconnected()
    await read(row.refresh_from_db)
    assert row.kind == "hold" and row.over_at and not row.error
