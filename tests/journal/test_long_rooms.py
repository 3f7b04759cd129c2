"""A room with a long history: folded from what is new, it tells the same as folded whole."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from telephony import folding, intake, longrooms
from telephony.folding import drain
from telephony.journal import CallState, Fact, fold
from telephony.models import Call, CallEvent, Trunk
from tests.journal.witnesses import recording

ROOM = "RM_all_day"
FACTS = recording("shared_room").facts()
# What outlives a caller: the assistant and the room itself.
LASTING = [fact for fact in FACTS if not fact.sip_call_id and "PA_p2" in fact.participant_sid]
CALLERS = [fact for fact in FACTS if fact.sip_call_id]
CALLERS += [
    f for f in FACTS if not f.sip_call_id and f.kind.startswith("track") and f not in LASTING
]
ROOMS = [fact for fact in FACTS if fact.kind in ("room_started", "room_finished")]


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


def event_of(fact: Fact) -> CallEvent:
    values = {name: value for name, value in fact.__dict__.items() if name != "id"}
    return CallEvent(event_id=fact.id, **values)


def told(states: Iterable[CallState]) -> list[tuple[object, ...]]:
    return sorted(
        (c.started_at, c.state, c.outcome, c.reason, c.answered_at, c.ended_at) for c in states
    )


def saved() -> list[tuple[object, ...]]:
    names = ("started_at", "state", "outcome", "reason", "answered_at", "ended_at")
    return sorted(Call.objects.values_list(*names))


class FoldedFromWhatIsNew(TestCase):
    """Rooms are long from their first fact on, and each fold sees only what came after the last."""

    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # A counterexample takes minutes to shrink: each example is a hundred folds.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(st.data())
    def test_tells_the_same_as_folded_whole(self, data: st.DataObject) -> None:
        # Who is not let in at once is a call all the same: facts of strangers would be forgotten.
        Trunk.objects.create(name="trunk1", addresses="127.0.0.1")
        facts = a_day(data.draw(st.integers(1, 3)))
        lost = data.draw(st.sets(st.sampled_from(sorted({f.kind for f in facts})), max_size=2))
        facts = [f for f in facts if f.kind not in lost or f.source != "webhook"]
        if data.draw(st.booleans()):  # without the tap, the others' words count
            facts = [f for f in facts if f.source != "tap"]
        late = data.draw(st.lists(st.sampled_from(facts), unique_by=lambda f: f.id, max_size=8))
        order = [f for f in facts if f not in late] + data.draw(st.permutations(late))
        size = data.draw(st.integers(2, 12))
        with patch.object(folding, "LONG", 0), patch.object(longrooms, "SEEN_WITHIN", timedelta(0)):
            for start in range(0, len(order), size):
                intake.store([event_of(fact) for fact in order[start : start + size]])
                drain()
        assert saved() == told(fold(facts, timezone.now()).calls)

    def test_reads_what_is_new_and_nothing_of_those_who_left_long_ago(self) -> None:
        Trunk.objects.create(name="trunk1", addresses="127.0.0.1")
        facts = [fact for fact in a_day(12) if fact.kind != "room_finished"]
        intake.store([event_of(fact) for fact in facts])
        with patch.object(folding, "LONG", 0):
            drain()
        CallEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
        last = max((f for f in facts if f.sip_call_id), key=lambda f: f.at)
        intake.store([event_of(replace(last, id="once more"))])
        since = timezone.now() - timedelta(minutes=1)
        events, about = longrooms.LongRoom(ROOM, since).read()
        calls = {event.sip_call_id for event in events if event.kind == "invite"}
        assert last.sip_call_id in about and len(calls) <= 4
        assert Call.objects.count() == 24
