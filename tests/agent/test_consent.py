"""The caller's consent: one key, asked once, and no other word for a yes."""

import json
from pathlib import Path

import pytest

from agentworker.consent import Consent
from agentworker.script import MenuItem, Script, answer_key, consent_key, greet
from agentworker.spool import JobFacts, Leg, Spool

HOURS = MenuItem("1", "From nine to six.", "opening hours")
SCRIPT = Script("key", 1, "en", "Hello!", menu=(HOURS,), recording="agreed")
FULL = Script("key", 1, "en", "Hello!", menu=tuple(MenuItem(key, "Yes") for key in "0123456789"))
CALLER = Leg("SCL_1", "PA_1")
QUESTION = "We would like to record this call. If you agree to the recording, press 9."


class Tape:
    """Where the recorder would be; `breaks`: its room cannot be entered."""

    def __init__(self, breaks: bool = False) -> None:
        self.done: list[str] = []
        self.breaks = breaks

    async def start(self) -> None:
        self.done.append("start")
        if self.breaks:
            raise OSError("the room cannot be entered")

    async def end(self) -> None:
        self.done.append("end")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, JobFacts("AJ_1", "room", "RM_1"))


def told(spool: Spool) -> list[str]:
    return [json.loads(line)["kind"] for line in spool.path.read_text().splitlines()]


def test_the_question_stands_between_the_greeting_and_the_menu() -> None:
    said = greet(SCRIPT, hears_words=False, question=QUESTION)
    assert said == f"Hello! {QUESTION} Opening hours: press 1."


def test_the_menu_is_repeated_with_the_question() -> None:
    assert QUESTION in answer_key(SCRIPT, "*", QUESTION).text


@pytest.mark.parametrize(("taken", "key"), [("", "9"), ("19", "8"), ("123456789", "0")])
def test_consent_has_a_key_that_means_nothing_else(taken: str, key: str) -> None:
    menu = tuple(MenuItem(each, "Yes") for each in taken)
    assert consent_key(Script("key", 1, "ru", "Алло", menu=menu)) == key


def test_where_the_menu_leaves_no_key_nobody_is_asked(spool: Spool) -> None:
    consent = Consent(FULL, spool, Tape())
    assert (consent.question(), consent.is_yes("9"), told(spool)) == ("", False, [])


def test_staff_ask_in_their_own_words(spool: Spool) -> None:
    own = Script("key", 1, "ru", "Алло", consent="Для обучения мы записываем разговоры.")
    said = Consent(own, spool, Tape()).question()
    assert said == ("Для обучения мы записываем разговоры. Если вы согласны на запись, нажмите 9.")


def test_a_key_before_the_question_is_no_consent(spool: Spool) -> None:
    consent = Consent(SCRIPT, spool, Tape())
    assert not consent.is_yes("9")
    consent.question()
    assert consent.is_yes("9") and not consent.is_yes("1")


async def test_who_agrees_is_recorded_once_and_not_asked_again(spool: Spool) -> None:
    tape = Tape()
    consent = Consent(SCRIPT, spool, tape)
    assert consent.question() == consent.question() == QUESTION
    await consent.agree(CALLER)
    await consent.agree(CALLER)
    assert (tape.done, consent.question()) == (["start"], "")
    assert told(spool) == ["recording_asked", "recording_agreed"]


async def test_a_recorder_that_fails_stops_no_conversation(spool: Spool) -> None:
    consent = Consent(SCRIPT, spool, Tape(breaks=True))
    consent.question()
    await consent.agree(CALLER)
    assert told(spool) == ["recording_asked", "recording_agreed"]


async def test_who_was_not_asked_is_not_recorded(spool: Spool) -> None:
    tape = Tape()
    consent = Consent(SCRIPT, spool, tape)
    consent.question()
    await consent.agree(CALLER)
    await consent.others_came()
    await consent.others_came()
    assert tape.done == ["start", "end"]
    assert told(spool) == ["recording_asked", "recording_agreed", "recording_refused"]
    assert not consent.is_yes("9") and consent.question() == ""


async def test_a_key_in_the_moment_when_somebody_came_is_no_consent(spool: Spool) -> None:
    tape = Tape()
    consent = Consent(SCRIPT, spool, tape)
    consent.question()
    await consent.others_came()
    await consent.agree(CALLER)
    assert (tape.done, told(spool)) == ([], ["recording_asked"])
