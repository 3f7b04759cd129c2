"""Programs that read no row of ours are ended by `manage.py up`, which reads theirs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.utils import timezone

from veyra.running import SILENT, Program
from veyra.up import keeper
from veyra.up.foreign import Foreign
from veyra.up.livekit_files import Kept

pytestmark = pytest.mark.django_db
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def test_a_program_of_somebody_else_is_ended_when_its_row_asks(
    process: "subprocess.Popen[bytes]",
) -> None:
    foreign = Foreign(os.getpid(), {"livekit-server": SLEEP}, keeper.end)
    foreign.look()
    row = Program.objects.get()
    assert (row.name, row.pid) == ("livekit-server", process.pid)
    assert process.poll() is None
    row.ask_to_stop(timezone.now())
    foreign.look()
    process.wait(5)
    assert not psutil.pid_exists(process.pid)


def test_a_program_of_ours_that_reads_nothing_is_ended(process: "subprocess.Popen[bytes]") -> None:
    foreign = Foreign(os.getpid(), {}, keeper.end)
    row = Program.begin("tap", process.pid)
    row.ask_to_stop(timezone.now())
    foreign.look()
    assert process.poll() is None
    Program.objects.update(seen_at=timezone.now() - SILENT)
    foreign.look()
    process.wait(5)


def test_one_that_was_started_again_has_a_new_beginning(
    process: "subprocess.Popen[bytes]",
) -> None:
    foreign = Foreign(os.getpid(), {"livekit-server": SLEEP}, keeper.end)
    foreign.look()
    Program.objects.get().ask_to_stop(timezone.now())
    process.kill()
    process.wait()
    again = subprocess.Popen(SLEEP)
    try:
        foreign.look()
        row = Program.objects.get()
        assert (row.pid, row.stop_asked_at) == (again.pid, None)
        assert again.poll() is None
    finally:
        again.kill()
        again.wait()


def test_a_program_is_started_again_with_the_files_that_this_start_wrote(
    process: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    file = tmp_path / "livekit-server.yaml"
    file.write_text("keys: ours")
    foreign = Foreign(os.getpid(), {"livekit-server": SLEEP}, keeper.end, Kept(tmp_path))
    foreign.look()
    file.write_text("keys: another")
    foreign.look()
    assert file.read_text() == "keys: another"
    Program.objects.get().ask_to_stop(timezone.now())
    foreign.look()
    process.wait(5)
    assert file.read_text() == "keys: ours"
