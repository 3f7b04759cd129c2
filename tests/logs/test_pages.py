"""The page of errors, the signalling of a call, and the support bundle."""

import json
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitoring import roles
from monitoring.logs import bundle
from monitoring.logs.groups import group_of
from monitoring.logs.models import LogError, SupportBundle
from telephony.models import Call, Leg
from veyra.models import User

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
CANARY = "canary-of-a-secret-key"


@pytest.fixture
def enter() -> Enter:
    def log_in(role: str = "Engineer") -> Client:
        roles.make()
        user = User.objects.create_user(
            role.lower(), is_staff=True, language="en", set_up_at=timezone.now()
        )
        user.groups.set(Group.objects.filter(name=role))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def logs(tmp_path: Path, settings: LazySettings) -> Path:
    settings.LOGS = settings.LINE_LOGS = tmp_path / "logs"
    settings.OWN_SECRETS = [CANARY]
    settings.LOGS.mkdir()
    return tmp_path / "logs"


def fault(words: str = "calls are not folded", **line: object) -> LogError:
    told = {"logger": "telephony.fold", "level": "error", "program": "worker", "host": "a", **line}
    LogError.objects.add(group_of(words, told, timezone.now().timestamp()))
    return LogError.objects.get(words=words)


def test_errors_stand_on_the_page_with_their_count_and_place(enter: Enter) -> None:
    trace = 'Traceback\n  File "/x/telephony/journal.py", line 7, in f\nValueError: no'
    fault(exception=trace)
    fault(exception=trace)
    page = enter().get(reverse("log-errors")).content.decode()
    assert "2×" in page
    assert "ValueError in telephony/journal.py:7" in page


def test_what_is_put_aside_leaves_the_page_until_it_comes_again(enter: Enter) -> None:
    row, client = fault(), enter()
    client.post(reverse("log-error-settle", args=[row.pk]))
    assert row.words not in client.get(reverse("log-errors")).content.decode()
    assert row.words in client.get(reverse("log-errors") + "?settled=1").content.decode()
    fault()
    assert row.words in client.get(reverse("log-errors")).content.decode()


@pytest.mark.parametrize("role", ["Operator", "Manager", "Supervisor", "Viewer"])
def test_only_who_looks_after_the_line_sees_errors(enter: Enter, role: str) -> None:
    client = enter(role)
    assert client.get(reverse("log-errors")).status_code == 403
    assert client.post(reverse("support-ask"), {"ticket": uuid.uuid4()}).status_code == 403


def test_an_auditor_reads_errors_and_puts_none_aside(enter: Enter) -> None:
    row, client = fault(), enter("Auditor")
    assert row.words in client.get(reverse("log-errors")).content.decode()
    assert client.post(reverse("log-error-settle", args=[row.pk])).status_code == 403


@pytest.fixture
def call() -> Call:
    found = Call.objects.create(
        state="ended",
        started_at=timezone.now(),
        ended_at=timezone.now(),
        from_number="+79160000001",
    )
    Leg.objects.create(call=found, role="caller", sip_call_id="SCL_mine")
    return found


def test_a_calls_page_has_its_signalling_and_hides_the_pin(
    enter: Enter, call: Call, logs: Path
) -> None:
    told = {"ts": timezone.now().timestamp(), "level": "info", "callID": "SCL_mine"}
    lines = [
        told | {"msg": "processing invite", "toUser": "+74991124148", "fromIP": "1.2.3.4"},
        told | {"msg": "Checking Pin for SIP call", "pin": "48151", "more": CANARY},
    ]
    (logs / "livekit-sip.log").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    page = enter().get(reverse("call-wire", args=[call.pk])).content.decode()
    assert "+7 499 112-41-48" in page
    assert "Checking Pin" in page
    assert "48151" not in page
    assert CANARY not in page


def test_where_no_logs_are_the_page_says_where_they_should_be(
    enter: Enter, call: Call, logs: Path
) -> None:
    page = enter().get(reverse("call-wire", args=[call.pk])).content.decode()
    assert str(logs) in page


def test_a_call_that_was_turned_away_says_why(enter: Enter, call: Call, logs: Path) -> None:
    Call.objects.update(outcome="rejected", reason="wrong_pin", from_number="+79160000001")
    told = {"ts": timezone.now().timestamp(), "level": "info", "callID": "SCL_mine"}
    (logs / "livekit-sip.log").write_text(json.dumps(told | {"msg": "processing invite"}))
    client = enter()
    page = client.get(reverse("call-wire", args=[call.pk])).content.decode()
    assert "PIN" in page


@pytest.mark.parametrize("role", ["Operator", "Manager", "Supervisor", "Viewer"])
def test_signalling_is_for_engineers(enter: Enter, call: Call, role: str) -> None:
    client = enter(role)
    assert client.get(reverse("call-wire", args=[call.pk])).status_code == 403
    assert (
        reverse("call-wire", args=[call.pk])
        not in client.get(reverse("call", args=[call.pk])).content.decode()
    )


def test_the_bundle_has_the_last_hour_and_neither_numbers_nor_secrets(
    enter: Enter, logs: Path, call: Call
) -> None:
    now = timezone.now()
    old, new = now - timedelta(hours=3), now - timedelta(minutes=3)
    lines = [
        {"at": old.isoformat(), "event": "too old"},
        {"at": new.isoformat(), "event": f"new {CANARY} +7 499 112-41-48", "pin": "48151"},
    ]
    (logs / "livekit_system.log").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    (logs / "web.log").write_text(f"Traceback\n  {CANARY}\n")
    fault(f"broke with {CANARY}", exception=f"{CANARY} 74991124148")
    client, ticket = enter(), uuid.uuid4()
    for _twice in range(2):
        client.post(reverse("support-ask"), {"ticket": ticket})
    assert bundle.run_next()
    assert not bundle.run_next()
    row = SupportBundle.objects.get()
    assert row.state == "done"
    answer = client.get(reverse("support-take", args=[row.pk]))
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(row.path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    whole = "\n".join(files.values())
    for hidden in (CANARY, "112-41-48", "4991124148", "48151", "+79160000001", "too old"):
        assert hidden not in whole
    assert "new [secret] [number]" in files["logs/livekit_system.log"]
    assert json.loads(files["versions.json"])["packages"]["Django"]
    assert {"settings.json", "health.json", "errors.json", "incidents.json"} < set(files)


def test_of_a_log_without_times_only_its_end_is_taken(logs: Path) -> None:
    file = logs / "kamailio.log"
    file.write_text("early\n" + "x" * bundle.UNTIMED_BYTES + "\nlate\n")
    now = timezone.now()
    assert list(bundle.last_lines(file, now - timedelta(hours=1))) == ["late"]
    assert list(bundle.last_lines(file, now + timedelta(hours=1))) == []


def test_nobody_takes_the_bundle_of_another_one(enter: Enter) -> None:
    enter().post(reverse("support-ask"), {"ticket": uuid.uuid4()})
    bundle.run_next()
    row = SupportBundle.objects.get()
    assert enter("Owner").get(reverse("support-take", args=[row.pk])).status_code == 404


def test_who_lost_the_right_gets_no_bundle(enter: Enter) -> None:
    enter().post(reverse("support-ask"), {"ticket": uuid.uuid4()})
    User.objects.get().groups.clear()
    bundle.run_next()
    row = SupportBundle.objects.get()
    assert (row.state, row.why.msgid) == ("failed", bundle.NO_RIGHT)
