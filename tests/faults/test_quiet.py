"""A line that is well raises no alarm, however many call."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.faults.line import Line
from tests.live.stack import ROOT

pytestmark = [pytest.mark.live, pytest.mark.prove]

CALLS = 1000


def test_an_hour_of_a_thousand_calls_opens_no_incident() -> None:
    """The hour is pressed into some minutes, so its calls are many more at once."""
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        line = Line(Path(folder), SIMULATOR="true")
        try:
            line.start()
            line.do("desk.begin_anew()")
            began = time.monotonic()
            words = ["--calls", str(CALLS), "--concurrent", "20", "--pace", "0.2", "--seed", "7"]
            subprocess.run(
                [sys.executable, "manage.py", "simulate", *words],
                cwd=ROOT,
                env=line.up.environment,
                check=True,
            )
            took = time.monotonic() - began
            line.wait_for("desk.all_calls_are_over()")
            assert line.ask("desk.count_calls()") >= CALLS * 0.9, took
            assert line.ask("desk.all_rules()") == [], f"in {took:.0f} s"
        finally:
            line.stop()
