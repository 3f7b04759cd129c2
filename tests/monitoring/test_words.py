"""What the checks say to staff, and what only to an engineer."""

import re

import pytest
from django.conf import LazySettings

from monitoring.health.base import Status
from monitoring.health.every import CHECKS
from monitoring.health.reading import Finding
from monitoring.words import of_check
from veyra.sentences import Sentence

ENGINEERS = re.compile(r"SIP|INVITE|room|egress|trunk|runagent|tap|Celery|Redis|LiveKit|_URL", re.I)


@pytest.mark.parametrize("status", [Status.OK, Status.FAILED])
@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_check_speaks_to_staff_in_their_words(name: str, status: str) -> None:
    places = Sentence("Assistants can take %(places)s calls at once.", {"places": 3})
    own = places if (name, status) == ("worker", Status.OK) else Sentence("runagent")
    said = of_check(Finding(name, status, own))
    assert said and not ENGINEERS.search(said)


@pytest.mark.parametrize(
    "name", ["worker", "tap", "registrar", "schedule", "watchdog", "standby", "recorder"]
)
def test_what_is_starting_is_told_in_their_words_too(name: str) -> None:
    said = of_check(Finding(name, Status.STARTING, Sentence("runagent")))
    assert said and not ENGINEERS.search(said)


def test_the_simulator_is_not_taken_for_livekit(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = True
    own = Sentence("The simulator answers in LiveKit's place.")
    assert of_check(Finding("livekit", Status.OK, own)) == str(own)
