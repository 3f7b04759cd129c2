"""deploy/upgrade.sh in a copy of this checkout: a version that works, and one that does not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live.stack import ROOT, free_port
from tests.upgrade import released
from tests.upgrade.released import Database
from veyra.livekit.probe import server_answers

pytestmark = [pytest.mark.live, pytest.mark.prove]

MIGRATION = """from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("contenttypes", "0001_initial"), ("veyra", "{leaf}")]
    operations = [migrations.RunSQL("CREATE TABLE later (id integer)", "DROP TABLE later")]
"""
FAILS = """from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("veyra", "9000_later")]
    operations = [migrations.RunSQL("CREATE TABLE last (id integer)"), migrations.RunSQL("no SQL")]
"""
SOMEBODY = """
from veyra.models import User
User.objects.create(username="somebody")
"""


class Installation:
    """A checkout with its own folder, which runs with the simulator."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database = database
        self.folder, self.state, self.port = folder / "veyra", folder / "s", free_port()
        self.state.mkdir()
        self._copy()
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        self.environment = kept | {
            "VEYRA_STATE": str(self.state),
            "DATABASE_URL": database.url,
            "PORT": str(self.port),
            "LIVEKIT_PORT": str(free_port()),
            "SIMULATOR": "true",
            "WAIT": "5",
            "LANG": "C.UTF-8",
        }

    def _copy(self) -> None:
        told = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in told.stdout.splitlines():
            if (ROOT / name).is_file():
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, target)
        shutil.copytree(ROOT / "static/vendor", self.folder / "static/vendor")
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        self.git("init", "-q", "-b", "main")
        self.release("v1.0.0")

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        command = ["git", *who, *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def release(self, tag: str, **files: str) -> None:
        """A version with these files changed, while the one that was is still installed."""
        was = self.git("rev-parse", "HEAD") if self.git("tag") else ""
        for name, text in files.items():
            (self.folder / name.replace("__", "/")).with_suffix(".py").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", tag)
        self.git("tag", tag)
        if was:
            self.git("checkout", "-q", was)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
        )

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(".venv/bin/python", "manage.py", *words)

    @property
    def version(self) -> str:
        return self.git("describe", "--tags")

    @property
    def answers(self) -> bool:
        return server_answers(f"http://127.0.0.1:{self.port}", path="/health/ready")

    @property
    def tables(self) -> set[str]:
        return {table for table, _column, _asked in self.database.columns()}


@pytest.fixture(scope="module", params=released.KINDS)
def installed(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with ExitStack() as ended:
        folder = Path(ended.enter_context(tempfile.TemporaryDirectory(prefix="veyra-")))
        try:
            database = ended.enter_context(released.empty(request.param, folder))
        except LookupError as lacking:
            pytest.skip(str(lacking))
        made = Installation(folder, database)
        started = made.manage("up", "--background")
        ended.callback(made.manage, "up", "--stop")
        assert started.returncode == 0, started.stdout + started.stderr
        assert made.manage("shell", "-c", SOMEBODY).returncode == 0
        yield made


def leaf() -> str:
    return max(path.stem for path in (ROOT / "veyra/migrations").glob("0*.py"))


BROKEN = {
    "v1.1.0": {"veyra__asgi": "raise RuntimeError('this version is broken')\n"},
    "v1.1.1": {"veyra__migrations__9001_fails": FAILS},
}


@pytest.mark.parametrize("version", BROKEN)
def test_a_version_that_does_not_start_gives_way_to_the_former_and_its_tables(
    installed: Installation, version: str
) -> None:
    later = {"veyra__migrations__9000_later": MIGRATION.format(leaf=leaf())}
    installed.release(version, **later, **BROKEN[version])
    done = installed.run("deploy/upgrade.sh", version)
    assert done.returncode == 1 and "is back and works" in done.stderr, done.stdout + done.stderr
    assert installed.version == "v1.0.0" and installed.answers
    assert installed.tables.isdisjoint({"later", "last"})
    known = "SELECT count(*) FROM veyra_user WHERE username = 'somebody'"
    assert installed.database.ask(known) == [(1,)]
    assert installed.manage("migrate", "--check").returncode == 0


def test_a_version_that_works_stays_with_its_tables(installed: Installation) -> None:
    works = {"veyra__migrations__9000_later": MIGRATION.format(leaf=leaf())}
    installed.release("v1.2.0", **works)
    done = installed.run("deploy/upgrade.sh")
    assert done.returncode == 0 and "v1.2.0 works" in done.stdout, done.stdout + done.stderr
    assert installed.version == "v1.2.0" and installed.answers and "later" in installed.tables


def test_what_somebody_changed_in_the_files_is_not_lost(installed: Installation) -> None:
    changed = installed.folder / "README.md"
    changed.write_text("ours")
    done = installed.run("deploy/upgrade.sh", "v1.0.0")
    assert done.returncode == 1 and "Files of Veyra were changed" in done.stderr
    assert changed.read_text() == "ours" and installed.answers
    installed.git("checkout", "README.md")
