"""Storages, programs of LiveKit's, the backup, what was saved, the voice, and who is told."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import LazySettings
from django.utils import timezone

from agentworker.keys import ProviderKey
from agentworker.models import Agent, AgentVersion
from agentworker.providers.errors import Kind, ProviderError
from agentworker.taping import stuck
from monitoring.alarms.chain import LOOKOUT
from monitoring.alarms.models import AlertChannel
from monitoring.health.checks.keeping import BackupAge, Egress, Ingresses, Storages
from monitoring.health.checks.programs import Uploading
from monitoring.health.checks.wishes import Channels, Drift, Lookout, Speech
from monitoring.upkeep.models import Backup
from recordings.models import Ingress, Recording, Storage
from telephony import sync
from telephony.models import Difference, PublishedObject
from tests.health.made import verdict_of
from tests.health.world import valkey
from tests.recordings.conftest import _s3, s3
from tests.recordings.s3 import S3
from veyra.livekit import services
from veyra.models import Pulse, User

__all__ = ["_s3", "s3"]
pytestmark = pytest.mark.django_db


def test_a_folder_takes_a_file_and_gives_it_back(tmp_path: Path) -> None:
    Storage.objects.create(is_current=True, folder=str(tmp_path / "sound"))
    assert verdict_of(Storages).status == "ok"
    assert not [each for each in (tmp_path / "sound").rglob("*") if each.is_file()]
    (tmp_path / "file").write_bytes(b"")
    Storage.objects.update(folder=str(tmp_path / "file"))
    assert verdict_of(Storages).status == "failed"


def test_a_folder_whose_disk_is_not_mounted_is_told_of(tmp_path: Path) -> None:
    storage = Storage.objects.create(is_current=True, folder=str(tmp_path / "sound"))
    Recording.objects.create(state="ready", storage=storage, file="recordings/a.ogg", size=1)
    assert verdict_of(Storages).status == "failed"
    (tmp_path / "sound" / "recordings").mkdir(parents=True)
    (tmp_path / "sound" / "recordings" / "a.ogg").write_bytes(b"a")
    assert verdict_of(Storages).status == "ok"


def test_a_bucket_that_is_away_is_named_with_its_reason(s3: S3) -> None:
    storage = s3.storage(name="Yandex")
    storage.save()
    assert verdict_of(Storages).status == "ok"
    Storage.objects.filter(kind="s3").update(bucket="gone")
    found = verdict_of(Storages)
    assert found.status == "failed" and found.sentence.values["name"] == "Yandex"


@pytest.fixture
def bus(settings: LazySettings) -> Iterator[redis.Redis]:
    with valkey() as url:
        settings.LIVEKIT_REDIS_URL = url
        yield redis.Redis.from_url(url)


def test_a_program_of_livekits_is_missed_only_where_it_is_needed(bus: redis.Redis) -> None:
    assert [verdict_of(Egress).status, verdict_of(Ingresses).status] == ["off", "off"]
    Storage.objects.create(egress_access_key="key")
    Ingress.objects.create(name="Camera")
    assert [verdict_of(Egress).status, verdict_of(Ingresses).status] == ["failed", "failed"]
    waiting = bus.pubsub()  # type: ignore[no-untyped-call]  # redis has no type for it
    waiting.subscribe(*(name.replace("*", "") for name in services.CHANNELS.values()))
    for _name in services.CHANNELS:
        waiting.get_message(timeout=2)
    assert [verdict_of(Egress).status, verdict_of(Ingresses).status] == ["ok", "ok"]
    waiting.close()


def test_sound_that_lies_too_long_is_told_with_its_host() -> None:
    assert verdict_of(Uploading).status == "ok"
    Pulse.beat(stuck.SIGN + "far")
    found = verdict_of(Uploading)
    assert found.status == "failed" and found.sentence.values == {"hosts": "far"}


def test_a_line_without_a_backup_is_told_after_two_days() -> None:
    assert verdict_of(BackupAge).status == "off"
    User.objects.create_user("anna", date_joined=timezone.now() - timedelta(hours=50))
    assert verdict_of(BackupAge).status == "failed"
    assert verdict_of(BackupAge, old=60).status == "off"
    now = timezone.now()
    Backup.objects.create(at=now, finished_at=now, ok=False)
    assert verdict_of(BackupAge).status == "failed"
    made = Backup.objects.create(at=now, finished_at=now - timedelta(hours=3), ok=True)
    found = verdict_of(BackupAge)
    assert found.status == "ok" and found.sentence.values == {"hours": 3}
    Backup.objects.filter(pk=made.pk).update(finished_at=now - timedelta(hours=49))
    assert verdict_of(BackupAge).status == "failed"


def test_what_livekit_did_not_take_is_counted() -> None:
    assert verdict_of(Drift).status == "failed"
    Pulse.beat(sync.PULSE)
    assert verdict_of(Drift).status == "ok"
    Difference.objects.create(livekit_id="ST_1", kind="trunk", whose="ours", fingerprint="x")
    assert verdict_of(Drift).status == "warning"
    PublishedObject.objects.create(kind="trunk", key="k", source=uuid.uuid4(), state="failed")
    found = verdict_of(Drift)
    assert found.status == "failed" and found.sentence.values == {"count": 1}


def test_a_language_without_a_voice_is_told() -> None:
    assert verdict_of(Speech).status == "ok"
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Да")
    assert verdict_of(Speech).status == "ok"
    AgentVersion.objects.create(agent=agent, number=2, language="xx", greeting="?")
    assert verdict_of(Speech).sentence.values == {"languages": "xx"}


def test_an_assistant_that_speaks_as_its_caller_has_a_voice() -> None:
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="auto", greeting="Да")
    assert verdict_of(Speech).status == "ok"


@pytest.mark.parametrize(("reserve", "status"), [(True, "warning"), (False, "failed")])
def test_a_key_that_is_refused_is_told_with_the_assistant_that_needs_it(
    reserve: bool, status: str
) -> None:
    agent = Agent.objects.create(name="Support")
    refused = ProviderError.of(Kind.REFUSED).sentence.to_json()
    values = {"provider": "openai", "works": False, "verdict": refused}
    row = ProviderKey.objects.create(name="Ours", **values)
    rows = [{"provider": "openai", "key": str(row.key)}, *[{"provider": "offline"}] * reserve]
    AgentVersion.objects.create(agent=agent, number=1, language="ru", speech={"voice": rows})
    found = verdict_of(Speech)
    assert found.status == status
    assert "Support" in str(found.sentence) and "Ours" in str(found.sentence)


def test_troubles_are_told_by_two_kinds_of_channels() -> None:
    assert verdict_of(Channels).status == "warning"
    for kind in ("mail", "mail", "telegram"):
        AlertChannel.objects.create(name=kind, kind=kind, language="ru")
    assert verdict_of(Channels).status == "ok"
    AlertChannel.objects.filter(kind="telegram").update(failing_since=timezone.now())
    assert verdict_of(Channels).sentence.values == {"names": "telegram"}
    AlertChannel.objects.filter(kind="telegram").update(is_on=False)
    assert verdict_of(Channels).status == "warning"


def test_who_watches_over_veyra_is_missed() -> None:
    assert verdict_of(Lookout).status == "failed"
    Pulse.beat(LOOKOUT)
    assert verdict_of(Lookout).status == "ok"
