"""What the watchdog reads of calls and workers, and what it writes down for a caller."""

import os
import subprocess
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker import standin
from agentworker.models import Agent, StandIn, Worker
from agentworker.services import Words, save_words
from telephony import stays, watching
from telephony.models import Call, CallBack, CallEvent, Leg
from telephony.ringer import Rings
from telephony.verdict import Evidence, Verdict, judge
from telephony.watchdog import GRACE
from telephony.watching import (
    Memory,
    Told,
    Watchdog,
    stand_in,
    told_lately,
    watched_rooms,
)
from veyra import processes
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Participant, Room
from veyra.models import Lease, Pulse

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Sales")
    save_words(agent, Words("en", "Hello!", [], []), None)
    return agent


def call(agent: Agent | None, sid: str = "RM_1", user: str = "79160000001", **values: Any) -> Call:
    wanted = {"state": "ringing", "started_at": timezone.now(), "from_number": user}
    row = Call.objects.create(agent=agent, room_name=f"call-{sid}", room_sid=sid, **wanted | values)
    Leg.objects.create(call=row, role="caller", sip_call_id=f"SCL_{user}", room_sid=sid)
    return row


def test_calls_in_one_room_are_watched_together(agent: Agent) -> None:
    call(agent)
    call(agent, user="79160000002")
    call(agent, "RM_2", user="79160000003")
    assert [(room.sid, len(room.legs)) for room in watched_rooms()] == [("RM_1", 2), ("RM_2", 1)]


def test_what_is_over_of_the_demo_or_of_others_is_not_watched(agent: Agent) -> None:
    call(agent, "RM_1", user="1", state="ended")
    call(agent, "RM_2", user="2", is_demo=True)
    call(agent, "", user="3")
    call(None, "RM_3", user="4")
    assert watched_rooms() == []


def told(kind: str, sid: str, ago: float = 0, source: str = "agent") -> None:
    at = timezone.now() - timedelta(seconds=ago)
    names = {"event_id": f"{kind}:{sid}:{ago}", "room_sid": sid}
    CallEvent.objects.create(source=source, kind=kind, at=at, **names)


def test_a_caller_whose_assistant_failed_before_it_knew_its_name_is_watched() -> None:
    call(None)
    told("failed", "RM_1")
    assert [room.sid for room in watched_rooms()] == ["RM_1"]


def test_a_failure_of_long_ago_keeps_no_assistant_from_coming(agent: Agent) -> None:
    told("failed", "RM_1", ago=61)
    told("failed", "RM_2", ago=59)
    assert told_lately({"RM_1", "RM_2"}, timezone.now()).failed == {"RM_2"}


def test_that_an_assistant_was_sent_is_known_to_the_next_watchdog() -> None:
    for ago in (30, 3, 61):
        told(watching.SENT_AGAIN, "RM_1", ago, "observer")
    now = timezone.now()
    sent = now - told_lately({"RM_1"}, now).sent["RM_1"]
    assert timedelta(seconds=3) <= sent < timedelta(seconds=4)


def test_a_call_out_that_nobody_picked_up_does_not_ring_for_us(agent: Agent) -> None:
    call(agent, direction="outbound")
    (room,) = watched_rooms()
    watched = room.watched(timezone.now(), None, Told(), Rings())
    assert not watched.rings and watched.is_dialled


def test_a_room_where_somebody_talks_does_not_ring(agent: Agent) -> None:
    call(agent)
    call(agent, user="79160000002", state="answered")
    (room,) = watched_rooms()
    assert not room.watched(timezone.now(), None, Told(), Rings()).rings


@pytest.mark.parametrize(("answered", "reason"), [(False, "nobody_came"), (True, "cut_off")])
def test_who_hears_the_last_resort_is_put_down_to_be_called(
    agent: Agent, answered: bool, reason: str
) -> None:
    call(agent, answered_at=timezone.now() if answered else None)
    (room,) = watched_rooms()
    stand_in(room)
    asked = StandIn.objects.get()
    assert (asked.language, asked.mid_call, asked.will_call_back) == ("en", answered, True)
    stays.tell(timezone.now())
    # It may never come to speak: another assistant may be faster, or it is killed.
    assert not CallBack.objects.exists() and not CallEvent.objects.exists()
    StandIn.objects.update(spoke_at=timezone.now())
    Call.objects.update(answered_at=timezone.now())  # by the sound of it
    for _look in range(2):
        stays.tell(timezone.now())
    row = CallBack.objects.get()
    assert (row.reason, row.times) == (reason, 1)
    event = CallEvent.objects.get()
    assert (event.kind, event.sip_call_id) == (stays.STOOD_IN, "SCL_79160000001")


@pytest.mark.parametrize("kind", ["failed", "broken"])
def test_whose_assistant_could_not_go_on_is_offered_a_call(agent: Agent, kind: str) -> None:
    call(agent, answered_at=timezone.now())
    told(kind, "RM_1")
    assert told_lately({"RM_1"}, timezone.now()).failed == {"RM_1"}
    (room,) = watched_rooms()
    stand_in(room, offers_call_back=True)
    row = StandIn.objects.get()
    assert row.offers_call_back and row.mid_call
    StandIn.objects.update(spoke_at=timezone.now(), asked_back_at=timezone.now())
    stays.tell(timezone.now())
    kinds = set(CallEvent.objects.filter(source="observer").values_list("kind", flat=True))
    assert kinds == {stays.STOOD_IN, stays.ASKED_BACK}
    assert CallBack.objects.get().times == 1


def test_of_two_callers_in_a_room_none_is_offered_a_call(agent: Agent) -> None:
    call(agent)
    call(agent, user="79160000002")
    (room,) = watched_rooms()
    stand_in(room, offers_call_back=True)
    assert not StandIn.objects.get().offers_call_back


def test_who_came_after_it_had_begun_did_not_hear_it(agent: Agent) -> None:
    call(agent)
    (room,) = watched_rooms()
    stand_in(room)
    StandIn.objects.update(spoke_at=timezone.now())
    Leg.objects.update(joined_at=timezone.now() + timedelta(seconds=1))
    stays.tell(timezone.now())
    assert not CallEvent.objects.exists()


def test_who_waits_with_music_is_told_of_and_who_presses_one_is_called_back(agent: Agent) -> None:
    call(agent)
    StandIn.hold("RM_1", "call-RM_1", "en", is_transfer=False, offers_call_back=True)
    stays.tell(timezone.now())
    assert not CallEvent.objects.exists()
    StandIn.objects.update(spoke_at=timezone.now())
    stays.tell(timezone.now())
    assert not CallBack.objects.exists() and not StandIn.objects.forgotten(timezone.now())
    version = Call.objects.get().version
    StandIn.objects.update(asked_back_at=timezone.now(), over_at=timezone.now())
    Call.objects.update(state="ended", ended_at=timezone.now())  # he is told of all the same
    for _look in range(2):
        stays.tell(timezone.now())
    assert (CallBack.objects.get().reason, CallBack.objects.get().times) == ("asked_back", 1)
    kinds = [event.kind for event in CallEvent.objects.order_by("pk")]
    assert kinds == ["on_hold", "asked_back", "hold_over"]
    assert Call.objects.get().version == version + 1


def test_a_hold_lasts_longer_than_an_apology_and_not_for_ever() -> None:
    now = timezone.now()
    StandIn.hold("RM_1", "call-RM_1", "en", is_transfer=True, summary="Anna calls.")
    late = now + standin.TOO_LATE * 2
    assert StandIn.objects.to_do(late).exists() and not StandIn.objects.forgotten(late).exists()
    assert StandIn.objects.forgotten(now + standin.LONGEST_HOLD * 2).exists()
    StandIn.apologise("RM_1")
    row = StandIn.objects.get()
    assert not row.offers_call_back
    assert (row.kind, row.summary) == ("apology", "") and not StandIn.objects.to_do(late).exists()
    StandIn.release("RM_1")  # an apology is not
    assert StandIn.objects.get().over_at is None


def test_nobody_is_promised_a_call_whose_number_we_do_not_know(agent: Agent) -> None:
    call(agent, user="anonymous")
    (room,) = watched_rooms()
    stand_in(room)
    assert not StandIn.objects.get().will_call_back
    assert not CallBack.objects.exists()


def test_the_last_resort_is_waited_for_and_then_missed(agent: Agent) -> None:
    call(agent)
    (room,) = watched_rooms()
    stand_in(room)
    now = timezone.now()
    assert StandIn.objects.busy_in(["RM_1"], now) == {"RM_1"}
    later = now + standin.PATIENCE + timedelta(seconds=1)
    assert StandIn.objects.busy_in(["RM_1"], later) == set()
    StandIn.objects.update(spoke_at=now)
    assert StandIn.objects.busy_in(["RM_1"], later) == set()  # it died speaking
    Pulse.beat(standin.PULSE)
    assert StandIn.objects.busy_in(["RM_1"], later) == {"RM_1"}
    assert StandIn.objects.busy_in(["RM_1"], now + standin.TOO_LATE * 2) == set()
    StandIn.objects.update(over_at=now)
    assert StandIn.objects.busy_in(["RM_1"], later) == set()


def test_a_livekit_that_is_away_does_not_end_the_watch(
    agent: Agent, settings: LazySettings
) -> None:
    settings.LIVEKIT_URL = "http://127.0.0.1:9"  # nobody listens there
    call(agent, started_at=timezone.now() - timedelta(minutes=1))
    Pulse.beat(standin.PULSE)
    watchdog = Watchdog()
    watchdog.look(timezone.now())
    watchdog._memory.alone["RM_1"] -= 60
    watchdog.look(timezone.now())
    assert not StandIn.objects.exists()


def test_a_look_that_was_held_up_accuses_nobody(agent: Agent) -> None:
    call(agent)
    watchdog = Watchdog()
    watchdog.look(timezone.now())
    watchdog._memory.alone["RM_1"] -= 60
    watchdog._looked -= watching.HELD_UP
    watchdog.look(timezone.now())
    alone = watchdog._memory.since("RM_1")
    assert alone is not None and alone < timedelta(seconds=5)


def test_a_room_with_a_living_job_is_served_until_its_worker_falls_silent(agent: Agent) -> None:
    call(agent)
    now = timezone.now()
    jobs = [{"job": "AJ_1", "room": "call-RM_1"}]
    wanted = {"started_at": now, "pid": 1, "capacity": 5, "registered": True, "jobs": jobs}
    Worker.objects.create(name="here:1", seen_at=now, **wanted)
    watchdog = Watchdog()
    watchdog.look(now)
    for _ in range(2):
        assert watchdog._memory.alone == {}
        watchdog._looked -= 2
        watchdog.look(now)
    assert set(watchdog._memory.alone) == {"RM_1"}


def living(memory: Memory, passed: float = 1.0) -> bool:
    return bool(memory.living(list(Worker.objects.all()), timezone.now(), passed))


@pytest.mark.parametrize("wrong", [-50, 0, 3600])
def test_a_worker_whose_clock_is_wrong_lives_as_long_as_it_writes(wrong: int) -> None:
    seen = timezone.now() + timedelta(seconds=wrong)
    wanted = {"started_at": seen, "pid": 1, "capacity": 5, "registered": True, "jobs": []}
    Worker.objects.create(name="here:1", seen_at=seen, **wanted)
    memory = Memory()
    for second in range(10):
        Worker.objects.update(seen_at=seen + timedelta(seconds=second))
        assert living(memory)
    assert [living(memory) for _ in range(4)] == [True] * 3 + [False]


def test_of_a_worker_whose_process_is_gone_nobody_waits_for_the_row(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(agent)
    now = timezone.now()
    ended = subprocess.Popen(["true"])
    ended.wait()
    jobs = [{"job": "AJ_1", "room": "call-RM_1"}]
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True, "jobs": jobs}
    worker = Worker.objects.create(name="here:1", pid=ended.pid, **wanted)
    for space, is_alone in (("another host", False), (processes.space(), True)):
        Worker.objects.update(pid_space=space)
        watchdog = Watchdog()
        watchdog.look(now)
        assert set(watchdog._memory.alone) == ({"RM_1"} if is_alone else set())
    alone = watchdog._memory.since("RM_1")
    assert alone is not None and alone >= GRACE  # it is helped at this very look
    Worker.objects.filter(pk=worker.pk).update(pid=os.getpid())
    assert living(Memory())


def test_a_row_that_was_left_behind_is_no_worker_until_it_is_written_again() -> None:
    seen = timezone.now() - timedelta(minutes=2)
    wanted = {"started_at": seen, "pid": 1, "capacity": 5, "registered": True, "jobs": []}
    Worker.objects.create(name="here:1", seen_at=seen, **wanted)
    memory = Memory()
    assert not living(memory) and not living(memory)
    Worker.objects.update(seen_at=seen + timedelta(seconds=1))
    assert living(memory)


class Line:
    """Stands where LiveKit does: in each room a caller, and an assistant who hangs."""

    def __init__(self, status: str) -> None:
        self.caller = Participant(
            sid="PA_1", identity="caller", kind="sip", attributes={"sip.callStatus": status}
        )
        self.agent = Participant(sid="PA_2", identity="agent", kind="agent")
        self.removed: list[str] = []
        self.looked: Callable[[], object] = lambda: None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def together(self, works: list[Callable[[], object]]) -> list[object]:
        return [work() for work in works]

    def list_rooms(self) -> list[Room]:
        return [Room(sid="RM_1", name="call-RM_1", created_at=timezone.now(), participants=2)]

    def list_participants(self, room: str) -> list[Participant]:
        self.looked()
        return [self.caller, self.agent]

    def remove_participant(self, room: str, identity: str) -> None:
        self.removed.append(identity)


def hanging(line: Line, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Watchdog:
    """A watchdog that has found a caller who rings for long, whose assistant's job lives."""
    monkeypatch.setattr(LiveKit, "from_settings", lambda _timeout: line)
    now = timezone.now()
    call(agent, started_at=now - timedelta(seconds=30))
    jobs = [{"job": "AJ_1", "room": "call-RM_1"}]
    wanted = {"started_at": now, "pid": 1, "capacity": 5, "registered": True, "jobs": jobs}
    Worker.objects.create(name="here:1", seen_at=now, **wanted)
    Pulse.beat(standin.PULSE)
    return Watchdog()


def test_an_assistant_who_hangs_is_taken_out(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line("ringing")
    hanging(line, agent, monkeypatch).look(timezone.now())
    assert line.removed == ["agent"] and StandIn.objects.exists()


def test_a_talk_that_was_not_folded_yet_goes_on(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line("active")
    hanging(line, agent, monkeypatch).look(timezone.now())
    assert line.removed == [] and not StandIn.objects.exists()
    assert not CallBack.objects.exists()


def test_who_lost_the_lease_while_livekit_was_slow_does_nothing(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line("ringing")
    watchdog = hanging(line, agent, monkeypatch)
    assert watchdog._is_ours()

    def lose() -> None:
        watchdog._renewed -= watching.RENEW_SECONDS
        Lease.objects.update(holder=uuid.uuid4())

    line.looked = lose
    watchdog.look(timezone.now())
    assert line.removed == [] and not StandIn.objects.exists()


def test_only_one_watches_at_a_time() -> None:
    assert Lease.take(watching.LEASE, 60)
    assert not Watchdog()._is_ours()


def heard_last_resort(**values: Any) -> Verdict:
    told: dict[str, Any] = {"witness": "webhook", "departure": "ROOM_DELETED"}
    told |= {"talked": timedelta(seconds=9), "deeds": frozenset({"stood_in"})}
    return judge(Evidence(**told | values))


def test_who_heard_only_the_last_resort_was_answered_by_nobody() -> None:
    verdict = heard_last_resort()
    assert (verdict.outcome, verdict.reason) == ("no_agent", "nobody_came")
    verdict = heard_last_resort(agent_came=True, agent_error="NoScriptError: no words")
    assert (verdict.outcome, verdict.detail) == ("no_agent", "NoScriptError: no words")


@pytest.mark.parametrize("departure", ["ROOM_DELETED", "PARTICIPANT_REMOVED"])
def test_a_talk_that_broke_off_has_failed(departure: str) -> None:
    verdict = heard_last_resort(agent_came=True, agent_spoke=True, departure=departure)
    assert (verdict.outcome, verdict.reason) == ("failed", "cut_off")


def waited(**values: Any) -> tuple[str, str]:
    told: dict[str, Any] = {"witness": "webhook", "talked": timedelta(seconds=9)}
    told |= {"deeds": frozenset({"on_hold"}), "status_at_leaving": "hangup"}
    verdict = judge(Evidence(**told | values))
    return verdict.outcome, verdict.reason


def test_who_heard_only_music_was_talked_to_by_nobody() -> None:
    assert waited() == ("abandoned", "caller_gave_up")
    assert waited(deeds=frozenset({"queued"})) == ("abandoned", "caller_gave_up")
    called = {"deeds": frozenset({"on_hold", "asked_back"}), "departure": "PARTICIPANT_REMOVED"}
    assert waited(**called) == ("no_agent", "asked_back")
    assert waited(**called, agent_came=True, agent_spoke=True) == ("failed", "asked_back")


def test_who_was_given_to_a_colleague_was_answered() -> None:
    taken = frozenset({"on_hold", "people_taken"})
    assert waited(deeds=taken) == ("answered", "hung_up_by_caller")
    # The assistant waited in silence meanwhile.
    assert waited(deeds=taken, agent_came=True) == ("answered", "hung_up_by_caller")
    assert waited(agent_came=True, agent_spoke=True) == ("answered", "hung_up_by_caller")


def test_who_hung_up_before_he_heard_it_gave_up() -> None:
    verdict = heard_last_resort(talked=None, departure="", status_at_leaving="hangup")
    assert (verdict.outcome, verdict.reason) == ("abandoned", "caller_gave_up")
