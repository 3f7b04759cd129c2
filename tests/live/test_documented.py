"""The commands that documents name are given to a Veyra that runs, as they stand there."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.commands import Command, every
from tests.live.stack import ROOT, missing, wait_until
from tests.live.up import Up

pytestmark = [pytest.mark.live, pytest.mark.prove]

# Programs that run for as long as Veyra does: `manage.py up`, which is tried here, keeps them.
KEPT = {"lookout", "recorder", "registrar", "runagent", "run", "standby", "tap", "up", "watchdog"}
# Not run one by one: why.
APART = {
    "build": "takes minutes: tests/metrics/test_promtool.py",
    "restore": "here, at the end",
    "livekitkeys": "one step after the other: tests/live/test_key_change.py",
    "drain": "no call is taken after it: tests/upgrade/test_draining.py",
}
# What is said of people, and not to this machine of programmers.
PRODUCTION = {"DEBUG": "false", "PUBLIC_URL": "https://line.example.com"}
SCRIPTS = ["scripts/diagnose_livekit_connection.py", "./scripts/critical_incident_response.sh"]


class Line(Up):
    """A demo line; `keys`: where the keys of its backups are written."""

    @property
    def keys(self) -> Path:
        return self.state / "veyra-keys.txt"

    def give(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=ROOT,
            env={**self.environment, **changes},
            input="yes\n",
            capture_output=True,
            text=True,
            timeout=120,
        )

    def manage(self, *given: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """As a document has it, with what is the reader's own in its place."""
        newest = max((self.state / "backups").glob("*.backup"), default=Path("none"))
        own = {"NAME": "admin", "FILE": str(self.keys), self.keys.name: str(self.keys)}
        words = [str(newest) if each.endswith(".backup") else own.get(each, each) for each in given]
        return self.give(sys.executable, "manage.py", *words, **changes)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    with tempfile.TemporaryDirectory(prefix="veyra-docs-") as folder:
        started = Line(Path(folder))
        demo = started.give("make", "-o", ".venv/.requirements", "demo")
        assert demo.returncode == 0, demo.stderr
        started.start()
        # The pages answer before the last of the programs does.
        wait_until(lambda: started.manage("diagnose").returncode == 0, "the line is not well", 180)
        yield started
        started.stop()


def run_here() -> list[Command]:
    """Once each: with options, or without need of any."""
    found = {Command(("manage.py", *each.given)) for each in every(["manage.py"])}
    return sorted(
        each
        for each in found
        if each.given[0] not in {*KEPT, *APART} and str(each) != "manage.py testroute"
    )


def well(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("command", run_here(), ids=str)
def test_a_command_of_a_document_works(line: Line, command: Command) -> None:
    line.keys.unlink(missing_ok=True)  # the command writes over none
    changes = PRODUCTION if "--deploy" in command.given else {}
    well(line.manage(*command.given, **changes))


def test_what_documents_say_of_programs_that_stay_is_so(line: Line) -> None:
    kept = {each.given[0] for each in every(["manage.py"])} & KEPT - {"up"}
    running = " ".join(line.commands().values())
    assert [name for name in sorted(kept) if f"manage.py {name}" not in running] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_of_the_first_plan_works(line: Line, script: str) -> None:
    words = [sys.executable, script] if script.endswith(".py") else [script]
    well(line.give(*words))


def test_the_health_of_the_line_is_asked_as_documents_ask_it(line: Line) -> None:
    for command in every(["curl"]):
        words = [word.replace(":8000", f":{line.port}") for word in command.words]
        if "$VEYRA_URL" not in str(command):
            answer = line.give(*words)
            assert answer.returncode == 0 and '"status"' in answer.stdout


def test_a_backup_is_brought_back_here_and_on_another_server(line: Line) -> None:
    well(line.manage("backup"))
    well(line.manage("backup", "--keys", "FILE"))
    for command in every(["manage.py"]):
        if command.given[0] == "restore" and "latest" in command.given:
            well(line.manage(*command.given))
    with tempfile.TemporaryDirectory(prefix="veyra-docs-") as other:
        elsewhere = {"VEYRA_STATE": other}
        well(line.manage("prepare", **elsewhere))
        moved = next(each for each in every(["manage.py"]) if "veyra-20261122" in str(each))
        well(line.manage(*moved.given, **elsewhere))
        assert (Path(other) / "keys.env").exists()
        assert "499 112-41-48" in line.manage("testroute", "+74991124148", **elsewhere).stdout
