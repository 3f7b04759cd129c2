"""Who is on the line, as the room tells it."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
from livekit import rtc

from agentworker.doorman import Doorman
from agentworker.guests import Guests, Host
from agentworker.presence import person
from agentworker.spool import JobFacts, Spool
from tests.agent.talking import Guest, Room


class Scene:
    """A telephone that we call: it was looked at while it rang."""

    def __init__(self, folder: Path) -> None:
        self.guest = Guest(attributes={"veyra.role": "callee", "sip.callStatus": "ringing"})
        self.room, self.answered = Room(self.guest), asyncio.Event()
        caller = person(cast("rtc.RemoteParticipant", self.guest))
        doorman = Doorman("room", frozenset(), Spool(folder, JobFacts("AJ_1", "room", "RM_1")))
        self.ended: list[str] = []
        host = Host(greet=print, turn_to=print, others_came=None, finish=self.ended.append)
        self.guests = Guests(cast("rtc.Room", self.room), caller, doorman, host, self.answered)

    def picks_up(self) -> None:
        self.guest.attributes["sip.callStatus"] = "active"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_who_lets_it_ring_is_not_on_the_line(scene: Scene) -> None:
    scene.guests.follow()
    assert not scene.answered.is_set() and not scene.ended


def test_who_picked_up_before_anybody_followed_him_is_on_the_line(scene: Scene) -> None:
    scene.picks_up()
    scene.guests.follow()
    assert scene.answered.is_set() and scene.guests.caller.has_answered


def test_who_left_before_anybody_followed_him_is_not_waited_for(scene: Scene) -> None:
    scene.room.remote_participants.clear()
    scene.guests.follow()
    assert scene.ended == ["caller left"] and not scene.answered.is_set()
