"""What deploy/upgrade.sh decides, by what the commands that it calls answer."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live.stack import ROOT

# Writes down what it is asked, and fails where FAILS says so.
PYTHON = """#!/bin/sh
shift
echo "$*" >>"$ASKED"
case " $FAILS " in *" $(echo "$*" | tr ' ' _) "*) exit 1 ;; esac
[ "$1" != backup ] || echo /somewhere/veyra-20260101T000000Z.backup
"""
BACKUP = "veyra-20260101T000000Z.backup"
BEGUN = ["diagnose", "backup", "drain --within 1800", "up --stop", "migrate --check"]


class Folder:
    """Two versions, and programs that only say whether it went well."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder / "veyra", folder / "asked"
        for name, text in {
            "veyra/deploy/setup.sh": "#!/bin/sh\n",
            "veyra/.venv/bin/python": PYTHON,
            "bin/sleep": "#!/bin/sh\n",
        }.items():
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        shutil.copy(ROOT / "deploy/upgrade.sh", self.folder / "deploy")
        # Neither Docker nor systemd of this machine is asked.
        self.path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        for name in ("docker", "systemctl"):
            (folder / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
            (folder / "bin" / name).chmod(0o755)
        (self.folder / ".gitignore").write_text(".venv\n")
        self.git("init", "-q", "-b", "main")
        for tag in ("v1", "v2"):
            (self.folder / "version").write_text(tag)
            self.git("add", "-A")
            self.git("commit", "-q", "-m", tag)
            self.git("tag", tag)
        self.git("checkout", "-q", "v1")

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True)

    def upgrade(self, *fails: str) -> tuple[int, list[str]]:
        """Where these commands fail: the exit code, and what was asked in which order."""
        environment = {
            "PATH": self.path,
            "HOME": str(self.folder),
            "ASKED": str(self.asked),
            "FAILS": " ".join(name.replace(" ", "_") for name in fails),
        }
        command = [self.folder / "deploy/upgrade.sh"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, self.asked.read_text().splitlines()

    @property
    def version(self) -> str:
        return (self.folder / "version").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_line_that_was_well_is_called_after_the_upgrade(folder: Folder) -> None:
    code, asked = folder.upgrade()
    assert code == 0 and folder.version == "v2"
    assert asked == [*BEGUN, "up --background", "drain --end", "diagnose", "diagnose --call"]


def test_where_our_own_call_fails_the_former_version_comes_back(folder: Folder) -> None:
    code, asked = folder.upgrade("diagnose --call")
    assert code == 1 and folder.version == "v1"
    # The tables are those of both, so nothing that was saved meanwhile is thrown away.
    assert asked[-4:] == ["diagnose --call", "up --stop", "up --background", "drain --end"]


def test_where_the_tables_were_changed_the_backup_comes_back_too(folder: Folder) -> None:
    code, asked = folder.upgrade("diagnose --call", "migrate --check")
    back = ["up --stop", f"restore {BACKUP} --yes", "up --background", "drain --end"]
    assert code == 1 and folder.version == "v1" and asked[-4:] == back


def test_a_line_that_was_not_well_has_to_run_and_no_more(folder: Folder) -> None:
    code, asked = folder.upgrade("diagnose", "diagnose --call")
    assert code == 0 and folder.version == "v2" and asked[-1] == "drain --end"


@pytest.mark.parametrize("fails", ["backup", "drain --within 1800"])
def test_nothing_is_changed_without_a_backup_or_while_people_talk(
    folder: Folder, fails: str
) -> None:
    code, asked = folder.upgrade(fails)
    assert code == 1 and folder.version == "v1" and asked[-1] == fails
