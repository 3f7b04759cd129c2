"""Everything that must hold before a change is taken: what `make test` runs, step by step.

Every step runs even if an earlier one failed. The last line says how each of them ended.
python -m tests.gate newer: the fast suite on a newer Python, a part of `make prove`.
"""

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests import postgres
from tests.live.stack import missing

PYTHON = sys.executable
FAST = "not live and not browser and not prove"
LIVE = "live and not browser and not prove"
BROWSER = "browser and not prove"
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
# Named, so that what takes the longest can go to `make prove`.
LONGEST = ("--durations", "25", "--durations-min", "4")
NEWER = Path(".venv-newer")
# Where rows are claimed, locked, upserted or searched; `make prove` runs all of it there.
ON_POSTGRES = (
    *("alone", "callout", "hands", "hooks", "incidents", "journal", "keeping", "recordings"),
    *("ringing", "security", "upkeep"),
)


@dataclass(frozen=True)
class Step:
    """`command` runs, unless `skipped` says why it cannot on this machine."""

    name: str
    command: list[str]
    skipped: str = ""


@dataclass(frozen=True)
class Result:
    name: str
    ok: bool
    words: str


def pytest(marker: str, *options: str, python: str = PYTHON) -> list[str]:
    return [python, "-m", "pytest", "-q", "-m", marker, *options]


def steps() -> list[Step]:
    has_postgres = "" if postgres.programs() else "PostgreSQL is not installed"
    lacking = f"no {', '.join(missing())}" if missing() else ""
    browser = "" if shutil.which("chromium") else "no Chromium"
    folders = [f"tests/{name}" for name in ON_POSTGRES]
    on_postgres = [PYTHON, "-m", "tests.postgres", *pytest(FAST, "-n", "2", *folders)]
    return [
        Step("style", [PYTHON, "-m", "ruff", "check", "."]),
        Step("format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
        Step("types", [PYTHON, "-m", "mypy", "."]),
        Step("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
        Step("fast", pytest(f"{FAST} and not postgres", "-n", "2")),
        Step("postgres", on_postgres, has_postgres),
        # Mostly they wait for others, so two files may wait side by side.
        Step("live", pytest(LIVE, *SIDE_BY_SIDE, *LONGEST), lacking),
        # In processes of its own: Playwright keeps an event loop in the main thread.
        Step("browser", pytest(BROWSER, *SIDE_BY_SIDE, *LONGEST), browser),
    ]


def on_newer() -> list[Step]:
    """The fast suite on a newer Python, where there is one."""
    newer = next((path for path in newer_pythons() if fits(path)), "")
    lacking = "" if newer else "no newer Python on this machine"
    fast = pytest(f"{FAST} and not postgres", "-n", "2", python=str(NEWER / "bin" / "python"))
    return [Step("newer Python", install(newer), lacking), Step("fast", fast, lacking)]


def install(python: str) -> list[str]:
    """A place of its own for another Python, with the same packages."""
    make = f"{python} -m venv --clear {NEWER}"
    # Most of what they bring is never imported, so it is not compiled beforehand.
    packages = "--no-compile --require-hashes -r requirements.txt -r requirements-dev.txt"
    return ["sh", "-c", f"{make} && {NEWER}/bin/python -m pip install -q {packages}"]


def newer_pythons() -> list[str]:
    names = [f"3.{minor}" for minor in (13, 12) if (3, minor) > sys.version_info[:2]]
    managed = [p for n in names for p in Path.home().glob(f".pyenv/versions/{n}*/bin/python{n}")]
    return [f"python{name}" for name in names] + [str(path) for path in managed]


def fits(python: str) -> bool:
    """Is there really a Python behind the name, and does it have what a venv needs?"""
    try:
        command = [python, "-c", "import venv, ensurepip, sqlite3, ssl"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def run(step: Step) -> Result:
    sys.stdout.write(f"\n== {step.name}\n")
    sys.stdout.flush()
    if step.skipped:
        return Result(step.name, True, f"skipped ({step.skipped})")
    start = time.monotonic()
    tail = ""
    with subprocess.Popen(
        step.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            tail = line if line.strip() else tail
    return Result(step.name, process.returncode == 0, words(tail, time.monotonic() - start))


def words(last_line: str, seconds: float) -> str:
    """What pytest counted, and how long the step took."""
    counts = re.findall(r"\d+ (?:passed|failed|errors?|skipped)", last_line)
    return ", ".join([*counts, f"{seconds:.0f} s"])


def main(which: str) -> int:
    start = time.monotonic()
    results = [run(step) for step in (on_newer() if which == "newer" else steps())]
    ok = all(result.ok for result in results)
    told = "; ".join(f"{r.name} {'' if r.ok else 'FAILED '}{r.words}" for r in results)
    verdict = "passed" if ok else "FAILED"
    sys.stdout.write(f"\nmake test {verdict} in {time.monotonic() - start:.0f} s: {told}\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:] or [""]))
