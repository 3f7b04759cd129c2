"""Each job finds what it looks for, and finds nothing where nothing is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.utils import timezone

from monitoring.upkeep import backup, monthly
from monitoring.upkeep.job import Outcome
from monitoring.upkeep.jobs import JOBS
from recordings.models import Recording, Storage
from recordings.stores import store_of
from telephony import intake
from telephony.folding import drain
from telephony.models import Call, Trunk
from tests.journal.witnesses import recording
from veyra.models import User

pytestmark = pytest.mark.django_db


def run(name: str) -> Outcome:
    return JOBS[name].run(timezone.now())


@pytest.mark.parametrize("name", [name for name in JOBS if name not in ("backup", "proof")])
def test_every_job_is_done_where_there_is_nothing_yet(name: str) -> None:
    outcome = run(name)
    assert str(outcome.sentence)
    assert "%" not in str(outcome.sentence)


def test_logins_that_ran_out_go() -> None:
    past, soon = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    for key, until in (("a", past), ("b", soon)):
        Session.objects.create(session_key=key, session_data="", expire_date=until)
    assert run("sessions").sentence.values == {"gone": 1, "left": 1}


def test_a_recording_that_was_changed_is_found() -> None:
    storage = Storage.objects.current()
    row = Recording.objects.create(state="ready", storage=storage, file="recordings/x.ogg", size=3)
    store_of(storage).write(row.file, [b"abc"])
    for sum_, ok in (("0" * 64, False), (backup.sum_of([b"abc"]), True)):
        Recording.objects.update(sha256=sum_)
        assert run("recordings").ok is ok
    store_of(storage).delete(row.file)
    assert not run("recordings").ok


def test_an_open_connection_and_a_plain_address_are_weak(settings: LazySettings) -> None:
    settings.PUBLIC_URL, settings.LIVEKIT_PUBLIC_URL = "https://v.example", "wss://l.example"
    settings.DEBUG = False
    assert run("security").ok
    Trunk.objects.create(name="Open")
    settings.PUBLIC_URL = "http://v.example"
    outcome = run("security")
    assert not outcome.ok and outcome.sentence.values == {"count": 2}


def test_an_account_that_nobody_uses_is_named() -> None:
    user = User.objects.create_user("nina")
    assert run("access").ok
    User.objects.filter(pk=user.pk).update(last_login=timezone.now() - timedelta(days=91))
    outcome = run("access")
    assert not outcome.ok and outcome.sentence.values["names"] == "nina"


def test_a_key_older_than_a_year_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    assert JOBS["keys"].run(now).ok
    assert not JOBS["keys"].run(now + timedelta(days=366)).ok


def test_a_disk_that_fills_is_foretold() -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    falls = [(day + timedelta(days=n), 50.0 - n) for n in range(21)]
    assert monthly.days_left(falls) == 30
    assert monthly.days_left([(at, 50.0) for at, _value in falls]) is None
    assert monthly.days_left(falls[:3]) is None


def test_a_call_whose_row_was_changed_is_found() -> None:
    record = recording("good_call")
    intake.store(record.events("tap", "webhook"))
    drain()
    ended = Call.objects.get().ended_at
    assert ended
    outcome = JOBS["journal"].run(ended + timedelta(hours=2))
    assert outcome.ok and outcome.sentence.values == {"calls": 1}
    Call.objects.update(outcome="abandoned")
    outcome = JOBS["journal"].run(ended + timedelta(hours=2))
    assert not outcome.ok and outcome.sentence.values == {"wrong": 1, "calls": 1}
