"""The board reads what was named, and nothing that does not stand on it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from pytest_django.fixtures import DjangoAssertNumQueries

from agentworker.models import Session, Speaker
from agentworker.standin import StandIn
from monitoring import board, callpage
from monitoring.board import Named, Viewer
from monitoring.phases import Phase
from telephony.models import Call, CallAction, Ring, Visit
from tests.monitoring.conftest import MakeCall, MakeUser, say

pytestmark = pytest.mark.django_db
READER = Viewer("en", reads_words=True)


def shown(named: Named | None) -> set[Call]:
    return {row.call for row in board.read(named)}


def test_only_the_calls_that_were_named_are_read(make_call: MakeCall) -> None:
    first, second, third = make_call(), make_call(), make_call()
    assert shown(Named(calls={str(first.pk), str(third.pk)})) == {first, third}
    assert shown(None) == {first, second, third}
    assert shown(Named()) == set()


def test_a_conversation_brings_its_call_and_its_last_words(make_call: MakeCall) -> None:
    call, _other = make_call(["Hello?"], state=Call.State.ANSWERED), make_call(["Yes?"])
    session = Session.objects.get(sip_call_id=call.legs.get().sip_call_id)
    [row] = board.read(Named(sessions={str(session.pk)}))
    assert row.call == call and row.talk
    assert [turn.text for turn in row.talk.lines] == ["Hello?"]


def test_a_call_that_ended_long_ago_does_not_come_back(make_call: MakeCall) -> None:
    long_ago = timezone.now() - board.LINGER - timedelta(seconds=1)
    call = make_call(state=Call.State.ENDED, ended_at=long_ago)
    assert shown(Named(calls={str(call.pk)})) == set()


def test_a_ringing_call_is_read_by_one_query(
    make_call: MakeCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call = make_call()
    with django_assert_num_queries(1):
        board.read(Named(calls={str(call.pk)}))


def test_a_call_in_silence_is_read_by_two_queries(
    make_call: MakeCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call = make_call(["Hello?"], state=Call.State.ANSWERED)
    with django_assert_num_queries(2):
        board.read(Named(calls={str(call.pk)}))


def test_who_of_the_staff_is_at_a_call_is_shown(make_call: MakeCall, make_user: MakeUser) -> None:
    user, now = make_user(), timezone.now()
    call, other = make_call(["Hi"], state=Call.State.ANSWERED), make_call()
    for kind, left_at in (("listen", None), ("join", now)):
        Visit.objects.create(
            call=call, user=user, kind=kind, began_at=now, seen_at=now, left_at=left_at
        )
    rows = {row.call: row for row in board.read()}
    with translation.override("en"):
        assert board.as_context(rows[call], READER)["staff"] == [("listens", "anna")]
    assert not rows[call].is_joined and rows[other].visits == ()


def test_a_colleague_in_the_talk_is_what_the_call_does(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    call, now = make_call(["Hi"], state=Call.State.ANSWERED), timezone.now()
    [before] = board.read()
    Visit.objects.create(call=call, user=make_user(), kind="join", began_at=now, seen_at=now)
    [row] = board.read()
    assert (row.phase, row.trouble) == (Phase.COLLEAGUE, None)
    assert row.version != before.version


@pytest.mark.parametrize(("state", "is_on_its_way"), [("waiting", True), ("failed", False)])
def test_a_transfer_is_shown_until_it_is_known_what_came_of_it(
    make_call: MakeCall, state: str, is_on_its_way: bool
) -> None:
    call = make_call(["Hi"], state=Call.State.ANSWERED)
    CallAction.objects.create(call=call, kind=CallAction.Kind.TRANSFER, state=state)
    CallAction.objects.create(call=call, kind=CallAction.Kind.HINT)
    [row] = board.read()
    assert (row.phase == Phase.TRANSFERRING) is is_on_its_way


def test_a_caller_who_hears_an_apology_is_shown_so(make_call: MakeCall) -> None:
    make_call(state=Call.State.ANSWERED, room_sid="RM_1")
    make_call(state=Call.State.ANSWERED, room_sid="RM_2")
    now = timezone.now()
    StandIn.objects.create(room_sid="RM_1", asked_at=now, spoke_at=now)
    StandIn.objects.create(room_sid="RM_2", asked_at=now, spoke_at=now, over_at=now)
    assert sorted(row.phase for row in board.read()) == [Phase.APOLOGY, Phase.TALKING]


def test_who_hears_music_is_on_hold_until_a_colleague_has_taken_the_call(
    make_call: MakeCall,
) -> None:
    call = make_call(state=Call.State.ANSWERED, room_sid="RM_1")
    StandIn.hold("RM_1", "room", "en", is_transfer=True)
    waits = board.read()[0]
    assert waits.phase == Phase.ON_HOLD and waits.trouble is None
    ring = Ring.objects.create(call=call, why="transfer", started_at=timezone.now())
    assert board.read()[0].phase == Phase.ON_HOLD
    StandIn.release("RM_1")
    Ring.objects.update(state="taken")
    taken = board.read()[0]
    assert taken.phase == Phase.COLLEAGUE and taken.trouble is None
    assert waits.version != taken.version
    Ring.objects.filter(pk=ring.pk).update(over_at=timezone.now())
    assert board.read()[0].phase == Phase.TALKING


def test_who_waits_for_an_assistant_is_shown_with_his_place(make_call: MakeCall) -> None:
    call = make_call(state=Call.State.ANSWERED, room_sid="RM_1")
    StandIn.hold("RM_1", "room", "en", is_transfer=False, place=3)
    with translation.override("en"):
        [row] = board.read()
        assert "In the queue, place 3" in board.render(row, Viewer("en", reads_words=False))
        assert callpage.waits(call) == "In the queue, place 3"
        StandIn.objects.update(place=2)
        [moved] = board.read()
        assert moved.version != row.version and moved.trouble is None
        StandIn.release("RM_1")
        assert callpage.waits(call) == "" and board.read()[0].phase == Phase.TALKING


@pytest.mark.parametrize("state", [Call.State.RINGING, Call.State.ANSWERED])
def test_a_call_needs_no_other_hand_while_our_people_are_rung(
    make_call: MakeCall, state: str
) -> None:
    call = make_call(state=state, seconds_ago=30)
    Session.objects.all().delete()  # no assistant has begun to speak
    in_vain = Ring.objects.create(call=call, why="first", state="over", started_at=call.started_at)
    Ring.objects.filter(pk=in_vain.pk).update(over_at=timezone.now() - timedelta(seconds=9))
    [row] = board.read()
    assert row.trouble and row.trouble.at < row.at
    ring = Ring.objects.create(call=call, why="fallback", started_at=timezone.now())
    [row] = board.read()
    assert (row.phase, row.trouble) == (Phase.RINGING, None)
    Ring.objects.filter(pk=ring.pk).update(state="over", over_at=timezone.now())
    [after] = board.read()
    assert after.version != row.version
    assert after.trouble and after.trouble.at > after.at  # an assistant may yet come


def test_a_change_of_what_the_assistant_does_is_a_new_version(make_call: MakeCall) -> None:
    make_call(["Hi"], state=Call.State.ANSWERED)
    seen = set()
    for doing in Session.Doing.values:
        Session.objects.update(doing=doing, doing_since=timezone.now())
        seen.add(board.read()[0].version)
    assert len(seen) == len(Session.Doing.values)


def test_trouble_that_begins_by_the_clock_alone_is_a_new_version(make_call: MakeCall) -> None:
    make_call(seconds_ago=1)
    [row] = board.read()
    assert replace(row, at=row.at + timedelta(seconds=9)).version != row.version


def test_words_and_meter_of_a_row(make_call: MakeCall) -> None:
    call = make_call(["What does it cost?"], state=Call.State.ANSWERED)
    session = Session.objects.get(sip_call_id=call.legs.get().sip_call_id)
    for delay in (700, 2600):
        say(session, f"after {delay}", Speaker.AGENT, delay_ms=delay)
    [row] = board.read()
    with translation.override("en"):
        shown = board.as_context(row, READER)
    assert shown["lines"] == [("Caller", "What does it cost?"), ("Assistant", "after 2600")]
    assert shown["meter"] == ("bad", "▂▇", 2.6)
    assert board.as_context(row, Viewer("en", reads_words=False))["lines"] == ()


def test_nobody_reads_words_on_a_wall(make_user: MakeUser) -> None:
    user = make_user("agentworker.view_session")
    assert Viewer.of(user).reads_words
    assert not Viewer.of(user, on_wall=True).reads_words
