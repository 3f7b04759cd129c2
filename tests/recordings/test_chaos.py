"""Uploads while everything that can be killed or cut is killed or cut, once each."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.live.stack import ROOT, wait_until
from tests.live.system import System
from tests.recordings.proxy import Line
from tests.recordings.s3 import BUCKET, S3
from tests.recordings.test_uploading import nothing_in, put

pytestmark = pytest.mark.prove
PARTS, MEGABYTES = 20, 4
WHOLE = PARTS * MEGABYTES * 1024 * 1024
SENDER = """
import signal, django
django.setup()
from django.conf import settings
from agentworker.taping.parts import folder
from agentworker.uploading import Uploader, Uploading
Uploading(Uploader(folder(), settings.INTERNAL_URL)).start()
signal.pause()
"""
STORAGE = """
from recordings.models import Storage
Storage.objects.create(kind="s3", is_current=True, is_encrypted=True, endpoint="{address}",
                       bucket="{bucket}", access_key="root", secret_key="root")
"""
ARRIVED = """
import hashlib
from recordings import arriving
from recordings.models import Part
result = {str(part.pk): [part.state, hashlib.sha256(b"".join(arriving.read(part))).hexdigest()]
          for part in Part.objects.all()}
"""


class Sender:
    """The process of a host that brings its parts."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", SENDER]
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A web of its own, and nothing else: no LiveKit is needed."""
    system = System(tmp_path, alone="web")
    system._make_tables()
    system.start_program("web")
    wait_until(system._ready("web"), "web was not ready", 60)
    yield system
    system.stop()


def test_twenty_uploads_survive_whatever_is_killed_or_cut(
    system: System, s3: S3, tmp_path: Path
) -> None:
    system.ask(STORAGE.format(address=s3.address, bucket=BUCKET))
    folder = tmp_path / "spool" / "sound"
    folder.parent.mkdir()
    sent = {}
    for _ in range(PARTS):
        sound = os.urandom(MEGABYTES * 1024 * 1024)
        sent[put(folder, sound).stem] = ["arrived", hashlib.sha256(sound).hexdigest()]
    line = Line(system.web_port, speed=20_000_000)
    sender = Sender(system.environment | {"INTERNAL_URL": line.url})
    try:
        for share, harm in ((0.15, "sender"), (0.35, "web"), (0.55, "storage"), (0.75, "line")):
            wait_until(partial(line.has_carried, share * WHOLE), f"no {share} was sent", 60)
            if harm == "sender":
                sender.kill()
                sender.start()
            elif harm == "web":
                system.processes["web"].kill()
                system.processes["web"].wait()
                system.start_program("web")
            elif harm == "storage":
                s3.stop()
                time.sleep(2)
                s3.start()
            else:
                line.cut(2)
        wait_until(lambda: nothing_in(folder), "parts are left", 120)
    finally:
        sender.kill()
        line.close()
    assert system.ask(ARRIVED) == sent
