"""What LiveKit's program is to record, when it relieves others, and when they are back."""

import uuid
from datetime import UTC, datetime, timedelta

from agentworker.recording import RecordingPolicy as Policy
from recordings.deciding import Fact, Story, Verdict, Wanted, decide
from recordings.models import Recording
from recordings.recorder import relieved
from recordings.talks import Talk, are_apart, end_of, talks
from telephony.models import CallEvent
from veyra.livekit.types import Participant

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return T + timedelta(seconds=second)


def told(*facts: tuple[str, float, str], policy: Policy = Policy.PRESSED) -> Verdict:
    found = tuple(Fact(at(second), kind, by) for kind, second, by in facts)
    return decide(Story(policy=policy, answered_at=T, facts=found))


START, BEGAN = ("record_start", 1.0, ""), ("recording_started", 4.0, "egress")
PAUSE, GO_ON = ("record_pause", 9.0, ""), ("record_resume", 20.0, "")


def test_an_assistant_that_livekits_program_relieves_is_told_to_stop() -> None:
    job = ("recording_started", 2.0, "AJ_1")
    found = told(("recording_agreed", 1.0, "AJ_1"), job, BEGAN, policy=Policy.AGREED)
    assert (found.order, found.doing, found.lacks_recorder) == ("stop", Wanted.ON, False)


def test_what_livekits_program_has_paused_is_gone_on_with_by_somebody_else() -> None:
    paused = ("recording_paused", 9.5, "egress")
    assert told(START, BEGAN, PAUSE, paused).doing == Wanted.PAUSED
    found = told(START, BEGAN, PAUSE, paused, GO_ON)
    assert (found.wanted, found.lacks_recorder) == (Wanted.ON, True)
    assert told(START, BEGAN, PAUSE, paused, ("record_stop", 30.0, "")).doing == Wanted.OFF


def test_what_livekits_program_breaks_off_lacks_a_recorder() -> None:
    assert told(START, BEGAN, ("recording_stopped", 9.0, "egress")).lacks_recorder


def test_our_recorder_leaves_when_livekits_program_has_begun_after_it() -> None:
    part = f"egress:{uuid.uuid4()}"
    began = CallEvent(event_id=f"{part}:began", kind="recording_started", at=at(4), room_sid="RM_1")
    ended = CallEvent(event_id=f"{part}:ended", kind="recording_stopped", at=at(9), room_sid="RM_1")
    assert relieved([began], {"RM_1": at(1)}) == {"RM_1"}
    assert relieved([began, ended], {"RM_1": at(1)}) == set()
    assert relieved([began], {"RM_1": at(5)}) == set()


def a_talk(*verdicts: Verdict) -> Talk:
    rows = [(Recording(room_sid="RM_1"), verdict) for verdict in verdicts]
    return talks(rows)["RM_1"]


def test_what_was_begun_ends_with_the_wish_for_it_however_late_that_is_seen() -> None:
    assert end_of(a_talk(told(START)), at(2)) is None
    assert end_of(a_talk(told(START, PAUSE)), at(2)) == at(9)
    assert end_of(a_talk(told(START, PAUSE, GO_ON)), at(2)) == at(9)
    assert end_of(a_talk(told(START, PAUSE, GO_ON)), at(21)) is None
    assert end_of(a_talk(told(START, PAUSE)), at(10)) == at(10)
    assert end_of(None, at(2)) == at(2)


def test_a_room_of_two_calls_is_recorded_while_one_of_them_is_to_be() -> None:
    both = a_talk(told(START, PAUSE), told(START))
    assert (end_of(both, at(2)), both.wanted) == (None, Wanted.ON)


def test_a_room_in_which_a_job_records_its_whole_call_is_left_to_it() -> None:
    assert a_talk(told(START)).may and not a_talk(told(START), told(policy=Policy.ALWAYS)).may


def test_voices_of_ours_that_livekit_would_lay_over_the_callers_are_not_left_to_it() -> None:
    caller = Participant(sid="PA_1", identity="sip_1", kind="sip", has_sound=True)
    agent = Participant(
        sid="PA_3", identity="a", kind="agent", has_sound=True, attributes={"veyra.role": "x"}
    )
    role = {"veyra.role": "colleague"}
    colleague = Participant(
        sid="PA_2", identity="c", kind="standard", has_sound=True, attributes=role
    )
    assert are_apart([caller, agent]) and not are_apart([caller, colleague])
