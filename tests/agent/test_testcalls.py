""" "Call this line now": one call at a time, and a sentence for whatever came of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from telephony import testcalls
from telephony.models import PhoneNumber, TestCall, Trunk
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db

NOBODY = {"answered": None, "status": None, "reason": "not answered", "voiced_seconds": 0.0}


@pytest.fixture
def number() -> PhoneNumber:
    trunk = Trunk.objects.create(name="trunk1")
    return PhoneNumber.objects.create(number="+74991124148", trunk=trunk)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"answered": 0.41, "voiced_seconds": 6.2}, "Answered after 0.4 s, the assistant spoke"),
        ({"answered": 0.41, "voiced_seconds": 0.0}, "but nothing was heard"),
        ({"status": 486, "reason": "Busy Here"}, "refused (486 Busy Here)"),
        ({}, "Nobody answered within 30 s"),
    ],
)
def test_whatever_came_of_it_is_a_sentence(found: dict[str, Any], words: str) -> None:
    sentence = testcalls.sentence({**NOBODY, **found})
    assert words in sentence.msgid % sentence.values


def test_only_one_call_is_placed_at_a_time(number: PhoneNumber) -> None:
    first, second = testcalls.ask(number, None), testcalls.ask(number, None)
    assert testcalls.claim(first)
    assert not testcalls.claim(second)
    assert not testcalls.claim(first)
    testcalls.finish(first, TestCall.State.DONE, Sentence("x"))
    assert testcalls.claim(second)


def test_a_call_whose_worker_died_is_given_up(number: PhoneNumber) -> None:
    row = testcalls.ask(number, None)
    testcalls.claim(row)
    testcalls.give_up_lost()
    row.refresh_from_db()
    assert row.state == TestCall.State.CALLING
    TestCall.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    testcalls.give_up_lost()
    row.refresh_from_db()
    assert row.state == TestCall.State.FAILED
    assert "Call again" in row.result["msgid"]


def test_a_call_to_nothing_fails_with_a_sentence(
    number: PhoneNumber, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testcalls, "RING_SECONDS", 1)
    settings.SIP_TEST_TO = "127.0.0.1:9"
    row = testcalls.ask(number, None)
    assert testcalls.run_next()
    assert not testcalls.run_next()
    row.refresh_from_db()
    assert row.state == TestCall.State.FAILED
    assert row.result["msgid"]


def test_an_address_that_cannot_be_called_fails_with_a_sentence(
    number: PhoneNumber, settings: LazySettings
) -> None:
    settings.SIP_TEST_TO = "no-port"
    row = testcalls.ask(number, None)
    assert testcalls.run_next()
    row.refresh_from_db()
    assert "could not be placed" in row.result["msgid"]


def test_old_recordings_go_and_their_sentences_stay(
    number: PhoneNumber, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testcalls, "KEEP", 2)
    folder = Path(settings.MEDIA_ROOT) / testcalls.FOLDER
    folder.mkdir(parents=True)
    for count in range(3):
        heard = f"{testcalls.FOLDER}/{count}.wav"
        (Path(settings.MEDIA_ROOT) / heard).touch()
        row = TestCall.objects.create(number=number, heard=heard)
        TestCall.objects.filter(pk=row.pk).update(
            asked_at=timezone.now() + timedelta(minutes=count)
        )
    testcalls.prune()
    assert sorted(path.name for path in folder.iterdir()) == ["1.wav", "2.wav"]
    assert TestCall.objects.filter(heard="").count() == 1


def test_our_telephone_is_given_an_address_for_a_name_that_only_this_machine_knows() -> None:
    # It asks name servers, and these need not know what stands in the file of hosts.
    assert testcalls.by_address("localhost:5060") == "127.0.0.1:5060"
