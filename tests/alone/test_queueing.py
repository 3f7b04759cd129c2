"""A full line: who waits with music hears his place, and is called in when it is his turn."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agentworker import standin
from agentworker.last_words import NTH, words_of_place
from agentworker.models import Agent, Closure, StandIn, Worker
from agentworker.worker import goes_first
from telephony import stays
from telephony.full_line import WhenFull
from telephony.models import Call, CallEvent, DispatchRule, Leg
from telephony.queueing import COMES, Queue, claim, is_coming
from telephony.watchdog import GRACE, Line, Step, Watched, decide
from telephony.watching import Watchdog
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Participant, Room
from veyra.models import Pulse

NOW = timezone.now()
FULL = Line(takes_calls=False, stands_in=True, is_full=True)
ALONE = Watched(rings=True, waiting=GRACE, alone=GRACE)

called = st.none() | st.timedeltas(timedelta(), 2 * COMES).map(lambda ago: NOW - ago)
rows = st.lists(st.builds(StandIn, called_at=called), max_size=8)


def test_who_calls_a_full_line_waits_in_the_queue_and_who_cannot_be_served_is_told() -> None:
    assert decide(ALONE, FULL) is Step.QUEUE
    assert decide(ALONE, Line(takes_calls=False, stands_in=True)) is Step.STAND_IN


@pytest.mark.parametrize(
    ("chosen", "has_people", "step"),
    [
        (WhenFull.QUEUE, True, Step.QUEUE),
        (WhenFull.CALL_BACK, True, Step.STAND_IN),
        (WhenFull.PEOPLE, True, Step.FIND_PEOPLE),
        (WhenFull.PEOPLE, False, Step.QUEUE),
    ],
)
def test_the_rule_says_what_callers_of_a_full_line_meet(
    chosen: WhenFull, has_people: bool, step: Step
) -> None:
    assert decide(replace(ALONE, has_people=has_people, when_full=chosen), FULL) is step


def test_who_cannot_wait_with_music_meets_the_people_of_his_rule() -> None:
    no_music = replace(FULL, stands_in=False)
    assert decide(replace(ALONE, has_people=True), no_music) is Step.FIND_PEOPLE


def test_whose_assistant_failed_does_not_wait_for_another() -> None:
    failed = Watched(rings=True, waiting=GRACE, alone=GRACE, failed=True)
    assert decide(failed, FULL) is Step.STAND_IN


@given(rows, st.integers(0, 9))
def test_never_more_are_called_in_than_places_are_free_and_the_first_goes_first(
    waiting: list[StandIn], free: int
) -> None:
    turns = Queue(waiting).turns(free, NOW)
    coming = [row for row in waiting if is_coming(row, NOW)]
    rest = [row for row in waiting if not is_coming(row, NOW)]
    assert len(turns) == min(len(rest), max(0, free - len(coming)))
    assert all(one is other for one, other in zip(turns, rest, strict=False))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_each_place_has_its_own_words(language: str) -> None:
    told = {words_of_place(language, at, offers_call_back=False) for at in range(1, 12)}
    assert len(told) == 11
    far = words_of_place(language, len(NTH[language]) + 5, offers_call_back=True)
    assert "10" not in far and far != words_of_place(language, 12, offers_call_back=False)


def test_a_brief_says_who_has_waited() -> None:
    assert goes_first('{"agent": "1", "first": true}')
    assert not goes_first('{"agent": "1"}') and not goes_first("no brief")


class Desk:
    """Stands where LiveKit does: a caller in each room; it notes what was sent where."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def together(self, works: list[Callable[[], object]]) -> list[object]:
        return [work() for work in works]

    def list_rooms(self) -> list[Room]:
        return []

    def list_participants(self, room: str) -> list[Participant]:
        return [Participant(sid=f"PA_{room}", identity="caller", kind="sip", attributes={})]

    def create_dispatch(self, _name: str, room: str, metadata: str) -> None:
        assert goes_first(metadata)
        self.sent.append(room)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(LiveKit, "from_settings", lambda _timeout: desk)
    Pulse.beat(standin.PULSE)
    return desk


def calls(*sids: str) -> None:
    agent = Agent.objects.create(name="Sales")
    early = timezone.now() - timedelta(seconds=10)
    for at, sid in enumerate(sids):
        row = Call.objects.create(
            agent=agent,
            room_name=f"call-{sid}",
            room_sid=sid,
            state="ringing",
            started_at=early,
            from_number=f"7916000000{at}",
        )
        Leg.objects.create(call=row, role="caller", sip_call_id=f"SCL_{sid}", room_sid=sid)


def worker(*rooms: str, capacity: int = 1) -> None:
    now = timezone.now()
    Worker.objects.update_or_create(
        name="one",
        defaults={
            "pid": 1,
            "capacity": capacity,
            "registered": True,
            "started_at": now,
            "seen_at": now,
            "jobs": [{"job": f"AJ_{room}", "room": f"call-{room}"} for room in rooms],
        },
    )


def look(watchdog: Watchdog) -> None:
    """Twice: nobody is alone before the second look."""
    watchdog._memory.alone = dict.fromkeys(watchdog._memory.alone, 0.0)
    watchdog.look(timezone.now())


def places() -> dict[str, int | None]:
    return dict(StandIn.objects.queued().values_list("room_sid", "place"))


@pytest.mark.django_db
def test_a_full_line_queues_its_callers_and_serves_them_in_their_order(desk: Desk) -> None:
    worker("RM_1")
    calls("RM_1", "RM_2", "RM_3")
    watchdog = Watchdog()
    look(watchdog)
    look(watchdog)
    assert places() == {"RM_2": 1, "RM_3": 2} and desk.sent == []
    StandIn.objects.update(spoke_at=timezone.now())

    Call.objects.filter(room_sid="RM_1").update(state="ended")
    Leg.objects.filter(room_sid="RM_1").update(left_at=timezone.now())
    worker()
    look(watchdog)
    look(watchdog)
    assert desk.sent == ["call-RM_2"]  # once, and the other waits on

    worker("RM_2")
    look(watchdog)
    assert places() == {"RM_3": 1} and desk.sent == ["call-RM_2"]


@pytest.mark.django_db
def test_who_is_called_in_and_does_not_get_his_place_is_called_in_again(desk: Desk) -> None:
    worker("RM_1")
    calls("RM_2")
    watchdog = Watchdog()
    look(watchdog)
    look(watchdog)
    worker()
    look(watchdog)
    StandIn.objects.update(called_at=timezone.now() - COMES)
    look(watchdog)
    assert desk.sent == ["call-RM_2"] * 2


@pytest.mark.django_db
def test_a_rule_may_offer_to_call_back_instead_of_the_queue(desk: Desk) -> None:
    worker("RM_1")
    calls("RM_2")
    agent = Agent.objects.get()
    rule = DispatchRule.objects.create(name="Sales", agent=agent, when_full=WhenFull.CALL_BACK)
    Call.objects.update(rule=rule)
    watchdog = Watchdog()
    look(watchdog)
    look(watchdog)
    row = StandIn.objects.get()
    assert (row.kind, row.place, row.offers_call_back) == ("apology", None, True)


@pytest.mark.django_db
def test_nobody_queues_for_an_assistant_who_only_says_that_it_is_closed(desk: Desk) -> None:
    worker("RM_1")
    calls("RM_2")
    Closure.objects.create(begins=timezone.now() - timedelta(hours=1))
    watchdog = Watchdog()
    look(watchdog)
    look(watchdog)
    row = StandIn.objects.get()
    assert (row.kind, row.place) == ("apology", None) and row.text


@pytest.mark.django_db
def test_only_one_of_two_sends_an_assistant() -> None:
    StandIn.hold("RM_1", "call-RM_1", "ru", is_transfer=False, place=1)
    first, second = StandIn.objects.get(), StandIn.objects.get()
    assert claim(first, NOW) and not claim(second, NOW)


@pytest.mark.django_db
def test_that_he_waited_in_the_queue_stands_in_the_story_of_his_call() -> None:
    calls("RM_1")
    StandIn.hold("RM_1", "call-RM_1", "ru", is_transfer=False, place=1)
    StandIn.objects.update(spoke_at=timezone.now())
    stays.tell(timezone.now())
    assert list(CallEvent.objects.values_list("kind", flat=True)) == ["queued"]
