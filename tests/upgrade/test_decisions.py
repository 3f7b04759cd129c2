"""What deploy/upgrade.sh decides, by what the commands that it calls answer."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.stack import ROOT

# Each writes down what it is asked, fails where FAILS says so, ends its caller where KILLS does.
TOLD = """
tell() {
    echo "$1" >>"$ASKED"
    word=$(echo "$1" | tr ' ' _)
    case " $KILLS " in *" $word "*) kill -TERM "$PPID" ;; esac
    case " $FAILS " in *" $word "*) exit 1 ;; esac
    case "$1" in *backup) echo /somewhere/veyra-20260101T000000Z.backup ;; esac
}
"""
PYTHON = f"""#!/bin/sh
{TOLD}
shift
case "$1" in pip) tell "pip $2" ;; *) tell "${{BY:-}}$*" ;; esac
"""
# Compose's own pictures of what runs, and the image of the version that it is given.
DOCKER = f"""#!/bin/sh
{TOLD}
case "$*" in
"compose ps -q web") echo 1234 ;;
"compose ps --services"*) printf '%s\\n' postgres redis livekit-sip kamailio web agent caddy ;;
"compose run"*) shift 8; tell "$*" ;;
"build"*) tell "docker build of $(tar -xO version)" ;;
"compose -f -"*) cat >/dev/null; tell "docker compose pull" ;;
*) tell "docker $*" ;;
esac
"""
SYSTEMCTL = f"""#!/bin/sh
{TOLD}
[ "$1" = is-active ] || tell "systemctl $*"
"""
NOBODY = """#!/bin/sh
export BY="$2: "
shift 3
exec "$@"
"""
BACKUP = "veyra-20260101T000000Z.backup"
ANSWERS = "docker compose exec -T web python deploy/healthy.py http://127.0.0.1:8000/health/ready"


@dataclass(frozen=True)
class Way:
    """How Veyra runs on a machine, and what is asked there to bring in another version."""

    name: str
    programs: dict[str, str]
    fetch: list[str]
    replace: list[str]
    start: list[str]
    back: list[str]

    @property
    def begun(self) -> list[str]:
        before = ["backup", "drain --within 1800", "backup"]
        return ["diagnose", *self.fetch, *before, *self.replace, "migrate --check"]


NONE = "#!/bin/sh\nexit 1\n"
HERE = Way(
    name="here",
    programs={"docker": NONE, "systemctl": NONE},
    fetch=["pip download"],
    replace=["up --stop"],
    start=["up --background"],
    back=["up --stop"],
)
SYSTEMD = Way(
    name="systemd",
    programs={"docker": NONE, "systemctl": SYSTEMCTL},
    fetch=["pip download"],
    replace=["systemctl stop veyra"],
    start=["systemctl reset-failed veyra", "systemctl start veyra", "up --wait"],
    back=["systemctl stop veyra"],
)
IN_DOCKER = Way(
    name="docker",
    programs={"docker": DOCKER, "systemctl": NONE},
    fetch=["docker tag veyra veyra:former", "docker build of v2", "docker compose pull"],
    replace=["docker tag veyra:next veyra"],
    start=["docker compose up -d --remove-orphans", ANSWERS],
    back=["docker compose stop web agent", "docker tag veyra:former veyra"],
)
WAYS = [HERE, SYSTEMD, IN_DOCKER]


class Folder:
    """Two versions, and programs that only say whether it went well."""

    def __init__(self, folder: Path, way: Way, versions: Path) -> None:
        self.way, self.folder, self.asked = way, folder / "veyra", folder / "asked"
        self.bin = folder / "bin"
        shutil.copytree(versions, self.folder)
        # Nothing of this machine's own is asked, and nothing waits.
        for name, text in {"sleep": "#!/bin/sh\n", **way.programs}.items():
            write(self.bin / name, text)

    def upgrade(self, *fails: str, kills: str = "") -> tuple[int, list[str]]:
        """Where these commands fail: the exit code, and what was asked in which order."""
        environment = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ASKED": str(self.asked),
            "FAILS": " ".join(name.replace(" ", "_") for name in fails),
            "KILLS": kills.replace(" ", "_"),
            # The folder may belong to somebody else.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        command = [self.folder / "deploy/upgrade.sh"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, self.asked.read_text().splitlines()

    @property
    def version(self) -> str:
        return (self.folder / "version").read_text()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """v1, which is installed, and v2."""
    folder = tmp_path_factory.mktemp("versions")

    def git(*words: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", *who, *words], cwd=folder, check=True)

    write(folder / "deploy/setup.sh", "#!/bin/sh\n")
    write(folder / ".venv/bin/python", PYTHON)
    shutil.copy(ROOT / "deploy/upgrade.sh", folder / "deploy")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / ".gitignore").write_text(".venv\n")
    git("init", "-q", "-b", "main")
    for tag in ("v1", "v2"):
        for file in ("version", "requirements.txt"):
            (folder / file).write_text(tag)
        git("add", "-A")
        git("commit", "-q", "-m", tag)
        git("tag", tag)
    git("checkout", "-q", "v1")
    return folder


@pytest.fixture
def folder(tmp_path: Path, versions: Path, request: pytest.FixtureRequest) -> Folder:
    return Folder(tmp_path, getattr(request, "param", HERE), versions)


def name(way: Way) -> str:
    return way.name


on_each = pytest.mark.parametrize("folder", WAYS, ids=name, indirect=True)


@on_each
def test_a_line_that_was_well_is_called_after_the_upgrade(folder: Folder) -> None:
    code, asked = folder.upgrade()
    assert code == 0 and folder.version == "v2"
    looked = ["drain --end", "diagnose", "diagnose --call"]
    assert asked == [*folder.way.begun, *folder.way.start, *looked]


@on_each
def test_where_our_own_call_fails_the_former_version_comes_back(folder: Folder) -> None:
    code, asked = folder.upgrade("diagnose --call")
    assert code == 1 and folder.version == "v1"
    # The tables are those of both, so nothing that was saved meanwhile is thrown afolder.way.
    after = asked[asked.index("diagnose --call") + 1 :]
    assert after == [*folder.way.back, *folder.way.start, "drain --end"]


@on_each
def test_where_the_tables_were_changed_the_backup_comes_back_too(folder: Folder) -> None:
    code, asked = folder.upgrade("migrate --check", folder.way.start[-1])
    assert code == 1 and folder.version == "v1"
    restored = asked.index(f"restore {BACKUP} --yes")
    assert asked[restored - len(folder.way.back) : restored] == folder.way.back
    assert asked[restored + 1 :][: len(folder.way.start)] == folder.way.start


def test_a_line_that_was_not_well_has_to_run_and_no_more(folder: Folder) -> None:
    code, asked = folder.upgrade("diagnose", "diagnose --call")
    assert code == 0 and folder.version == "v2" and asked[-1] == "drain --end"


@pytest.mark.parametrize("fails", ["pip download", "backup"])
def test_without_packages_or_a_backup_nobody_is_kept_waiting(folder: Folder, fails: str) -> None:
    code, asked = folder.upgrade(fails)
    assert code == 1 and folder.version == "v1" and asked[-1] == fails


@pytest.mark.parametrize("fails", IN_DOCKER.fetch)
@pytest.mark.parametrize("folder", [IN_DOCKER], ids=name, indirect=True)
def test_images_that_cannot_be_had_change_nothing(folder: Folder, fails: str) -> None:
    code, asked = folder.upgrade(fails)
    assert code == 1 and folder.version == "v1" and asked[-1] == fails


@pytest.mark.parametrize("fails", ["drain --within 1800", "up --stop"])
def test_calls_are_taken_again_where_nothing_was_replaced(folder: Folder, fails: str) -> None:
    code, asked = folder.upgrade(fails)
    assert code == 1 and folder.version == "v1" and asked[-2:] == [fails, "drain --end"]


@on_each
def test_who_ends_it_while_calls_end_finds_calls_taken_again(folder: Folder) -> None:
    code, asked = folder.upgrade(kills="drain --within 1800")
    assert code == 1 and folder.version == "v1"
    assert asked[-2:] == ["drain --within 1800", "drain --end"]


@on_each
def test_who_ends_it_later_finds_the_former_version(folder: Folder) -> None:
    code, asked = folder.upgrade("migrate --check", kills=folder.way.start[-1])
    assert code == 1 and folder.version == "v1" and f"restore {BACKUP} --yes" in asked


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act for somebody else")
@pytest.mark.parametrize("folder", [SYSTEMD], ids=name, indirect=True)
def test_asked_by_root_every_file_stays_that_of_the_folders_owner(folder: Folder) -> None:
    write(folder.bin / "runuser", NOBODY)
    shutil.chown(folder.folder, pwd.getpwnam("nobody").pw_uid)
    code, asked = folder.upgrade()
    assert code == 0 and folder.version == "v2"
    assert {each for each in asked if not each.startswith("nobody: ")} == {
        "pip download",
        *(each for each in asked if each.startswith("systemctl")),
    }
