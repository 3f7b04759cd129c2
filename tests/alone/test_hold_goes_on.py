"""A hold from its first sound to its end, in a room that is held in memory."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from livekit import rtc

from agentworker import hold
from agentworker.hold import Hold
from agentworker.rows import read
from agentworker.standin import LONGEST_HOLD, StandIn
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError

pytestmark = pytest.mark.django_db(transaction=True)
SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Room:
    """Stands where LiveKit's SDK does. Our sound is heard by whoever may hear it."""

    def __init__(self) -> None:
        self.remote_participants: dict[str, Any] = {}
        self.local_participant = self
        self.handlers: dict[str, list[Callable[..., None]]] = defaultdict(list)
        self.published: list[str] = []
        self.unpublished: list[str] = []
        # What happens once these identities may hear us.
        self.on_heard_by: dict[str, Callable[[], None]] = {}
        self.fails_at = 0
        self.is_deaf = False
        self.publishes_in = 0.0

    def on(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers[event].append(handler)

    def isconnected(self) -> bool:
        return True

    def come(
        self, identity: str, kind: int = SIP, status: str = "active", **attributes: str
    ) -> None:
        told = {f"veyra.{name}": value for name, value in attributes.items()}
        who = SimpleNamespace(identity=identity, sid=f"PA_{identity}", kind=kind)
        who.attributes = told | {"sip.callStatus": status}
        who.track_publications = {f"TR_{identity}": None}
        self.remote_participants[identity] = who
        self._tell("participant_connected", who)

    def pick_up(self, identity: str) -> None:
        self.remote_participants[identity].attributes["sip.callStatus"] = "active"
        self._tell("participant_attributes_changed")

    def go(self, identity: str) -> None:
        self._tell("participant_disconnected", self.remote_participants.pop(identity))

    def press(self, identity: str, digit: str) -> None:
        key = SimpleNamespace(participant=self.remote_participants[identity], digit=digit)
        self._tell("sip_dtmf_received", key)

    def _tell(self, event: str, *what: object) -> None:
        for handler in self.handlers[event]:
            handler(*what)

    async def publish_track(self, _track: object, _options: object) -> Any:
        self.published.append(f"TR_{len(self.published)}")
        if len(self.published) == self.fails_at:
            raise OSError
        await asyncio.sleep(self.publishes_in)
        return SimpleNamespace(sid=self.published[-1])

    async def unpublish_track(self, sid: str) -> None:
        self.unpublished.append(sid)

    def set_track_subscription_permissions(
        self, *, allow_all_participants: bool, participant_permissions: Sequence[Any]
    ) -> None:
        for each in participant_permissions:
            for sid in () if self.is_deaf else each.allowed_track_sids:
                self._tell("local_track_subscribed", SimpleNamespace(sid=sid))
            if then := self.on_heard_by.pop(each.participant_identity, None):
                asyncio.get_running_loop().call_soon(then)


class Line:
    """LiveKit's API: who hears whose tracks. It refuses so often to let anybody hear."""

    def __init__(self) -> None:
        self.hears: dict[tuple[str, str], bool] = {}
        self.refuses = 0
        self.ended: list[str] = []

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update_subscriptions(
        self, _room: str, identity: str, tracks: Sequence[str], wanted: bool
    ) -> None:
        if wanted and self.refuses:
            self.refuses -= 1
            raise LiveKitError("slow", permanent=False)
        self.hears.update({(identity, track): wanted for track in tracks})

    def remove_participant(self, _room: str, identity: str) -> None:
        self.ended.append(identity)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line()
    monkeypatch.setattr(LiveKit, "from_settings", lambda *_: line)
    monkeypatch.setattr(hold, "CONNECT_SECONDS", 0.01)
    monkeypatch.setattr(hold, "PAUSE_SECONDS", 0.01)
    return line


@pytest.fixture
def room() -> Room:
    room = Room()
    room.come("anna")
    return room


async def begin(room: Room, **values: Any) -> "asyncio.Task[bool]":
    wanted: dict[str, Any] = {"is_transfer": True, "summary": "Anna calls."} | values
    await read(lambda: StandIn.hold("RM_1", "call-1", "en", **wanted))
    row = await read(StandIn.objects.get)
    return asyncio.create_task(Hold(room, row).until_over())  # type: ignore[arg-type]  # as it is


async def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_who_hangs_up_before_they_talk_leaves_the_caller_with_music(
    room: Room, line: Line
) -> None:
    room.on_heard_by["olga"] = lambda: room.go("olga")
    playing = await begin(room)
    room.come("olga", role="colleague")
    await until(lambda: "olga" not in room.remote_participants)
    await asyncio.sleep(0.3)
    assert not playing.done() and not await read(lambda: StandIn.objects.get().over_at)
    # The next one is told of him as well.
    room.come("boris", role="colleague")
    assert await playing is False
    assert line.hears[("boris", "TR_anna")] and line.hears[("anna", "TR_boris")]


async def test_a_colleague_who_presses_a_key_talks_at_once(room: Room, line: Line) -> None:
    playing = await begin(room, summary="Anna calls. " * 20)
    room.on_heard_by["olga"] = lambda: room.press("olga", "5")
    began = time.monotonic()
    room.come("olga", role="colleague")
    assert await playing is False
    assert time.monotonic() - began < 5 and line.hears["olga", "TR_anna"]


async def test_a_colleague_does_not_wait_for_what_he_does_not_hear(
    room: Room, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "BEGINS_SECONDS", 0.2)
    playing = await begin(room, summary="Anna calls. " * 20)
    await until(lambda: bool(room.published))
    room.is_deaf = True
    began = time.monotonic()
    room.come("olga", role="colleague")
    assert await playing is False
    assert time.monotonic() - began < 5 and line.hears["olga", "TR_anna"]


async def test_a_key_that_a_colleague_pressed_before_skips_nothing(room: Room, line: Line) -> None:
    playing = await begin(room, summary="Anna calls. " * 20)
    await until(lambda: bool(room.published))
    heard = asyncio.Event()
    room.on_heard_by["olga"] = heard.set
    room.come("olga", status="ringing", role="colleague")
    room.press("olga", "1")  # as his own exchange asks
    room.pick_up("olga")
    await heard.wait()
    await asyncio.sleep(0.7)
    assert not playing.done()
    room.press("olga", "1")
    assert await playing is False


async def test_what_is_told_late_is_told_and_taken_back(
    room: Room, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "BEGINS_SECONDS", 0.2)
    playing = await begin(room)
    await until(lambda: bool(room.published))
    room.publishes_in = 0.5
    room.come("olga", role="colleague")
    assert await playing is False
    assert len(room.published) == 2 and set(room.unpublished) == set(room.published)


async def test_who_wants_to_be_called_back_is_told_so_whatever_he_hears(
    room: Room, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BEGINS_SECONDS", "HEARD_SECONDS"):
        monkeypatch.setattr(hold, name, 0.2)
    playing = await begin(room, is_transfer=False, summary="", offers_call_back=True)
    await until(lambda: bool(room.published))
    room.is_deaf = True
    began = time.monotonic()
    room.press("anna", "1")
    await playing
    assert time.monotonic() - began > 1.5 and line.ended == ["anna"]


async def talk_broke(room: Room, playing: "asyncio.Task[bool]") -> None:
    room.fails_at = 2  # the music is the first
    room.come("olga", role="colleague")
    with pytest.raises(OSError):
        await playing


async def search_ended(room: Room, playing: "asyncio.Task[bool]") -> None:
    room.come("olga", role="colleague")
    await until(lambda: len(room.published) == 2)
    await read(lambda: StandIn.release("RM_1"))
    assert await playing is False


@pytest.mark.parametrize("ends", [talk_broke, search_ended])
async def test_whatever_ends_it_nobody_stays_apart(
    room: Room, line: Line, ends: Callable[[Room, "asyncio.Task[bool]"], Awaitable[None]]
) -> None:
    line.refuses = 3
    await ends(room, await begin(room, summary="Anna calls. " * 20))
    assert line.hears == {("olga", "TR_anna"): True, ("anna", "TR_olga"): True}


@pytest.mark.parametrize(
    ("is_transfer", "is_served", "apologises"),
    [(True, False, False), (False, True, False), (False, False, True)],
)
async def test_where_nobody_tells_its_end_who_was_given_over_goes_back(
    room: Room, line: Line, is_transfer: bool, is_served: bool, apologises: bool
) -> None:
    if is_served:
        room.come("assistant", AGENT)
    playing = await begin(room, is_transfer=is_transfer)
    long_ago = timezone.now() - LONGEST_HOLD
    await read(lambda: StandIn.objects.update(asked_at=long_ago))
    assert await playing is apologises
