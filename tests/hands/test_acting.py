"""What staff ask to be done to a call: done once, and told in its story."""

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from telephony import acting, hands
from telephony.models import Call, CallAction, CallEvent, OutboundCall, Trunk
from tests.hands.conftest import MakeCall, Person, Room
from veyra.livekit.types import LiveKitError
from veyra.models import SecurityEvent

pytestmark = pytest.mark.django_db
Kind = CallAction.Kind


def ask(call: Call, kind: Kind, **params: str) -> CallAction:
    return acting.ask(call, kind, params, None, uuid.uuid4())


def done(row: CallAction) -> CallAction:
    while acting.run_next(acting.TASKS[Kind(row.kind)]):
        pass
    row.refresh_from_db()
    return row


def story(call: Call) -> list[str]:
    events = CallEvent.objects.of_call(call, call.legs.all())
    return [event.kind for event in events if event.source == "staff"]


def refused(status: int | None = None, code: str = "unknown", **more: bool) -> LiveKitError:
    return LiveKitError("no", permanent=more.get("permanent", True), code=code, sip_status=status)


def test_a_double_click_hangs_up_once(make_call: MakeCall, room: Room, person: Person) -> None:
    call, ticket, anna = make_call(), uuid.uuid4(), person()
    rows = [acting.ask(call, Kind.HANG_UP, {}, anna, ticket) for _ in range(2)]
    assert rows[0] == rows[1]
    row = done(rows[0])
    assert room.removed == [("call-1", "sip_1")]
    assert (row.state, str(row.sentence)) == ("done", "The call was ended.")
    assert story(call) == ["staff_hang_up", "staff_hang_up_done"]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (anna, str(call.pk))
    assert entry.change_message == "Asked to end the call."


def test_only_the_party_of_this_call_goes(make_call: MakeCall, room: Room) -> None:
    first, second = make_call(), make_call()
    second.legs.update(identity="sip_2")
    done(ask(second, Kind.HANG_UP))
    assert room.removed == [("call-1", "sip_2")]
    assert story(first) == []


def test_a_deed_that_was_claimed_is_never_done_again(make_call: MakeCall, room: Room) -> None:
    row = ask(make_call(), Kind.HANG_UP)
    assert acting.claim(row)
    assert not acting.claim(row)
    assert done(row).state == "doing" and room.removed == []


def test_a_deed_that_a_restart_cut_short_is_told_as_such(make_call: MakeCall, room: Room) -> None:
    row = ask(make_call(), Kind.HANG_UP)
    acting.claim(row)
    CallAction.objects.update(claimed_at=timezone.now() - timedelta(minutes=5))
    row = done(row)
    assert row.state == "failed" and "restart" in str(row.sentence)
    assert room.removed == []


def test_nothing_is_done_to_a_call_that_is_over(make_call: MakeCall, room: Room) -> None:
    row = ask(make_call(), Kind.HANG_UP)
    Call.objects.update(ended_at=timezone.now(), state="ended")
    assert str(done(row).sentence) == "The call is over already."
    assert room.removed == []


def test_whoever_has_left_meanwhile_was_not_hung_up(make_call: MakeCall, room: Room) -> None:
    room.fails = [refused(code="not_found")]
    row = done(ask(make_call(), Kind.HANG_UP))
    assert (row.state, str(row.sentence)) == ("failed", "The call is over already.")


def test_a_livekit_that_is_away_is_told(make_call: MakeCall, room: Room) -> None:
    room.fails = [refused(code="unavailable", permanent=False)]
    row = done(ask(make_call(), Kind.HANG_UP))
    assert row.state == "failed" and "does not answer" in str(row.sentence)


def test_a_hint_goes_to_the_assistants_alone(make_call: MakeCall, room: Room) -> None:
    row = done(ask(make_call(), Kind.HINT, text="Offer a discount."))
    ((name, identities, topic, data),) = room.data
    assert (name, identities, topic) == ("call-1", ["agent-AJ_1"], "veyra.hint")
    assert json.loads(data) == {"id": str(row.ticket), "text": "Offer a discount."}
    assert row.state == "done"


def test_a_hint_without_an_assistant_says_so(make_call: MakeCall, room: Room) -> None:
    room.agents = []
    row = done(ask(make_call(), Kind.HINT, text="Offer a discount."))
    assert row.state == "failed" and "No assistant" in str(row.sentence)
    assert room.data == []


def test_the_words_of_a_hint_do_not_stand_in_the_story(make_call: MakeCall, room: Room) -> None:
    done(ask(make_call(), Kind.HINT, text="Offer a discount."))
    assert "discount" not in json.dumps(list(CallEvent.objects.values_list("payload", flat=True)))


# transfers


def test_what_takes_a_moment_does_not_wait_until_a_telephone_is_answered(
    make_call: MakeCall, room: Room
) -> None:
    call = make_call()
    asked = [ask(call, Kind.TRANSFER, target="+79160000001"), ask(call, Kind.HANG_UP)]
    assert acting.run_next("telephony.act") and not acting.run_next("telephony.act")
    for row in asked:
        row.refresh_from_db()
    assert [row.state for row in asked] == ["waiting", "done"]
    assert acting.run_next("telephony.transfer")


def test_the_provider_is_asked_in_its_own_spelling(
    make_call: MakeCall, room: Room, trunk: Trunk
) -> None:
    Trunk.objects.update(out_spelling="national")
    call = make_call()
    row = done(ask(call, Kind.TRANSFER, target="+79160000001"))
    (transfer,) = room.transfers
    assert transfer.to == "sip:89160000001@sip.novofon.ru"
    assert (transfer.room, transfer.identity) == ("call-1", "sip_1")
    assert row.state == "done"
    assert story(call) == ["staff_transfer", "staff_transfer_done"]


def test_without_a_server_for_calls_out_the_caller_s_is_asked(make_call: MakeCall) -> None:
    Trunk.objects.update(out_address="")
    call = Call.objects.select_related("trunk").get(pk=make_call(source_ip="10.0.0.1").pk)
    assert hands.address_of(call, "+79160000001") == "sip:+79160000001@10.0.0.1"
    call.source_ip = ""
    assert hands.address_of(call, "+79160000001") == "tel:+79160000001"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"answered_at": None, "state": "ringing"}, "still rings"),
        ({"direction": "browser"}, "browser"),
        ({"ended_at": timezone.now()}, "over already"),
        ({"room_name": ""}, "not reached us"),
    ],
)
def test_what_cannot_be_transferred_is_said_before(
    make_call: MakeCall, fields: dict[str, object], word: str
) -> None:
    assert word in str(hands.why_not(make_call(**fields), Kind.TRANSFER))


def test_a_provider_that_transfers_nothing_is_named(make_call: MakeCall, trunk: Trunk) -> None:
    trunk.out_refer = False
    trunk.save()
    assert "“Novofon” does not transfer calls" in str(hands.why_not(make_call(), Kind.TRANSFER))


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (refused(486), "busy"),
        (refused(603), "declined"),
        (refused(408), "Nobody answered"),
        (refused(405), "does not transfer calls (answer 405)"),
        (refused(503), "answer 503"),
        (refused(code="failed_precondition"), "still rings"),
        (refused(code="deadline_exceeded", permanent=False), "Nobody answered"),
        (refused(code="unavailable", permanent=False), "does not answer"),
        (refused(code="not_found"), "over already"),
        (refused(), "LiveKit refused this."),
    ],
)
def test_a_transfer_that_failed_says_why(
    make_call: MakeCall, room: Room, error: LiveKitError, word: str
) -> None:
    room.fails = [error]
    call = make_call()
    row = done(ask(call, Kind.TRANSFER, target="+79160000001"))
    assert row.state == "failed" and word in str(row.sentence)
    assert story(call)[-1] == "staff_transfer_failed"


def test_what_livekit_says_is_kept_for_the_engineer_and_not_shown_to_staff(
    make_call: MakeCall, room: Room
) -> None:
    room.fails = [LiveKitError("twirp error: odd", permanent=True, code="unknown")]
    row = done(ask(make_call(), Kind.TRANSFER, target="+79160000001"))
    assert "twirp" not in str(row.sentence)
    fact = CallEvent.objects.get(kind="staff_transfer_failed")
    assert fact.payload["detail"] == "twirp error: odd"


@pytest.mark.parametrize(
    ("looks", "state", "word", "fact"),
    [
        # He was connected, or gave up: nobody said, so it does not count as a transfer.
        (2, "done", "did not say which", "staff_transfer_unclear"),
        (10_000, "failed", "still with us", "staff_transfer_failed"),
    ],
)
def test_where_the_gateway_missed_the_answer_the_caller_s_leaving_tells(
    make_call: MakeCall,
    room: Room,
    monkeypatch: pytest.MonkeyPatch,
    looks: int,
    state: str,
    word: str,
    fact: str,
) -> None:
    monkeypatch.setattr(hands, "LOOK_SECONDS", 0.01)
    Trunk.objects.update(out_ringing=1)
    missed = "twirp error unknown: transaction failed to complete (0 intermediate responses)"
    room.fails, room.stays_for = [LiveKitError(missed, permanent=False, code="canceled")], looks
    call = make_call()
    row = done(ask(call, Kind.TRANSFER, target="+79160000001"))
    assert (row.state, len(room.transfers)) == (state, 1)
    assert word in str(row.sentence)
    assert story(call)[-1] == fact


def test_a_dear_number_is_not_connected_at_our_cost(make_call: MakeCall, person: Person) -> None:
    call, anna = make_call(), person()
    wrong = hands.not_allowed(call, Kind.TRANSFER, {"target": "+15551234567"}, anna)
    assert "may not call" in str(wrong)
    assert SecurityEvent.objects.get().user == anna
    assert hands.not_allowed(call, Kind.TRANSFER, {"target": "+79160000001"}, anna) is None


@pytest.mark.parametrize(
    ("limits", "kind", "word"),
    [
        ({"out_at_once": 2}, "dial_at_once", "may transfer 2 calls in a minute"),
        ({"out_minutes": 2}, "dial_minutes", "The 2 minutes of today are used up"),
    ],
)
def test_the_limits_of_a_connection_hold_for_its_transfers(
    make_call: MakeCall, person: Person, limits: dict[str, int], kind: str, word: str
) -> None:
    Trunk.objects.update(**limits)
    call, anna, target = make_call(), person(), {"target": "+79160000001"}
    call = Call.objects.select_related("trunk").get(pk=call.pk)
    for _ in range(2):
        assert hands.not_allowed(call, Kind.TRANSFER, target, anna) is None
        row = ask(call, Kind.TRANSFER, **target)
    assert word in str(hands.not_allowed(call, Kind.TRANSFER, target, anna))
    assert SecurityEvent.objects.get().kind == kind
    # One that came to nothing takes nothing.
    CallAction.objects.filter(pk=row.pk).update(state="failed")
    assert hands.not_allowed(call, Kind.TRANSFER, target, anna) is None


def test_a_call_out_may_be_transferred_though_it_is_the_one_that_may_go_on(
    make_call: MakeCall, trunk: Trunk
) -> None:
    Trunk.objects.update(out_at_once=1)
    OutboundCall.objects.create(
        trunk=trunk, to_number="+79161234567", state="dialled", claimed_at=timezone.now()
    )
    call = Call.objects.select_related("trunk").get(pk=make_call(direction="outbound").pk)
    target = {"target": "+79160000001"}
    assert hands.not_allowed(call, Kind.TRANSFER, target, None) is None


def test_minutes_that_calls_out_took_are_not_there_for_transfers(
    make_call: MakeCall, trunk: Trunk
) -> None:
    Trunk.objects.update(out_minutes=10)
    OutboundCall.objects.create(
        trunk=trunk,
        to_number="+79161234567",
        state="dialled",
        claimed_at=timezone.now(),
        over_at=timezone.now(),
        seconds=570,
    )
    call = Call.objects.select_related("trunk").get(pk=make_call().pk)
    target = {"target": "+79160000001"}
    assert "used up" in str(hands.not_allowed(call, Kind.TRANSFER, target, None))
