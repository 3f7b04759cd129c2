"""How many calls a worker takes, and what it tells of itself."""

import asyncio
import contextlib
import os
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils import timezone
from livekit.agents import JobRequest
from livekit.protocol.agent import Job

from agentworker import job
from agentworker.heartbeat import EVERY_SECONDS, Heartbeat
from agentworker.housekeeping import Housekeeping
from agentworker.models import SessionEvent, Worker
from agentworker.shipping import Shipper
from agentworker.spool import JobFacts, Leg, Spool
from agentworker.worker import LineWorker, load_with


class Requests:
    """LiveKit's side of a request: a job is running from its acceptance to `done`."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.done = asyncio.Event()

    def request(self, job_id: str, metadata: str = "") -> JobRequest:
        async def accept(_arguments: object) -> None:
            self.answers.append("taken")
            await self.done.wait()

        async def reject(terminate: bool) -> None:
            self.answers.append("ended" if terminate else "passed on")

        return JobRequest(job=Job(id=job_id, metadata=metadata), on_reject=reject, on_accept=accept)


async def test_a_worker_keeps_places_for_those_who_have_waited() -> None:
    line, livekit = LineWorker(2, 0), Requests()
    livekit.done.set()
    line.promised = 2
    await line.on_request(livekit.request("a"))
    await line.on_request(livekit.request("b", '{"agent": "1", "first": true}'))
    assert livekit.answers == ["passed on", "taken"]


async def test_a_worker_takes_as_many_calls_at_once_as_it_carries() -> None:
    line, livekit = LineWorker(2, 0), Requests()
    asked = [asyncio.create_task(line.on_request(livekit.request(job))) for job in "abc"]
    await asyncio.sleep(0.01)
    assert livekit.answers == ["taken", "taken", "passed on"]
    livekit.done.set()
    await asyncio.gather(*asked)
    await line.on_request(livekit.request("d"))
    assert livekit.answers[-1] == "taken"


@pytest.mark.django_db
def test_a_worker_tells_of_itself_at_most_every_two_seconds() -> None:
    heartbeat = Heartbeat("here:1", LineWorker(3, 0))
    assert heartbeat.beat()
    assert not heartbeat.beat()
    row = Worker.objects.get()
    assert (row.name, row.pid, row.capacity, row.jobs) == ("here:1", os.getpid(), 3, [])
    assert not row.registered
    assert timezone.now() - row.seen_at < timedelta(seconds=5)
    heartbeat._written -= EVERY_SECONDS
    assert heartbeat.beat()


@pytest.mark.django_db
def test_a_restarted_worker_takes_over_its_row() -> None:
    Heartbeat("here:1", LineWorker(3, 0)).beat()
    again = Heartbeat("here:1", LineWorker(5, 0))
    again.beat()
    assert Worker.objects.get().capacity == 5
    again.stop()
    assert not Worker.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rests", "answer", "load"), [(True, "passed on", 1.0), (False, "taken", 0.0)]
)
def test_a_worker_that_is_to_rest_passes_calls_on(rests: bool, answer: str, load: float) -> None:
    line, livekit = LineWorker(3, 0), Requests()
    line.resting = not rests
    livekit.done.set()
    heartbeat = Heartbeat("here:1", line)
    heartbeat.beat()
    Worker.objects.update(is_resting=rests)
    heartbeat._written -= EVERY_SECONDS
    heartbeat.beat()
    asyncio.run(line.on_request(livekit.request("a")))
    assert (livekit.answers, line.load(), line.draining) == ([answer], load, rests)


@pytest.mark.parametrize("capacity", [1, 10, 1000])
def test_a_worker_with_a_free_place_is_below_what_livekit_takes_for_full(capacity: int) -> None:
    loads = [load_with(calls, capacity) for calls in range(capacity + 2)]
    assert loads == sorted(loads) and loads[0] == 0 and loads[1] > 0
    # By its `agents.target_load`; it is told of a place that is free again only seconds later.
    assert max(loads) < 0.7


class Broken(Shipper):
    """A shipper with a fault that nobody foresaw."""

    def ship(self, *_meanwhile: object) -> int:
        raise RuntimeError("a fault")


@pytest.mark.django_db
def test_a_fault_of_the_shipper_does_not_end_the_life_signs(tmp_path: Path) -> None:
    housekeeping = Housekeeping(Heartbeat("here:1", LineWorker(1, 0)), Broken(tmp_path))
    assert not housekeeping._tick()
    assert Worker.objects.get().seen_at > timezone.now() - timedelta(seconds=5)


class Telling(Heartbeat):
    """Knows how many facts were stored at each of its signs."""

    def beat(self) -> bool:
        self.stored = [*getattr(self, "stored", []), SessionEvent.objects.count()]
        return super().beat()


@pytest.mark.django_db
def test_life_signs_go_on_while_the_spools_of_a_night_are_shipped(tmp_path: Path) -> None:
    for number in range(3):
        spool = Spool(tmp_path, JobFacts(f"AJ_{number}", "call-1", "RM_1"))
        spool.event("started", Leg())
        spool.close()
    heartbeat = Telling("here:1", LineWorker(1, 0))
    assert Housekeeping(heartbeat, Shipper(tmp_path))._tick()
    assert heartbeat.stored == [0, 1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_what_is_left_is_shipped_before_the_worker_ends(tmp_path: Path) -> None:
    housekeeping = Housekeeping(Heartbeat("here:1", LineWorker(1, 0)), Shipper(tmp_path))
    housekeeping.start()
    spool = Spool(tmp_path, JobFacts("AJ_1", "call-1", "RM_1"))
    spool.event("started", Leg())
    end = time.monotonic() + 5
    while not SessionEvent.objects.exists() and time.monotonic() < end:
        time.sleep(0.05)
    spool.event("closed", Leg())
    spool.close()
    housekeeping.stop()
    assert [event.kind for event in SessionEvent.objects.order_by("pk")] == ["started", "closed"]
    assert not Worker.objects.exists()


class Pool:
    """What a worker knows of its processes: which job each of them has."""

    def __init__(self, **rooms: str) -> None:
        self.running = {room: subprocess.Popen(["sleep", "60"]) for room in rooms}
        self.processes = [
            SimpleNamespace(pid=self.running[name].pid, running_job=running(room) if room else None)
            for name, room in rooms.items()
        ]

    def ended(self) -> set[str]:
        """Those that have ended, once they had time to."""
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        return {name for name, process in self.running.items() if process.poll() is not None}

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def running(room: str) -> SimpleNamespace:
    return SimpleNamespace(job=SimpleNamespace(id=f"AJ_{room}", room=SimpleNamespace(name=room)))


@pytest.mark.django_db
def test_conversations_that_hang_are_ended_with_the_spare_processes_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line, pool = LineWorker(3, 0), Pool(hangs="call-1", talks="call-2", spare="")
    monkeypatch.setattr(line.server, "_proc_pool", pool, raising=False)
    line._on_started()
    heartbeat = Heartbeat("here:1", line)
    try:
        heartbeat.beat()
        assert pool.ended() == set()
        Worker.objects.update(rooms_to_end=["call-1"])
        heartbeat._written -= EVERY_SECONDS
        heartbeat.beat()
        assert pool.ended() == {"hangs", "spare"}
        assert Worker.objects.get().rooms_to_end is None
    finally:
        pool.close()


def test_a_job_process_sets_up_django_before_it_imports_any_model() -> None:
    source = Path(job.__file__).read_text()
    ours = [line for line in source.splitlines() if re.match(r"(from|import) agentworker", line)]
    assert ours[0].startswith("import agentworker.ready")
