"""When the line is called by our own telephone, which number, and what is said of it."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker.models import Agent, Session, Turn, Worker
from agentworker.services import Words, save_words
from monitoring import synthetic
from monitoring.models import RecoveryAction
from monitoring.recovery.services import carry_out, wait_for_ends
from monitoring.synthetic import Rounds, Seen, due, judge
from recordings.models import Recording
from telephony import testcalls
from telephony.models import (
    Call,
    Colleague,
    DispatchRule,
    Leg,
    PhoneNumber,
    PublishedObject,
    TestCall,
    Trunk,
)
from telephony.sip_caller import Ear, Result

NIGHT = datetime(2026, 3, 2, 2, 31, tzinfo=ZoneInfo("Europe/Moscow"))
DAY = NIGHT.replace(hour=12)
SAME = Rounds(night=NIGHT, any=NIGHT, line="a")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("now", "rounds", "line", "is_settled", "why"),
    [
        (NIGHT, Rounds(NIGHT - timedelta(days=1), DAY, "a"), "a", True, "nightly"),
        (NIGHT + MINUTE, SAME, "a", True, None),
        (NIGHT - 2 * MINUTE, Rounds(line="a"), "a", True, None),
        (NIGHT.replace(hour=5), Rounds(line="a"), "a", True, None),
        (DAY, SAME, "a", True, None),
        (DAY, SAME, "b", True, "change"),
        (DAY, SAME, "b", False, None),
        (DAY, Rounds(NIGHT, DAY - 9 * MINUTE, "a"), "b", True, None),
        (DAY, Rounds(NIGHT, DAY - 10 * MINUTE, "a"), "b", True, "change"),
        (DAY, Rounds(), "a", True, "change"),
    ],
)
def test_a_round_is_due_by_night_and_after_changes(
    now: datetime, rounds: Rounds, line: str, is_settled: bool, why: str | None
) -> None:
    assert due(now, rounds, line, is_settled=is_settled) == why


WELL = Seen(is_known=True, is_over=True, heard=True, recorded=None)
SAID = {"answer": 0.41, "greeting": 0.9, "said": 12.0}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Seen(False, False, False, None), "does not know this call"),
        (Seen(True, True, False, None), "did not hear our words"),
        (Seen(True, True, True, False), "no recording"),
        (Seen(True, False, True, None), "as going on"),
    ],
)
def test_what_is_missing_is_waited_for_and_told_then(seen: Seen, words: str) -> None:
    assert judge(SAID, seen, is_late=False) is None
    verdict = judge(SAID, seen, is_late=True)
    assert verdict and not verdict[0] and words in str(verdict[1])


def test_a_call_that_had_all_is_well() -> None:
    assert judge(SAID, WELL, is_late=False) == judge(SAID, WELL, is_late=True)
    recorded = judge(SAID, Seen(True, True, True, True), is_late=False)
    assert recorded and recorded[0] and "was recorded" in str(recorded[1])


@pytest.mark.parametrize("is_late", [False, True])
def test_an_apology_is_no_greeting(is_late: bool) -> None:
    verdict = judge(SAID, replace(WELL, is_lost=True), is_late=is_late)
    assert verdict and not verdict[0] and "no assistant talked" in verdict[1].msgid


def test_who_was_hung_up_on_before_he_spoke_needs_not_be_heard() -> None:
    verdict = judge(SAID | {"said": None}, Seen(True, True, False, None), is_late=False)
    assert verdict and verdict[0]


@pytest.mark.parametrize(("voice", "is_over"), [(2.0, False), (6.0, True)])
def test_our_telephone_waits_for_an_answer_to_its_own_words(voice: float, is_over: bool) -> None:
    ear = Ear(time.monotonic() - 10, Result(said=5.0), last_voice=voice)
    assert ear.said_its_piece() is is_over


@pytest.fixture
def line(db: None, settings: LazySettings) -> PhoneNumber:
    settings.SIP_TEST_TO, settings.LIVEKIT_SIMULATED = "127.0.0.1:9", False
    agent = Agent.objects.create(name="Anna")
    save_words(agent, Words("en", "Hello!", [], []), None)
    trunk = Trunk.objects.create(name="Office", addresses="192.0.2.1")
    rule = DispatchRule.objects.create(name="Sales", agent=agent)
    rule.trunks.add(trunk)
    now = timezone.now()
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    Worker.objects.create(name="w", host="h", pid=1, **wanted)
    PhoneNumber.objects.create(number="+74991124149", trunk=trunk)
    return PhoneNumber.objects.create(number="+74991124148", trunk=trunk)


def test_one_number_of_each_rule_is_called(line: PhoneNumber) -> None:
    assert [each.number for each in synthetic.numbers()] == ["+74991124149"]


@pytest.mark.parametrize("change", ["pin", "callers", "people", "words", "switched off"])
def test_nobody_is_disturbed_and_nothing_is_called_in_vain(line: PhoneNumber, change: str) -> None:
    rules = DispatchRule.objects.all()
    if change == "pin":
        rules.update(pin="1234")
    elif change == "callers":
        rules.update(callers="+79160000001")
    elif change == "people":
        rules.update(first_colleague=Colleague.objects.create(name="Ivan", phone="+79160000002"))
    elif change == "words":
        Agent.objects.update(is_published=False)
    else:
        PhoneNumber.objects.update(is_active=False)
    assert synthetic.numbers() == []


def test_a_change_is_tried_once(line: PhoneNumber) -> None:
    assert [row.why for row in synthetic.ask_due(DAY)] == ["change"]
    assert synthetic.ask_due(DAY + MINUTE) == []
    TestCall.objects.update(asked_at=DAY - timedelta(hours=1))
    assert synthetic.ask_due(DAY) == []
    save_words(Agent.objects.get(), Words("en", "Good day!", [], []), None)
    assert [row.why for row in synthetic.ask_due(DAY)] == ["change"]


def test_no_place_of_a_caller_is_taken(line: PhoneNumber) -> None:
    Worker.objects.update(capacity=1)
    assert synthetic.ask_due(DAY) == []


def test_what_is_not_live_yet_is_not_tried(line: PhoneNumber) -> None:
    PublishedObject.objects.create(kind="number", key="k", source=line.key, state="waiting")
    assert synthetic.ask_due(DAY) == []


def test_the_simulator_is_not_called(line: PhoneNumber, settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = True
    assert synthetic.ask_due(NIGHT) == []


def placed(number: PhoneNumber, **values: Any) -> TestCall:
    wanted = {"why": "nightly", "state": "done", "measured": SAID}
    return TestCall.objects.create(number=number, **wanted | values)


def called(row: TestCall) -> Call:
    user = testcalls.USER_PREFIX + row.pk.hex[:8]
    now = timezone.now()
    call = Call.objects.create(
        state="ended", from_number=user, started_at=now, ended_at=now, is_test=True
    )
    Leg.objects.create(call=call, role="caller", sip_call_id="SCL_1")
    session = Session.objects.create(job_id="J", sip_call_id="SCL_1", started_at=now)
    Turn.objects.create(session=session, turn_id="t", speaker="caller", at=now, seconds=2.0)
    return call


def test_a_recording_that_is_not_in_the_list_yet_is_waited_for(line: PhoneNumber) -> None:
    called(placed(line))
    synthetic.judge_all(timezone.now() + timedelta(seconds=30))
    assert TestCall.objects.get().judged_at is None
    synthetic.judge_all(timezone.now() + timedelta(seconds=50))
    assert TestCall.objects.get().measured["recorded"] is None


def test_a_call_is_judged_by_what_was_written_down(line: PhoneNumber) -> None:
    row = placed(line)
    call = called(row)
    recording = Recording.objects.create(call=call, state="saving")
    synthetic.judge_all(timezone.now())
    assert TestCall.objects.get().judged_at is None
    Recording.objects.filter(pk=recording.pk).update(state="ready")
    synthetic.judge_all(timezone.now())
    row.refresh_from_db()
    assert row.state == "done" and row.judged_at is not None
    assert (row.measured["heard"], row.measured["recorded"]) == (True, True)


def test_a_call_that_nobody_knows_fails_after_a_while(line: PhoneNumber) -> None:
    row = placed(line)
    synthetic.judge_all(row.asked_at + synthetic.PATIENCE + MINUTE)
    assert TestCall.objects.get().state == "failed"


def test_one_that_fails_is_repeated_and_only_two_of_them_say_that_the_line_is_ill(
    line: PhoneNumber,
) -> None:
    now = timezone.now()
    placed(line, state="failed", judged_at=now)
    synthetic.work(now)
    assert synthetic.failing(now) == []
    again = TestCall.objects.get(state="waiting", line="")
    assert again.why == "nightly"
    TestCall.objects.filter(pk=again.pk).update(state="failed", judged_at=now)
    assert synthetic.failing(now) == [line.number]
    synthetic.repeat_failed(now)
    assert not TestCall.objects.filter(state="waiting", line="").exists()
    placed(line, judged_at=now)
    assert synthetic.failing(now) == []


def test_calls_that_somebody_listens_to_are_not_judged(line: PhoneNumber) -> None:
    row = placed(line, why="hand")
    synthetic.judge_all(row.asked_at + synthetic.PATIENCE + MINUTE)
    assert TestCall.objects.get().state == "done" and synthetic.failing(timezone.now()) == []


def test_only_a_call_without_a_listener_says_something(
    line: PhoneNumber, settings: LazySettings
) -> None:
    by_hand, by_itself = (testcalls.steps(placed(line, why=why)) for why in ("hand", "nightly"))
    assert [each.partition(":")[0] for each in by_hand] == ["listen"]
    assert [each.partition(":")[0] for each in by_itself] == ["listen", "say", "listen"]
    assert testcalls.our_words().stat().st_size > 20_000


def test_whoever_wants_no_calls_gets_none(line: PhoneNumber, settings: LazySettings) -> None:
    settings.TEST_CALLS = False
    assert synthetic.ask_due(NIGHT) == []


@pytest.mark.parametrize("by", ["pk", "number"])
def test_the_step_tells_what_the_call_heard(line: PhoneNumber, by: str) -> None:
    row = carry_out("synthetic_call", str(getattr(line, by)))
    assert row.ok is None and line.number in str(row.says)
    test = TestCall.objects.get()
    assert (test.why, test.line) == ("asked", "")
    TestCall.objects.update(state="done")
    called(test)
    TestCall.objects.update(measured=SAID)
    synthetic.judge_all(timezone.now() + timedelta(minutes=1))
    wait_for_ends(timezone.now())
    done = RecoveryAction.objects.get()
    assert done.ok and "our words were heard" in str(done.says)


@pytest.mark.django_db
def test_without_a_number_or_an_entrance_the_step_says_so(settings: LazySettings) -> None:
    settings.SIP_TEST_TO, settings.LIVEKIT_SIMULATED = "", False
    assert "no call entrance" in str(carry_out("synthetic_call").says)
    settings.SIP_TEST_TO = "127.0.0.1:9"
    assert "no number" in str(carry_out("synthetic_call").says)
