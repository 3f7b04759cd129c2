"""1,000 numbers in 50 rules into LiveKit, against a bare livekit-api loop; and a save to live."""

import json
import statistics
import subprocess
import sys
from typing import Any

from tests.bench.figures import Figure
from tests.bench.ground import Ground, MissingError
from tests.live.stack import ROOT, missing, wait_until

SECOND = 1.0


def measure(arena: Ground) -> list[Figure]:
    if lacking := missing():
        raise MissingError(f"not on this machine: {', '.join(lacking)}")
    arena.system.stack.start_server()
    arena.system.start_program("worker")
    wait_until(lambda: "ready." in arena.system.log("worker"), "no worker", 60)
    found = _figures(arena)
    pairs = found["rounds"]
    return [
        Figure(
            name="publish 1,000 numbers in 50 rules, median",
            unit="ms",
            ours=statistics.median(ours for ours, _ in pairs) * 1000,
            bare=statistics.median(bare for _, bare in pairs) * 1000,
            bound="<=",
            target=1.10,
            paired=statistics.median(ours / bare for ours, bare in pairs),
        ),
        Figure("calls that make them", "", found["creates"], found["bare_creates"], "<=", 1.0),
        Figure("calls where nothing changed", "", sum(found["unchanged"].values()), 3, "<=", 1.0),
        Figure(
            "saved to live in LiveKit, p95 (beside: 1 s)",
            "ms",
            found["saved"][int(len(found["saved"]) * 0.95)] * 1000,
            SECOND * 1000,
            "<=",
            1.0,
        ),
    ]


def _figures(arena: Ground) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.publishing"],
        cwd=ROOT,
        env=arena.system.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.split("figures:")[1])
    return found
