"""What the checks say to staff, and what only to an engineer."""

import re
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.utils import translation

from monitoring.health import running
from monitoring.health.base import Status
from monitoring.health.every import CHECKS
from monitoring.health.reading import Finding
from monitoring.health.words import LOOK_SOON, in_one_sentence, of_check
from veyra.sentences import Sentence

ENGINEERS = re.compile(
    r"SIP|INVITE|\broom|egress|trunk|runagent|\btap|Celery|Redis|LiveKit|_URL", re.I
)
OWN = Sentence("runagent")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize("status", [Status.OK, Status.FAILED, Status.OFF])
@pytest.mark.parametrize("name", [check.name for check in CHECKS if check.name != "versions"])
def test_a_check_speaks_to_staff_in_their_words(name: str, status: str) -> None:
    places = Sentence("Assistants can take %(places)s calls at once.", {"places": 3})
    said = of_check(Finding(name, status, places if (name, status) == ("worker", "ok") else OWN))
    assert said and (status == Status.OFF or not ENGINEERS.search(said))


@pytest.mark.parametrize("name", sorted(LOOK_SOON))
def test_a_warning_speaks_to_staff_in_their_words(name: str) -> None:
    assert not ENGINEERS.search(of_check(Finding(name, Status.WARNING, OWN)))


@pytest.mark.parametrize(
    "name", ["worker", "tap", "registrar", "schedule", "watchdog", "standby", "recorder"]
)
def test_what_is_starting_is_told_in_their_words_too(name: str) -> None:
    said = of_check(Finding(name, Status.STARTING, OWN))
    assert said and not ENGINEERS.search(said)


def test_the_simulator_is_not_taken_for_livekit(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = True
    own = Sentence("The simulator answers in LiveKit's place.")
    assert of_check(Finding("livekit", Status.OK, own)) == str(own)


def test_what_nobody_knows_is_not_told_as_a_trouble_of_the_line() -> None:
    unknown = Finding("gateway", Status.FAILED, Sentence(running.NO_END))
    assert of_check(unknown) == "Call entrance: not known."


def test_the_line_is_told_in_one_sentence_the_worst_first() -> None:
    fine = Finding("livekit", Status.OK, OWN)
    soon = Finding("disk", Status.WARNING, OWN)
    dead = Finding("gateway", Status.FAILED, OWN)
    lost = Finding("worker", Status.FAILED, OWN)
    assert in_one_sentence([fine, soon]) == "The line is well: callers are answered."
    assert in_one_sentence([soon, dead]).endswith("No telephone call gets in.")
    assert in_one_sentence([fine, dead, lost]).endswith("gets in. And 1 more.")
    assert "starting" in in_one_sentence([Finding("tap", Status.STARTING, OWN), soon])


def test_a_sentence_within_a_sentence_is_read_in_the_readers_language() -> None:
    inner = Sentence("Well")
    outer = Sentence.from_json(Sentence("%(why)s!", {"why": inner.to_json()}).to_json())
    assert str(outer) == "Well!"
    with translation.override("ru"):
        assert str(outer) == f"{inner}!" != "Well!"
