"""Sound that never gets to its storage is a fault that somebody sees."""

import os
import socket
import time
from datetime import timedelta

import pytest
from django.conf import LazySettings

from agentworker.heartbeat import Heartbeat
from agentworker.taping import stuck
from agentworker.taping.parts import folder
from agentworker.worker import LineWorker
from monitoring import checks
from veyra.models import Pulse

pytestmark = pytest.mark.django_db


def lies(name: str, seconds: float) -> None:
    path = folder() / name
    path.write_bytes(b"sound")
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.mark.parametrize("name", ["part.ogg", "part.ogg.lost"])
def test_a_host_on_which_sound_lies_too_long_is_named(settings: LazySettings, name: str) -> None:
    settings.LIVEKIT_SIMULATED = False
    lies(name, stuck.LONG_SECONDS + 1)
    Heartbeat("here:1", LineWorker(1, 0)).beat()
    status, sentence = checks.uploading()
    assert (status, sentence.values) == (checks.FAILED, {"hosts": socket.gethostname()[:50]})
    Pulse.objects.update(at=Pulse.objects.get().at - timedelta(minutes=1))
    assert checks.uploading()[0] == checks.OK


def test_sound_that_was_just_written_is_on_its_way(settings: LazySettings) -> None:
    settings.LIVEKIT_SIMULATED = False
    lies("part.ogg", stuck.LONG_SECONDS - 60)
    Heartbeat("here:1", LineWorker(1, 0)).beat()
    assert checks.uploading()[0] == checks.OK
