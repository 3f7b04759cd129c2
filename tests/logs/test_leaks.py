"""A secret that stands in the clear is found, wherever it is, and never told."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from monitoring.callfile import CallFile
from monitoring.incidents import reading, rulebook
from monitoring.logs import leaks
from monitoring.logs.groups import group_of
from monitoring.logs.models import LogError
from monitoring.upkeep.models import JobRun
from telephony.models import Trunk

pytestmark = pytest.mark.django_db
SECRET = 'canary "of a/secret" + key'
OWN = "canary-of-the-installation"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, settings: LazySettings) -> Path:
    settings.LOGS, settings.LINE_LOGS = tmp_path / "logs", tmp_path / "line"
    settings.BACKUP_DIR, settings.OWN_SECRETS = tmp_path / "backups", [OWN]
    for folder in (settings.LOGS, settings.LINE_LOGS, settings.BACKUP_DIR, CallFile.folder()):
        folder.mkdir(parents=True)
    Trunk.objects.create(pk=7, name="Novofon", username="u", password=SECRET)
    return tmp_path


def found() -> tuple[bool, str]:
    outcome = leaks.look(timezone.now())
    told = [outcome.sentence, *outcome.details]
    whole = json.dumps([each.to_json() for each in told])
    for hidden in (SECRET, json.dumps(SECRET)[1:-1], OWN):
        assert hidden not in whole
    return outcome.ok, whole


def test_where_nothing_is_leaked_it_says_how_much_was_looked_at(folders: Path) -> None:
    (folders / "logs" / "web.log").write_text("all is well")
    ok, told = found()
    assert ok
    assert '"secrets": 2' in told


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in JSON": json.dumps,
    "in an address": lambda text: quote(text, safe=""),
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
}
PLACES = ["logs/web.log", "line/livekit-sip.log.2", "backups/manifest.json"]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_a_leak_in_a_file_is_found_and_named(
    folders: Path, place: str, form: Callable[[str], str]
) -> None:
    (folders / place).write_text(f"before {form(SECRET)} after")
    ok, told = found()
    assert not ok
    assert place in told
    assert "telephony.Trunk 7: password" in told


def test_a_leak_in_a_packed_file_is_found(folders: Path) -> None:
    with zipfile.ZipFile(CallFile.folder() / "calls.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", "x" * 1000 + OWN)
    ok, told = found()
    assert not ok
    assert "settings 1" in told


def test_a_leak_in_a_row_is_found() -> None:
    LogError.objects.add(group_of(f"broke {OWN}", {}, timezone.now().timestamp()))
    assert not found()[0]


def test_a_leak_in_the_arguments_of_work_is_found() -> None:
    PeriodicTask.objects.create(
        name="x", task="x", crontab=CrontabSchedule.objects.create(), kwargs=json.dumps({"p": OWN})
    )
    assert not found()[0]


def test_a_file_that_cannot_be_read_is_told_and_stops_nothing(folders: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "text" * 100)
    torn = bytearray(whole.getvalue())
    torn[31:60] = b"\xff" * 29
    (folders / "backups" / "torn.zip").write_bytes(torn)
    (folders / "logs" / "web.log").write_text(OWN)
    ok, told = found()
    assert not ok
    assert "web.log" in told


def test_what_is_too_short_to_be_looked_for_is_counted(folders: Path) -> None:
    Trunk.objects.filter(pk=7).update(password="short")
    (folders / "logs" / "web.log").write_text("a short day")
    ok, told = found()
    assert ok
    assert '"count": 1' in told


def test_what_stands_across_two_pieces_is_in_one_of_them() -> None:
    text = b"." * 95 + OWN.encode() + b"." * 95
    assert any(OWN.encode() in each for each in leaks.pieces(io.BytesIO(text), 100, 40))


def test_a_leak_is_an_incident_until_a_look_finds_none() -> None:
    now = timezone.now()
    told = {"msgid": leaks.FOUND, "values": {"secret": "x", "place": "logs/web.log"}}
    times = {"at": now, "started_at": now}
    JobRun.objects.create(name=leaks.NAME, **times, finished_at=now, ok=False, details=[told])
    causes = {each.cause for each in rulebook.look(reading.read(now), {}).sightings}
    assert "secret_leaked" in causes
    later = now + timedelta(hours=1)
    JobRun.objects.create(name=leaks.NAME, at=later, started_at=later, finished_at=later, ok=True)
    causes = {each.cause for each in rulebook.look(reading.read(now), {}).sightings}
    assert "secret_leaked" not in causes
