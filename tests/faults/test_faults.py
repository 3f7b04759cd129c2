"""Each fault is made on a real line, found by its incident, and healed by its button."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

from tests.faults import calls, ground, programs
from tests.faults.fault import Fault, Row, run
from tests.faults.line import Line
from tests.live.stack import missing

pytestmark = [pytest.mark.live, pytest.mark.prove]

FAULTS = (*programs.FAULTS, *ground.FAULTS, *calls.FAULTS)
# Nineteen of twenty faults are found within it.
SECONDS = 30
# The share of one core that all of them may take.
CORE = 0.02
HEAD = "| fault | found after | the incident says | button | healed after | wrong |"


class Table:
    """Rows as they come; also in a file, so that a run that is cut short leaves what it has."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, list[Row]()
        path.write_text(f"{HEAD}\n|---|---|---|---|---|---|\n")

    def add(self, row: Row) -> None:
        self.rows.append(row)
        with self.path.open("a") as file:
            file.write(f"{row}\n")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return Table(tmp_path_factory.mktemp("faults") / "faults.md")


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    if os.geteuid() or not shutil.which("gcc"):
        pytest.skip("a disk of its own and a wrong clock need root and gcc")
    # pytest's own folders are too deep for a socket's path, which ends at 107 characters.
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        line = Line(Path(folder))
        try:
            line.start()
            yield line
        finally:
            line.stop()


def test_all_checks_and_rules_cost_less_than_a_fiftieth_of_a_core(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, float] = line.ask("desk.cost()")
    dearest = sorted(found.items(), key=lambda each: -each[1])[:5]
    with capsys.disabled():
        told = ", ".join(f"{name} {share:.2%}" for name, share in dearest)
        sys.stdout.write(f"\nall checks: {sum(found.values()):.2%} of one core ({told})\n")
    assert sum(found.values()) < CORE


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_found_and_its_button_heals(
    line: Line, table: Table, fault: type[Fault]
) -> None:
    row = run(fault(), line)
    table.add(row)
    assert row.found is not None and row.healed is not None and not row.wrong, row


def test_nearly_all_faults_are_found_within_half_a_minute(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    if len(table.rows) < 2:
        pytest.skip("the faults were not made in this run")
    found = [row.found for row in table.rows if row.found is not None]
    slowest = quantiles(found, n=20, method="inclusive")[-1]
    with capsys.disabled():
        sys.stdout.write(f"\n{table.path.read_text()}\n")
        sys.stdout.write(f"95 % of {len(found)} are found within {slowest:.1f} s\n")
    assert len(found) >= 25 and slowest <= SECONDS
