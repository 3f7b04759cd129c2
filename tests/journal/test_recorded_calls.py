"""Calls recorded from a real LiveKit, folded as each set of witnesses tells them."""

from datetime import datetime, timedelta

import pytest

from telephony import intake
from telephony.journal import fold
from telephony.longrooms import fact_of
from tests.journal.witnesses import NAMES, recording

APART = timedelta(milliseconds=50)
# The witnesses of an ended call; without webhooks the assistant tells what the tap cannot.
SOURCES = [(), ("tap",), ("tap", "agent"), ("webhook",), ("webhook", "agent"), ("webhook", "poll")]
SECOND = timedelta(seconds=1)


def near(found: datetime | None, wanted: datetime, margin: timedelta = APART) -> bool:
    return found is not None and abs(found - wanted) <= margin


def test_a_good_call_has_the_times_that_the_caller_saw() -> None:
    record = recording("good_call")
    call = record.call()
    assert (call.state, call.outcome, call.reason) == ("ended", "answered", "hung_up_by_caller")
    assert near(call.started_at, record.moment("79161230001 called"))
    assert near(call.answered_at, record.moment("79161230001 answered"))
    assert near(call.ended_at, record.moment("hung up"))
    assert not call.answered_is_approximate
    assert (call.from_number, call.to_number) == ("79161230001", "74991124148")
    assert (call.source_ip, call.codec) == ("127.0.0.1", "PCMU/8000")
    assert call.room_sid.startswith("RM_") and call.room_name.startswith("support-room-")
    assert call.rule_key == "0f1e2d3c-4b5a-4697-8877-665544332211"
    assert call.agent_key == "8d7c6b5a-4f3e-4211-9988-776655443322"


@pytest.mark.parametrize("sources", SOURCES)
def test_whoever_tells_of_a_good_call_it_was_answered(sources: tuple[str, ...]) -> None:
    call = recording("good_call").call(*sources)
    assert (call.state, call.outcome) == ("ended", "answered")


def test_without_the_tap_the_assistant_knows_when_the_caller_heard_it() -> None:
    record = recording("good_call")
    call = record.call("webhook", "agent")
    assert near(call.answered_at, record.moment("79161230001 answered"))
    assert not call.answered_is_approximate


@pytest.mark.parametrize("sources", [("webhook",), ("webhook", "poll"), ("poll",)])
def test_an_answer_seen_from_afar_is_marked_approximate(sources: tuple[str, ...]) -> None:
    record = recording("good_call")
    call = record.call(*sources)
    assert call.answered_is_approximate
    assert near(call.answered_at, record.moment("79161230001 answered"), timedelta(seconds=4))


def test_with_webhooks_alone_the_end_is_known_to_the_second() -> None:
    record = recording("good_call")
    assert near(record.call("webhook").ended_at, record.moment("hung up"), SECOND)


def test_a_call_is_ringing_before_the_answer_and_talking_after_it() -> None:
    record = recording("good_call")
    facts = record.facts()
    voice = next(f.at for f in facts if f.kind == "audio_heard_by_caller")
    ringing = [fact for fact in facts if fact.at < voice - timedelta(milliseconds=60)]
    (before,) = fold(ringing, voice).calls
    (after,) = fold([fact for fact in facts if fact.at <= voice], voice).calls
    assert (before.state, after.state) == ("ringing", "answered")
    assert before.outcome == after.outcome == ""


def test_an_assistant_that_closes_the_room_hung_up() -> None:
    record = recording("agent_hung_up")
    call = record.call()
    assert (call.outcome, call.reason) == ("answered", "hung_up_by_agent")
    assert near(call.ended_at, record.moment("hung up"))


def test_a_login_in_two_steps_is_one_answered_call() -> None:
    call = recording("login").call()
    assert (call.outcome, call.reason) == ("answered", "hung_up_by_caller")


@pytest.mark.parametrize("sources", SOURCES)
def test_a_caller_who_hangs_up_while_it_rings_gave_up(sources: tuple[str, ...]) -> None:
    record = recording("gave_up")
    call = record.call(*sources)
    assert (call.state, call.outcome, call.reason) == ("ended", "abandoned", "caller_gave_up")
    assert call.answered_at is None
    assert near(call.ended_at, record.moment("hung up"), SECOND)


@pytest.mark.parametrize("sources", SOURCES)
def test_nobody_came(sources: tuple[str, ...]) -> None:
    call = recording("nobody_came").call(*sources)
    assert (call.outcome, call.reason, call.sip_status) == ("no_agent", "no_agent", 486)
    assert call.answered_at is None


@pytest.mark.parametrize(
    ("name", "reason", "status"),
    [
        ("unknown_number", "unknown_number", None),
        ("wrong_password", "wrong_password", 401),
        ("no_password", "no_password", 407),
        ("conflict", "number_conflict", 503),
        ("no_codec", "no_codec", 400),
        ("wrong_pin", "wrong_pin", None),
    ],
)
def test_a_refused_call_says_why(name: str, reason: str, status: int | None) -> None:
    call = recording(name).call()
    assert (call.state, call.outcome, call.reason) == ("ended", "rejected", reason)
    assert (call.sip_status, call.answered_at) == (status, None)
    assert call.from_number == "79161230001"


@pytest.mark.parametrize("name", ["unknown_number", "wrong_password", "no_password", "conflict"])
def test_webhooks_know_nothing_of_a_refused_call(name: str) -> None:
    assert recording(name).calls("webhook", "poll") == []


def test_a_refused_call_is_over_only_after_silence() -> None:
    record = recording("unknown_number")
    facts = record.facts()
    last = max(fact.at for fact in facts)
    early = fold(facts, last + timedelta(seconds=4))
    assert early.calls[0].state == "ringing" and not early.calls[0].is_placed
    assert early.look_again_at == last + timedelta(seconds=5)
    late = fold(facts, last + timedelta(seconds=5))
    assert late.calls[0].state == "ended" and late.look_again_at is None


def test_sound_that_stops_ends_the_call_with_its_reason() -> None:
    record = recording("media_timeout")
    call = record.call()
    assert (call.outcome, call.reason, call.detail) == (
        "answered",
        "media_timeout",
        "media-timeout",
    )
    assert near(call.ended_at, record.moment("cut off"))


def test_an_answer_that_never_arrived_says_so() -> None:
    assert recording("no_ack").call().reason == "no_ack"


@pytest.mark.parametrize("sources", SOURCES)
def test_two_callers_of_one_shared_room_are_two_calls(sources: tuple[str, ...]) -> None:
    record = recording("shared_room")
    first, second = record.calls(*sources)
    assert (first.from_number, second.from_number) == ("79161230001", "79161230002")
    assert first.outcome == second.outcome == "answered"
    assert near(first.ended_at, record.moment("first hung up"), SECOND)
    assert near(second.ended_at, record.moment("second hung up"), SECOND)
    assert near(second.answered_at, record.moment("79161230002 answered"))


def test_a_second_call_from_the_same_number_throws_the_first_out() -> None:
    first, second = recording("same_caller_twice").calls()
    assert (first.reason, second.reason) == ("thrown_out", "hung_up_by_caller")


def test_a_room_that_is_gone_ends_a_call_whose_webhooks_were_lost() -> None:
    record = recording("good_call")
    seen = record.facts("poll")
    gone_at = max(fact.at for fact in seen) + timedelta(seconds=15)
    gone = fact_of(intake.of_absence("room_gone", seen[0].room_sid, gone_at))
    (call,) = fold([*seen, gone], gone_at).calls
    assert (call.state, call.outcome, call.reason) == ("ended", "answered", "hung_up")
    assert call.ended_at == gone_at


def test_the_recordings_hold_no_room_secrets() -> None:
    for name in NAMES:
        for record in recording(name).raw("webhook"):
            assert "turnPassword" not in record["body"]
