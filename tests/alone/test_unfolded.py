"""Calls of which the database does not know, because nobody folds, are watched all the same."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agentworker import standin
from agentworker.models import Agent, StandIn, Worker
from agentworker.services import Words, save_words
from telephony import watching
from telephony.models import Call, CallEvent, Colleague, DispatchRule, Leg
from telephony.unfolded import Unfolded
from telephony.watching import Watchdog
from veyra.livekit.client import LiveKit
from veyra.livekit.tokens import TRIAL_ROOM
from veyra.livekit.types import LiveKitError, Participant, Room
from veyra.models import Pulse

pytestmark = pytest.mark.django_db


class Line:
    """Stands where LiveKit does."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[Participant]] = {}
        self.asked: list[str] = []
        self.sent: list[str] = []

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def list_rooms(self) -> list[Room]:
        self.asked.append("rooms")
        return [
            Room(sid=f"RM_{name}", name=name, created_at=timezone.now(), participants=len(people))
            for name, people in self.rooms.items()
        ]

    def list_participants(self, room: str) -> list[Participant]:
        self.asked.append(room)
        if room == "gone":
            raise LiveKitError("", permanent=True, code="not_found")
        return self.rooms[room]

    def together(self, works: list) -> list[object]:  # type: ignore[type-arg]  # as LiveKit's
        return [work() for work in works]

    def remove_participant(self, room: str, identity: str) -> None:
        pass

    def create_dispatch(self, agent_name: str, room: str, metadata: str) -> str:
        self.sent.append(room)
        return ""


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line()
    monkeypatch.setattr(LiveKit, "from_settings", lambda _timeout: line)
    return line


@pytest.fixture
def rule() -> DispatchRule:
    agent = Agent.objects.create(name="Sales")
    save_words(agent, Words("en", "Hello!", [], []), None)
    return DispatchRule.objects.create(name="Sales", agent=agent, room="call-")


def caller(rule_key: str, status: str = "active", ago: float = 0) -> Participant:
    attributes = {"sip.callStatus": status, "sip.callID": "SCL_1", "veyra.rule": rule_key}
    attributes["sip.phoneNumber"] = "+79160000001"
    joined = timezone.now() - timedelta(seconds=ago)
    return Participant(
        sid="PA_1", identity="sip_1", kind="sip", attributes=attributes, joined_at=joined
    )


def test_a_caller_nobody_told_of_hears_the_last_resort(line: Line, rule: DispatchRule) -> None:
    line.rooms["call-1"] = [caller(str(rule.key))]
    Pulse.beat(standin.PULSE)
    watchdog = Watchdog()
    watchdog.look(timezone.now())
    assert not StandIn.objects.exists()
    watchdog._memory.alone["RM_call-1"] -= 2
    watchdog.look(timezone.now())
    asked = StandIn.objects.get()
    assert (asked.room_sid, asked.room_name, asked.language) == ("RM_call-1", "call-1", "en")
    assert asked.mid_call and asked.will_call_back
    assert not Call.objects.exists() and not Leg.objects.exists()


def test_or_another_assistant_comes_to_him(line: Line, rule: DispatchRule) -> None:
    line.rooms["call-1"] = [caller(str(rule.key))]
    Worker.objects.create(
        name="here:1", pid=1, capacity=5, registered=True, started_at=timezone.now(),
        seen_at=timezone.now(),
    )  # fmt: skip
    watchdog = Watchdog()
    watchdog.look(timezone.now())
    watchdog._memory.alone["RM_call-1"] -= 2
    watchdog.look(timezone.now())
    assert line.sent == ["call-1"]
    assert CallEvent.objects.get().kind == watching.SENT_AGAIN


@pytest.mark.parametrize(("seconds", "is_relieved"), [(30, False), (60, True)])
def test_an_assistant_that_gives_our_people_their_time_does_not_hang(
    line: Line, rule: DispatchRule, seconds: int, is_relieved: bool
) -> None:
    rule.first_colleague = Colleague.objects.create(name="Olga", phone="+79160000009")
    rule.save()
    line.rooms["call-1"] = [caller(str(rule.key), "ringing", ago=seconds)]
    Pulse.beat(standin.PULSE)
    Worker.objects.create(
        name="here:1", pid=1, capacity=5, registered=True, started_at=timezone.now(),
        seen_at=timezone.now(), jobs=[{"room": "call-1"}],
    )  # fmt: skip
    Watchdog().look(timezone.now())
    assert StandIn.objects.exists() is is_relieved


def test_who_rings_is_not_yet_answered(line: Line, rule: DispatchRule) -> None:
    line.rooms["call-1"] = [caller(str(rule.key), "ringing", ago=3)]
    ((leg,),) = Unfolded().legs(timezone.now())
    assert leg.call.state == "ringing" and leg.call.answered_at is None
    assert leg.call.from_number == "+79160000001" and leg.call.agent == rule.agent


@pytest.mark.parametrize("key", ["", "not a key", "6f2f9a5e-6c1e-4f0e-9f2e-000000000000"])
def test_rooms_of_others_are_looked_at_once(line: Line, rule: DispatchRule, key: str) -> None:
    line.rooms["theirs"] = [caller(key)]
    line.rooms[f"{TRIAL_ROOM}1"] = [caller(str(rule.key))]
    line.rooms["empty"] = []
    known = Unfolded()
    for _look in range(3):
        assert known.legs(timezone.now()) == []
        known._looked = float("-inf")
    assert line.asked == ["rooms", "theirs", "rooms", "rooms"]


def test_who_is_known_by_now_is_no_longer_told_twice(line: Line, rule: DispatchRule) -> None:
    line.rooms["call-1"] = [caller(str(rule.key))]
    line.rooms["gone"] = [caller(str(rule.key))]
    known = Unfolded()
    assert len(known.legs(timezone.now())) == len(known.legs(timezone.now())) == 1
    call = Call.objects.create(state="ringing", started_at=timezone.now())
    Leg.objects.create(call=call, role="caller", room_sid="RM_call-1")
    assert known.legs(timezone.now()) == []
    assert line.asked.count("rooms") == 1
