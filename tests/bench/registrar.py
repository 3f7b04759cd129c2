"""What the way by the registrar costs: until the answer of the real gateway, and in bulk.

One assistant answers both ways, in turns: straight from our SIP caller to the gateway, and by
Kamailio. In bulk sipp stands at both ends, so that Kamailio alone is at work between them.
"""

import csv
import json
import shutil
import socket
import statistics
import subprocess
import time
from pathlib import Path

from tests.bench.calls import OURS, PAUSE, start_ours
from tests.bench.figures import Figure
from tests.bench.ground import Ground, MissingError
from tests.live.stack import free_port, missing
from tests.registrar.kamailio import (
    Kamailio,
    front_on_free_ports,
    lacks_kamailio,
    line,
    registered,
)
from tests.registrar.provider import Provider

PAIRS = 40
WARM_UP = 3
RATE, SECONDS = 50, 24
SCENARIOS = Path(__file__).with_name("sipp")
LOGIN = {"1001": "one secret"}


def measure(arena: Ground) -> list[Figure]:
    lacking = missing() + lacks_kamailio() + ([] if shutil.which("sipp") else ["sipp"])
    if lacking:
        raise MissingError(f"not on this machine: {', '.join(lacking)}")
    return [*_in_bulk(arena.system.folder / "bulk"), _until_answered(arena)]


def _until_answered(arena: Ground) -> Figure:
    stack = arena.system.stack
    stack.start_server()
    stack.start_gateway()
    start_ours(arena)
    front = front_on_free_ports(arena.system.folder, stack.sip_port)
    with Provider(LOGIN) as provider, Kamailio(front) as kamailio:
        registered(kamailio, kamailio.put(line(provider, numbers=(OURS,))))
        ways = (kamailio.outer, f"{stack.sip_host}:{stack.sip_port}")
        pairs = [[_answer(arena, way) for way in ways] for _ in range(WARM_UP + PAIRS)][WARM_UP:]
    return Figure(
        name="INVITE to 200 OK by the registrar, median; straight to the gateway",
        unit="ms",
        ours=statistics.median(by_registrar for by_registrar, _ in pairs) * 1000,
        bare=statistics.median(straight for _, straight in pairs) * 1000,
        bound="<=",
        target=1.10,
        paired=statistics.median(by_registrar / straight for by_registrar, straight in pairs),
    )


def _answer(arena: Ground, way: str) -> float:
    result = arena.system.call(OURS, "wait:0.2", way=way)
    time.sleep(PAUSE)
    if result["answered"] is None:
        raise RuntimeError(f"a call was not answered: {json.dumps(result)}")
    return float(result["answered"])


def _in_bulk(folder: Path) -> list[Figure]:
    folder.mkdir()
    gateway_port = free_port(socket.SOCK_DGRAM)
    front = front_on_free_ports(folder, gateway_port)
    with Provider(LOGIN) as provider, Kamailio(front) as kamailio:
        ours = kamailio.put(line(provider, numbers=(OURS,)))
        registered(kamailio, ours)
        gateway = _sipp(folder, "gateway", "-p", str(gateway_port))
        before = kamailio.cpu_seconds()
        try:
            passed = _calls(folder, kamailio.outer)
        finally:
            gateway.terminate()
            gateway.wait()
        used = kamailio.cpu_seconds() - before
    return [
        Figure(
            name=f"calls of {SECONDS} s at {RATE}/s by the registrar without loss or repetition",
            unit="",
            ours=passed,
            bare=RATE * SECONDS,
            bound=">=",
            target=1.0,
        ),
        Figure(
            name=f"processor time of Kamailio at {RATE} calls/s; time passed",
            unit="s",
            ours=used,
            bare=SECONDS,
            bound="<=",
            target=0.5,
        ),
    ]


def _calls(folder: Path, way: str) -> int:
    """How many calls were answered and ended as they should, none of it said twice."""
    count = RATE * SECONDS
    options = [
        "-r",
        str(RATE),
        "-m",
        str(count),
        "-s",
        OURS,
        "-p",
        str(free_port(socket.SOCK_DGRAM)),
    ]
    statistics_file = folder / "calls.csv"
    caller = _sipp(folder, "caller", way, *options, "-trace_stat", "-stf", str(statistics_file))
    caller.wait(SECONDS + 40)
    *_, last = csv.DictReader(statistics_file.open(), delimiter=";")
    return int(last["SuccessfulCall(C)"]) - int(last["Retransmissions(C)"])


def _sipp(folder: Path, name: str, *options: str) -> "subprocess.Popen[bytes]":
    command = ["sipp", "-sf", str(SCENARIOS / f"{name}.xml"), "-i", "127.0.0.1", "-nostdin"]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*command, *options], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
