"""A room with a long history: folded from what is new, it tells the same as folded whole."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from telephony import folding, intake, longrooms
from telephony.folding import drain, whole_room
from telephony.journal import CallState, Fact, fold
from telephony.longrooms import LongRoom, fact_of
from telephony.models import Call, CallEvent, Trunk
from tests.journal.conftest import save as save_call
from tests.journal.witnesses import recording

ROOM = "RM_all_day"

# Callers come and go in the recording, and their assistant stays.
FACTS = list({fact.id: fact for fact in recording("shared_room").facts()}.values())
LASTING = [fact for fact in FACTS if not fact.sip_call_id and "PA_p2" in fact.participant_sid]
ROOMS = [fact for fact in FACTS if fact.kind in ("room_started", "room_finished")]
CALLERS = [fact for fact in FACTS if fact not in LASTING + ROOMS]


def again(fact: Fact, number: int, gap: timedelta) -> Fact:
    """The same fact, of a caller who came later."""

    def named(name: str) -> str:
        return f"{name}.{number}" if name else ""

    payload = dict(fact.payload)
    for name in ("created_ns", "started_ns", "ended_ns"):
        if name in payload:
            payload[name] = int(payload[name]) + int(gap.total_seconds()) * 10**9
    return replace(
        fact,
        id=named(fact.id),
        at=fact.at + gap,
        payload=payload,
        sip_call_id=named(fact.sip_call_id),
        participant_sid=named(fact.participant_sid),
        room_sid=ROOM if fact.room_sid else "",
    )


def a_day(pairs: int, gap: timedelta = timedelta(seconds=6)) -> list[Fact]:
    """Two callers at a time, again and again, with one assistant who stays."""
    end = pairs * gap
    lasting = [replace(fact, room_sid=ROOM) for fact in LASTING + ROOMS]
    leaves = ("track_unpublished", "participant_left", "room_finished")
    found = [replace(f, at=f.at + end) if f.kind in leaves else f for f in lasting]
    for number in range(pairs):
        found += [again(fact, number, number * gap) for fact in CALLERS]
    return sorted(found, key=lambda fact: fact.at)


# A room in which anything may happen: two assistants, three telephones, and two callers from
# browsers, of whom one came back.

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
AGENTS = ["PA_agent1", "PA_agent2"]
PHONES = {"PA_1": "SCL_1", "PA_2": "SCL_2", "PA_3": "SCL_3"}
BROWSERS = {
    "PA_4": "00000000-0000-4000-8000-000000000001",
    "PA_5": "00000000-0000-4000-8000-000000000001",
    "PA_6": "00000000-0000-4000-8000-000000000002",
}
PEOPLE = [*AGENTS, *PHONES, *BROWSERS]
STATUSES = ["ringing", "active", "hangup"]
ERRORS = ["", "", "", "common audio codec not found", "max-call-duration"]


def person(sid: str, status: str) -> dict[str, Any]:
    if sid in AGENTS:
        return {"sid": sid, "kind": "AGENT"}
    if sid in BROWSERS:
        return {
            "sid": sid,
            "identity": "browser",
            "attributes": {"veyra.role": "browser", "veyra.call": BROWSERS[sid]},
        }
    told = {"sip.callID": PHONES[sid], "sip.ruleID": "SDR_1", "sip.callStatus": status}
    return {"sid": sid, "identity": f"sip_{sid}", "kind": "SIP", "attributes": told}


def of_livekit(draw: st.DrawFn, at: datetime, sid: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["participant_joined", "participant_left", "", "", ""]))
    if kind:
        who = person(sid, draw(st.sampled_from(STATUSES)))
        named = {"participant_sid": sid, "sip_call_id": PHONES.get(sid, "")}
        return {"kind": kind, "payload": {"participant": who}, "room_sid": ROOM, **named}
    kind = draw(st.sampled_from(["track_published", "track_unpublished"]))
    track = {"sid": f"TR_{sid}", "mimeType": "audio/opus"}
    payload = {"participant": {"sid": sid}, "track": track}
    return {"kind": kind, "payload": payload, "participant_sid": sid, "room_sid": ROOM}


def of_observer(draw: st.DrawFn, at: datetime, sid: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["present", "participant_gone"]))
    payload = person(sid, draw(st.sampled_from(STATUSES))) if kind == "present" else {}
    if payload:
        joined = at - timedelta(seconds=draw(st.integers(0, 6)))
        payload |= {"kind": "seen", "joined_at": joined.isoformat()}
    named = {"participant_sid": sid, "sip_call_id": PHONES.get(sid, "")}
    return {"kind": kind, "payload": payload, "room_sid": ROOM, **named}


def of_agent(draw: st.DrawFn, at: datetime, sid: str) -> dict[str, Any]:
    kinds = ["started", "audio_heard_by_caller", "speech_started", "failed", "closed"]
    kind = draw(st.sampled_from(kinds))
    named = draw(st.sampled_from(["both", "call", "person", "nobody"]))
    return {
        "kind": kind,
        "payload": {"error": "no key"} if kind == "failed" else {"agent": sid},
        "sip_call_id": PHONES.get(sid, "") if named in ("both", "call") else "",
        "participant_sid": sid if named in ("both", "person") else "",
        "room_sid": ROOM,
    }


def of_tap(draw: st.DrawFn, at: datetime, sid: str) -> dict[str, Any]:
    call = PHONES.get(sid, "SCL_1")
    if draw(st.booleans()):
        return {"kind": "invite", "payload": {"from": "1", "to": "2"}, "sip_call_id": call}
    names = draw(st.sets(st.sampled_from(["created_ns", "started_ns", "ended_ns"])))
    ns = int(at.timestamp()) * 10**9
    payload: dict[str, Any] = dict.fromkeys(names, ns)
    payload |= {"error": draw(st.sampled_from(ERRORS)), "source_ip": "127.0.0.1"}
    room = draw(st.sampled_from(["", ROOM]))
    named = {"sip_call_id": call, "room_sid": room, "room_name": "support" if room else ""}
    return {"kind": "call_state", "payload": payload, **named}


def of_room(draw: st.DrawFn, at: datetime, sid: str) -> dict[str, Any]:
    return {"kind": draw(st.sampled_from(["room_finished", "room_gone"])), "room_sid": ROOM}


WITNESSES = {
    "webhook": of_livekit,
    "observer": of_observer,
    "agent": of_agent,
    "tap": of_tap,
    "staff": of_room,
}
OFTEN = ["webhook"] * 4 + ["agent"] * 2 + ["observer", "observer", "tap", "tap", "staff"]


@st.composite
def invented(draw: st.DrawFn) -> Fact:
    source, sid = draw(st.sampled_from(OFTEN)), draw(st.sampled_from(PEOPLE))
    at = MIDNIGHT + timedelta(seconds=draw(st.integers(0, 40)) / 2)
    return Fact(id="", source=source, at=at, **WITNESSES[source](draw, at, sid))


@st.composite
def rooms(draw: st.DrawFn) -> list[Fact]:
    """What is told of a room in all, by the order in which it is stored."""
    if draw(st.booleans()):
        found = draw(st.lists(invented(), min_size=2, max_size=30))
        return [replace(fact, id=f"EV_{number}") for number, fact in enumerate(found)]
    facts = a_day(draw(st.integers(1, 3)))
    lost = draw(st.sets(st.sampled_from(sorted({f.kind for f in facts})), max_size=2))
    facts = [f for f in facts if f.kind not in lost or f.source != "webhook"]
    if draw(st.booleans()):  # without the tap, the others' words count
        facts = [f for f in facts if f.source != "tap"]
    late = draw(st.lists(st.sampled_from(facts), unique_by=lambda f: f.id, max_size=8))
    until = draw(st.integers(1, len(facts)))
    return [fact for fact in facts[:until] if fact not in late] + late


def store(facts: Iterable[Fact], received_at: datetime) -> None:
    found = []
    for fact in facts:
        values = {name: value for name, value in fact.__dict__.items() if name != "id"}
        found.append(CallEvent(event_id=fact.id, **values))
    intake.store(found)
    ids = [event.event_id for event in found]
    CallEvent.objects.filter(event_id__in=ids).update(received_at=received_at)


def fact(kind: str, second: float, source: str = "webhook", **values: Any) -> Fact:
    at = MIDNIGHT + timedelta(seconds=second)
    return Fact(id=f"{kind} {at}", source=source, kind=kind, at=at, room_sid=ROOM, **values)


def came(sid: str, second: float, kind: str = "participant_joined") -> Fact:
    named = {"participant_sid": sid, "sip_call_id": PHONES.get(sid, "")}
    return fact(kind, second, payload={"participant": person(sid, "ringing")}, **named)


def left(sid: str, second: float) -> Fact:
    return came(sid, second, "participant_left")


def by_caller(states: Iterable[CallState]) -> dict[object, CallState]:
    return {state.sip_call_id or state.claimed_id: state for state in states}


class FoldedFromWhatIsNew(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        # Who is not let in at once is a call all the same: facts of strangers would be forgotten.
        Trunk.objects.create(name="trunk1", addresses="127.0.0.1")

    def check(self, old: list[Fact], new: list[Fact]) -> None:
        """Folded whole from `old`, and then from what is new, it tells the same as whole."""
        now = timezone.now()
        store(old, now - timedelta(hours=1))
        before = fold(map(fact_of, whole_room(ROOM)), now)
        for state in before.calls:
            save_call(f"room:{ROOM}", state)
        store(new, now)
        read = LongRoom(ROOM, now - timedelta(minutes=1)).read()
        assert read is not None
        events, about = read
        told = by_caller(fold(map(fact_of, events), now, about).calls)
        whole = fold(map(fact_of, whole_room(ROOM)), now)
        assert by_caller(before.calls) | told == by_caller(whole.calls)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rooms(), st.integers(1, 8))
    def test_tells_the_same_as_folded_whole(self, facts: list[Fact], new: int) -> None:
        self.check(facts[:-new], facts[-new:])

    def test_whoever_turns_out_to_be_an_assistant_has_answered_those_who_left(self) -> None:
        track = {"participant": {"sid": AGENTS[0]}, "track": {"mimeType": "audio/opus"}}
        sound = fact("track_published", 5, participant_sid=AGENTS[0], payload=track)
        self.check([came("PA_1", 0), sound, left("PA_1", 10)], [left(AGENTS[0], 20)])

    def test_what_was_told_a_moment_after_he_left_is_about_him_too(self) -> None:
        heard = fact("audio_heard_by_caller", 10.5, source="agent")
        self.check([came("PA_1", 0), left("PA_1", 10)], [heard])

    def test_a_caller_from_a_browser_who_came_back_is_the_same_caller(self) -> None:
        heard = fact("audio_heard_by_caller", 1, source="agent", participant_sid="PA_4")
        self.check([came("PA_4", 0), heard, left("PA_4", 2)], [came("PA_5", 20)])

    def test_what_was_heard_by_one_who_left_is_not_taken_for_anothers(self) -> None:
        heard = fact("audio_heard_by_caller", 7, source="agent", participant_sid="PA_1")
        ended = {"ended_ns": int((MIDNIGHT + timedelta(seconds=8)).timestamp()) * 10**9}
        over = fact("call_state", 8, source="tap", sip_call_id="SCL_1", payload=ended)
        old = [came("PA_1", 0), came("PA_3", 5), heard, over]
        self.check(old, [came("PA_2", 10)])

    def test_a_day_folded_bit_by_bit_ends_as_if_folded_at_once(self) -> None:
        facts = a_day(4)
        size = len(facts) // 12
        with patch.object(folding, "LONG", 0):
            for start in range(0, len(facts), size):
                store(facts[start : start + size], timezone.now())
                drain()
        names = ("started_at", "state", "outcome", "reason", "answered_at", "ended_at")
        whole = fold(facts, timezone.now()).calls
        told = [tuple(getattr(call, name) for name in names) for call in whole]
        assert list(Call.objects.order_by("started_at").values_list(*names)) == told
        assert len(told) == 8

    def test_reads_what_is_new_and_nothing_of_those_who_left_long_ago(self) -> None:
        facts = [fact for fact in a_day(12) if fact.kind != "room_finished"]
        store(facts, timezone.now() - timedelta(hours=1))
        drain()
        last = max((f for f in facts if f.sip_call_id), key=lambda f: f.at)
        store([replace(last, id="once more")], timezone.now())
        read = LongRoom(ROOM, timezone.now() - timedelta(minutes=1)).read()
        assert read is not None
        events, about = read
        calls_read = {event.sip_call_id for event in events if event.kind == "invite"}
        assert last.sip_call_id in about and len(calls_read) <= 4
        assert Call.objects.count() == 24

    def test_what_concerns_very_many_is_folded_whole(self) -> None:
        """Who the assistant is came last: it may have answered everybody of the day."""
        facts = a_day(4)
        store([f for f in facts if f not in LASTING], timezone.now() - timedelta(hours=1))
        drain()
        store([replace(fact, room_sid=ROOM) for fact in LASTING], timezone.now())
        with patch.object(longrooms, "LONG", 10):
            assert LongRoom(ROOM, timezone.now() - timedelta(minutes=1)).read() is None
