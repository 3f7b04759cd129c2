"""Sound that never gets to its storage is a fault that somebody sees."""

import errno
import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker.heartbeat import Heartbeat
from agentworker.taping import stuck
from agentworker.taping.parts import Origin, PartFiles, folder
from agentworker.worker import LineWorker
from monitoring.health.base import Status, Verdict
from monitoring.health.checks.programs import Uploading
from veyra.models import Pulse

pytestmark = pytest.mark.django_db


def health() -> Verdict:
    return Uploading().look(timezone.now())


def lies(name: str, seconds: float) -> None:
    path = folder() / name
    path.write_bytes(b"sound")
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.mark.parametrize("name", ["part.ogg", "part.ogg.lost"])
def test_a_host_on_which_sound_lies_too_long_is_named(settings: LazySettings, name: str) -> None:
    settings.LIVEKIT_SIMULATED = False
    lies(name, stuck.LONG_SECONDS + 1)
    Heartbeat("here:1", LineWorker(1, 0)).beat()
    found = health()
    assert found.sentence.values == {"hosts": socket.gethostname()[:50]}
    assert found.status == Status.FAILED
    Pulse.objects.update(at=Pulse.objects.get().at - timedelta(minutes=1))
    assert health().status == Status.OK


def test_sound_that_was_just_written_is_on_its_way(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = False
    lies("part.ogg", stuck.LONG_SECONDS - 60)
    Heartbeat("here:1", LineWorker(1, 0)).beat()
    assert health().status == Status.OK


def test_a_folder_that_cannot_be_made_keeps_nobody_from_showing_life(
    settings: LazySettings, tmp_path: Path
) -> None:
    """Calls are taken without it, and whoever would write there is told."""
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.SPOOL_DIR.write_text("no folder")
    stuck.tell()
    assert stuck.hosts(timedelta(minutes=1)) == []
    with pytest.raises(OSError, match="sound"):
        PartFiles(Origin("room", "RM_1", "ours"), 0.0)


def test_a_folder_that_cannot_be_looked_into_is_no_reason_to_fall_silent(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path, _pattern: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "glob", broken)
    stuck.tell()
    assert stuck.hosts(timedelta(minutes=1)) == []
