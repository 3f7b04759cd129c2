"""The log file: many programs, and nothing lost when it is turned over."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from veyra.logs.shared_file import SharedFile

LINES = 150
WRITER = """
import logging, sys
from pathlib import Path
from veyra.logs.shared_file import SharedFile
name, path = sys.argv[1:]
file = SharedFile(Path(path), most_bytes=5_000, kept=20)
log = logging.Logger("tried")
log.addHandler(file)
for number in range({lines}):
    log.info("%s %s %s", name, number, "x" * (number % 150))
"""


def handler(path: Path, most_bytes: int = 100, kept: int = 2) -> logging.Logger:
    log = logging.Logger("tried")
    log.addHandler(SharedFile(path, most_bytes, kept))
    return log


def test_no_line_of_many_programs_is_lost_or_mixed(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "livekit_system.log"
    code = WRITER.format(lines=LINES)
    command = [sys.executable, "-c", code]
    writers = [subprocess.Popen([*command, name, str(path)]) for name in "abcd"]
    assert [writer.wait(30) for writer in writers] == [0] * 4
    files = [*path.parent.glob("livekit_system.log*")]
    lines = [line.split() for file in files for line in file.read_text().splitlines()]
    seen = {(line[0], int(line[1])) for line in lines}
    assert seen == {(name, number) for name in "abcd" for number in range(LINES)}
    assert all(len(line[2:] and line[2]) == int(line[1]) % 150 for line in lines if line[2:])
    assert len(lines) == 4 * LINES
    assert len(files) > 3


def test_a_full_file_is_kept_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "it.log"
    log = handler(path)
    for number in range(5):
        log.info("%s%s", number, "x" * 120)
    names = ("it.log", "it.log.1", "it.log.2")
    assert [(tmp_path / name).read_text()[0] for name in names] == ["4", "3", "2"]
    assert not (tmp_path / "it.log.3").exists()


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "it.log"
    log = handler(path)
    log.info("one")
    path.unlink()
    log.info("two")
    assert path.read_text() == "two\n"


def test_a_folder_that_cannot_be_written_stops_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    log = handler(tmp_path / "file" / "it.log")
    log.info("one")
    log.info("two")
    assert capsys.readouterr().err.count("is not written") == 1
