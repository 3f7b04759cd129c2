"""A backup holds everything and no key, and is opened by nobody without one."""

import os
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from agentworker.models import Agent
from monitoring.health.checks.keeping import BackupAge
from monitoring.upkeep import archive, backup, keys, restoring, working
from monitoring.upkeep.databases import CANNOT_RESTORE, UpkeepError
from monitoring.upkeep.models import Backup
from recordings.models import Storage
from recordings.storing import StoreError
from tests.health.made import verdict_of
from tests.recordings.s3 import BUCKET, server
from veyra.models import User

pytestmark = pytest.mark.django_db
committed = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _maria() -> None:
    Agent.objects.create(name="Maria")


def made() -> Backup:
    row = backup.make(timezone.now())
    assert row.ok, row.says
    return row


def unpacked(path: Path, folder: Path, field_keys: list[str]) -> archive.Manifest:
    return archive.unpack(restoring.find(str(path), field_keys), folder)


@committed
def test_a_backup_proves_itself(settings: LazySettings) -> None:
    row = made()
    said = restoring.prove(row, timezone.now())
    row.refresh_from_db()
    assert row.proven_at and said.values["tables"] >= 90
    assert (Path(settings.BACKUP_DIR) / row.name).stat().st_mode & 0o077 == 0


@committed
def test_nothing_of_what_is_in_a_backup_can_be_read_in_it(tmp_path: Path) -> None:
    User.objects.create_user("canary-2718", password="x")  # it is none
    path = tmp_path / "backups" / made().name
    assert b"canary-2718" not in path.read_bytes()


@committed
def test_no_key_is_in_a_backup(tmp_path: Path, settings: LazySettings) -> None:
    Storage.objects.create(name="Far", secret_key="canary-3141")  # likewise
    unpacked(tmp_path / "backups" / made().name, tmp_path, settings.FIELD_KEYS)
    found = (tmp_path / archive.DATABASE).read_bytes() + (tmp_path / "manifest.json").read_bytes()
    assert b"Maria" in found
    for secret in (*settings.FIELD_KEYS, settings.SECRET_KEY, settings.LIVEKIT_API_SECRET):
        assert secret.encode() not in found
    assert b"canary-3141" not in found


@committed
def test_a_backup_is_opened_by_an_old_key_and_by_no_strange_one(
    tmp_path: Path, settings: LazySettings
) -> None:
    path, old = tmp_path / "backups" / made().name, settings.FIELD_KEYS
    new = Fernet.generate_key().decode()
    assert unpacked(path, tmp_path, [new, *old]).rows["agentworker_agent"] == 1
    with pytest.raises(UpkeepError) as told:
        unpacked(path, tmp_path, [new])
    assert told.value.sentence.msgid == archive.NO_KEY


@committed
@pytest.mark.parametrize("at", [20, -20], ids=["its beginning", "its end"])
def test_a_backup_that_was_changed_is_not_restored(
    tmp_path: Path, settings: LazySettings, at: int
) -> None:
    path = tmp_path / "backups" / made().name
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises((UpkeepError, StoreError)):
        unpacked(path, tmp_path, settings.FIELD_KEYS)


@committed
def test_a_backup_that_lacks_a_row_is_not_restored(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    real = archive.Manifest

    def one_more(*args: object, **kwargs: object) -> archive.Manifest:
        made_at, installation, kind, rows, files = args
        assert isinstance(rows, dict)
        return real(made_at, installation, kind, {**rows, "agentworker_agent": 2}, files)  # type: ignore[arg-type]  # as they came

    with monkeypatch.context() as patch:
        patch.setattr(archive, "Manifest", one_more)
        row = made()
    with pytest.raises(UpkeepError) as told:
        restoring.prove(row, timezone.now())
    assert told.value.sentence.values == {"table": "agentworker_agent", "found": 1, "rows": 2}


@committed
def test_a_backup_of_a_newer_veyra_is_not_restored() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('veyra', '0099_x', %s)",
            [timezone.now()],
        )
    row = made()
    with connection.cursor() as cursor:  # no test's end would remove it
        cursor.execute("DELETE FROM django_migrations WHERE name = '0099_x'")
    with pytest.raises(UpkeepError) as told:
        restoring.prove(row, timezone.now())
    assert told.value.sentence.values == {"migration": "veyra.0099_x"}


def test_where_nothing_can_be_written_the_row_says_so(
    settings: LazySettings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.BACKUP_DIR = tmp_path / "file"
    settings.MEDIA_ROOT = tmp_path / "file"
    row = backup.make(timezone.now())
    assert not row.ok and str(tmp_path) in str(row.says)
    assert Backup.objects.get().finished_at


@committed
def test_a_copy_that_cannot_be_stored_is_told_and_the_backup_is_there() -> None:
    Storage.objects.create(name="Far", kind="s3", endpoint="http://127.0.0.1:9", bucket="b")
    row = made()
    assert row.copy == "" and row.says.msgid == backup.ONLY_HERE


@pytest.fixture
def old(backups: Path) -> Iterator[list[Path]]:
    """A file for each of the last ten nights."""
    backups.mkdir()
    now = timezone.now()
    found = [backups / backup.name_of(now - timedelta(days=each)) for each in range(10)]
    for path in found:
        path.write_bytes(b"x")
    yield found


def test_what_is_over_goes_and_its_row_says_so(old: list[Path], settings: LazySettings) -> None:
    settings.BACKUP_KEEP = (3, 0, 0)
    backup.adopt()
    (old[0].parent / "notes.txt").write_text("of somebody else's")
    backup.keep_the_right_ones(timezone.now())
    assert [path.exists() for path in old] == [True] * 3 + [False] * 7
    assert (old[0].parent / "notes.txt").exists()
    assert Backup.objects.good().count() == 3


def test_a_key_file_holds_what_a_restore_needs_and_lies_elsewhere(
    tmp_path: Path, backups: Path, settings: LazySettings
) -> None:
    keys.write(tmp_path / "keys.txt")
    assert (tmp_path / "keys.txt").stat().st_mode & 0o077 == 0
    given = keys.read(tmp_path / "keys.txt")
    assert keys.field_keys(given) == settings.FIELD_KEYS
    assert given["SECRET_KEY"] == settings.SECRET_KEY
    for path in (tmp_path / "keys.txt", backups / "keys.txt"):
        with pytest.raises(UpkeepError):
            keys.write(path)


def test_keys_are_given_to_the_output_where_a_container_keeps_no_file(
    tmp_path: Path, settings: LazySettings
) -> None:
    said = StringIO()
    call_command("backup", "--keys", "-", stdout=said)
    (tmp_path / "keys.txt").write_text(said.getvalue())
    assert keys.field_keys(keys.read(tmp_path / "keys.txt")) == settings.FIELD_KEYS


def test_keys_of_another_installation_are_taken_over(
    tmp_path: Path, settings: LazySettings
) -> None:
    theirs = Fernet.generate_key().decode()
    ours = list(settings.FIELD_KEYS)
    keys.adopt({"FIELD_KEYS": theirs, "SECRET_KEY": "s"})
    assert [theirs, *ours] == settings.FIELD_KEYS
    text = (tmp_path / "keys.env").read_text()
    assert f"FIELD_KEYS={theirs},{ours[0]}" in text and "SECRET_KEY=s\n" in text


def test_a_new_key_is_young_and_an_old_one_behind_it_is_no_matter(settings: LazySettings) -> None:
    now = timezone.now()
    keys.note(now - timedelta(days=400))
    assert keys.ages(now)["FIELD_KEYS"] == 400
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    assert keys.ages(now)["FIELD_KEYS"] == 0 and keys.ages(now)["SECRET_KEY"] == 400


@committed
def test_a_copy_goes_to_s3_and_a_backup_is_proven_from_it_alone(
    backups: Path, settings: LazySettings
) -> None:
    with server() as s3:
        s3.make()
        storage = Storage.objects.create(
            name="Far", kind="s3", endpoint=s3.address, bucket=BUCKET, access_key="root"
        )
        storage.secret_key = "root"  # of a server on this machine
        storage.save()
        settings.BACKUP_KEEP = (1, 0, 0)
        first, second = made(), made_later()
        assert second.copy == "Far" and second.says.msgid == backup.COPIED
        stored = s3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
        assert [each["Key"] for each in stored] == [f"backups/{second.name}"]
        first.refresh_from_db()
        assert first.removed_at
        (backups / second.name).unlink()
        assert restoring.prove(second, timezone.now()).values["tables"]


def made_later() -> Backup:
    row = backup.make(timezone.now() + timedelta(seconds=2))
    assert row.ok, row.says
    return row


@committed
def test_a_backup_that_cannot_be_restored_is_a_trouble_of_the_line(backups: Path) -> None:
    assert verdict_of(BackupAge).status == "off"
    row = made()
    assert verdict_of(BackupAge).status == "ok"
    working.ask("proof")
    (backups / row.name).write_bytes(b"damaged")
    working.work()
    assert verdict_of(BackupAge).sentence.msgid == CANNOT_RESTORE
    made_later()
    working.ask("proof")
    working.work()
    assert verdict_of(BackupAge).status == "ok"


def test_a_database_that_a_restore_put_aside_goes_after_a_month(backups: Path) -> None:
    backups.mkdir()
    for name, days in (("before-1.sqlite3", 31), ("before-2.sqlite3", 29), ("before.txt", 31)):
        (backups / name).touch()
        at = (timezone.now() - timedelta(days=days)).timestamp()
        os.utime(backups / name, (at, at))
    backup.keep_the_right_ones(timezone.now())
    assert sorted(path.name for path in backups.iterdir()) == ["before-2.sqlite3", "before.txt"]
