"""Fifty real calls are recorded while everything between a telephone and the storage is killed or
cut once. Then every line of the guarantee report is held against the sound itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live.sound import beeping
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, Caller, System, running
from tests.live.test_nobody_alone import kill, kill_worker
from tests.live.test_recorder import CALLERS, GREETING, LINE, NUMBER

pytestmark = [pytest.mark.live, pytest.mark.prove]

WAVES, AT_ONCE, SECONDS = 10, 5, 14
# Of each line of the report: its verdict, and what is really in the sound, decoded here.
LOOK = """
    import io
    import av, numpy as np
    from recordings import guarantee
    from recordings.stores import open_recording
    from telephony.models import Call

    def lanes(recording):
        source = open_recording(recording)
        resampler = av.AudioResampler(format="s16p", layout="stereo", rate=8000)
        with av.open(io.BytesIO(b"".join(source.read()))) as file:
            frames = [e for frame in file.decode(audio=0) for e in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray() for frame in frames], axis=1).astype(float)

    def voiced(lane):
        cut = lane[: len(lane) // 1600 * 1600].reshape(-1, 1600)
        return float((np.sqrt((cut ** 2).mean(axis=1)) > 300).sum() * 0.2)

    result = {"answered": Call.objects.exclude(answered_at=None).count(), "lines": []}
    for line in guarantee.lines(guarantee.today()):
        row = line.recording
        told = {"verdict": str(line.result), "reasons": [str(each) for each in line.why]}
        told |= {"from": row.call.from_number, "talk": line.talk.total_seconds()}
        if row.has_sound:
            sound = lanes(row)
            told |= {"length": sound.shape[1] / 8000, "voices": [voiced(each) for each in sound]}
        result["lines"].append(told)
"""
OPEN = """
    from recordings.models import Part, Recording
    from telephony.models import Call
    result = (
        Call.objects.exclude(state="ended").count()
        + Recording.objects.open().count()
        + Part.objects.filter(state__in=["writing", "arriving", "arrived"]).count()
    )
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    programs = (*PROGRAMS, "watchdog", "standby", "recorder")
    with running(*programs, alone="agent web", AGENT_CALLS="12") as system:
        system.ask(LINE.format(greeting=GREETING))
        system.wait_for_line()
        yield system


@dataclass(frozen=True)
class Fault:
    """What happens in the middle of a wave, and how long until it is mended."""

    strike: Callable[[System], None]
    mend: Callable[[System], None]
    seconds: float


def cut_storage(system: System) -> None:
    """The disk of the recordings is gone: nothing can be written or read there."""
    (system.folder / "media" / "recordings").rename(system.folder / "away")
    (system.folder / "media" / "recordings").write_bytes(b"")


def bring_storage(system: System) -> None:
    (system.folder / "media" / "recordings").unlink()
    (system.folder / "away").rename(system.folder / "media" / "recordings")


def bring_broker(system: System) -> None:
    """It has forgotten everything, also what LiveKit kept in it: the next look writes it anew."""
    system.stack.start_broker()
    revive(system)
    time.sleep(40)


FAULTS = {
    1: Fault(kill_worker, lambda system: system.start_program("agent"), 3),
    3: Fault(lambda system: kill(system, "web"), lambda system: system.start_program("web"), 20),
    5: Fault(lambda system: system.stack.kill("broker"), bring_broker, 5),
    7: Fault(cut_storage, bring_storage, 20),
    8: Fault(
        lambda system: kill(system, "recorder"),
        lambda system: system.start_program("recorder"),
        5,
    ),
}


def wave(system: System, number: int) -> None:
    """Calls at once, in the middle of which something may break."""
    callers = [dial(system, f"7916{number:03}{place:04}") for place in range(AT_ONCE)]
    if fault := FAULTS.get(number):
        time.sleep(SECONDS / 2)
        fault.strike(system)
        time.sleep(fault.seconds)
        fault.mend(system)
        revive(system)
    for caller in callers:
        caller.result()
    if fault:
        system.wait_for_line()


def revive(system: System) -> None:
    """What a supervisor does: Celery's worker gives up where its broker goes at a bad moment."""
    for name in [name for name, process in system.processes.items() if process.poll() is not None]:
        system.start_program(name)


def dial(system: System, user: str) -> Caller:
    said = beeping(system.folder / f"{user}.wav", CALLERS, SECONDS)
    return system.dial(NUMBER, f"say:{said}", user=user)


def test_whatever_is_killed_the_report_is_true_line_by_line(system: System) -> None:
    for number in range(WAVES):
        wave(system, number)
    wait_until(lambda: system.ask(OPEN) == 0, "some recording was not settled", 240)
    found = system.ask(LOOK)
    verdicts = Counter(line["verdict"] for line in found["lines"])
    assert verdicts.total() == found["answered"] > 0.8 * WAVES * AT_ONCE, verdicts
    for line in found["lines"]:
        assert is_true(line), line
    # Everything that was written down on a disk that outlived its process is there in the end.
    assert verdicts["missing"] == 0, [line for line in found["lines"] if "length" not in line]
    assert left_over(system) == []


def is_true(line: dict[str, Any]) -> bool:
    """Does the sound say what the report says of it?"""
    if line["verdict"] == "missing":
        return "length" not in line and bool(line["reasons"])
    is_long = abs(line["length"] - line["talk"]) < max(0.05 * line["talk"], 2)
    is_whole = is_long and min(line["voices"]) > 0
    return is_whole if line["verdict"] == "whole" else bool(line["reasons"])


def left_over(system: System) -> list[str]:
    """Sound that still waits somewhere on its way."""
    spool = [each.name for each in (system.folder / "spool" / "sound").glob("*")]
    incoming = (system.folder / "media" / "recordings" / "incoming").rglob("*")
    return spool + [each.name for each in incoming if each.is_file()]
