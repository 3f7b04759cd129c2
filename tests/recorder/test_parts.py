"""A part can be read whatever became of its writer, and is nobody else's while he lives."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.conf import LazySettings

from agentworker.taping.parts import Origin, PartFiles, folder
from agentworker.taping.sound import RATE, Lane
from agentworker.taping.tape import Tape
from tests.recorder.conftest import FullDisk

ORIGIN = Origin("room", "RM_1", "ours")
WRITER = """
import time, django, numpy
django.setup()
from agentworker.taping.tape import Tape
from agentworker.taping.parts import Origin
from agentworker.taping.sound import RATE, Lane
tape = Tape(Origin("room", "RM_1", "ours"))
print("writes", flush=True)
while True:
    time.sleep(0.1)
    tape.hear("a", Lane.CALLER, numpy.full(RATE // 10, 900, numpy.int16))
    tape.advance()
"""


def is_held(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def told(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


def test_a_part_is_held_until_it_is_whole() -> None:
    files = PartFiles(ORIGIN, time.time())
    files.sound.write_bytes(b"sound")
    assert is_held(files.facts) and "ended_at" not in told(files.facts)
    files.finish(time.time(), 2.5)
    assert not is_held(files.facts) and told(files.facts)["seconds"] == 2.5
    assert told(files.facts) | {"recorder": "ours", "room_sid": "RM_1"} == told(files.facts)
    assert files.facts.stat().st_mode & 0o77 == 0


def test_a_part_in_which_nothing_was_heard_leaves_no_files() -> None:
    PartFiles(ORIGIN, time.time()).discard()
    assert list(folder().iterdir()) == []


def test_what_is_heard_before_the_end_is_in_the_part() -> None:
    tape = Tape(ORIGIN)
    time.sleep(0.2)
    tape.hear("a", Lane.CALLER, np.full(RATE // 10, 9000, np.int16))
    tape.end()
    (facts,) = folder().glob("*.json")
    assert facts.stem == tape.part and told(facts)["seconds"] >= 0.2
    with av.open(str(facts.with_suffix(".ogg"))) as file:
        heard = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    assert abs(heard[0]).max() > 0.1 and abs(heard[1]).max() < 0.01


def test_a_disk_that_takes_nothing_leaves_nothing_half_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(av, "open", full)
    with pytest.raises(OSError, match="no space"):
        Tape(ORIGIN)
    assert list(folder().iterdir()) == []


def test_on_a_full_disk_no_file_is_left_open_however_often_it_is_tried(full_disk: FullDisk) -> None:
    open_files = len(os.listdir("/proc/self/fd"))
    for _each in range(5):
        with full_disk(), pytest.raises(OSError, match="File too large"):
            Tape(ORIGIN)
    assert len(os.listdir("/proc/self/fd")) == open_files
    assert list(folder().iterdir()) == []


def test_nobody_else_of_the_host_hears_a_part() -> None:
    folder().chmod(0o755)
    tape = Tape(ORIGIN)
    time.sleep(0.2)
    tape.end()
    assert len(list(folder().iterdir())) == 2
    assert all(each.stat().st_mode & 0o77 == 0 for each in (folder(), *folder().iterdir()))


@pytest.mark.prove
def test_of_a_writer_that_is_killed_less_than_two_seconds_are_lost(
    settings: LazySettings, tmp_path: Path
) -> None:
    settings.SPOOL_DIR = tmp_path / "spool"
    environment = {
        **os.environ,
        "VEYRA_STATE": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "veyra.settings",
    }
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout and writer.stdout.readline()
    time.sleep(4)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    killed = time.time()
    (facts,) = folder().glob("*.json")
    assert not is_held(facts)
    with av.open(str(facts.with_suffix(".ogg"))) as file:
        seconds = sum(frame.samples for frame in file.decode(audio=0)) / 48000
    began = datetime.fromisoformat(told(facts)["began_at"]).timestamp()
    assert 0 < killed - began - seconds < 2
