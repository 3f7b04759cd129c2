"""The worker: registers with LiveKit, and starts a process for each call it takes."""

import asyncio
import contextlib
import logging
import math
import os
import signal
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from livekit.agents import AgentServer, JobRequest

from agentworker import job
from agentworker.brief import BriefError, read_brief
from veyra.livekit.pairs import pairs
from veyra.livekit.types import AGENT_NAME

log = logging.getLogger(__name__)

# LiveKit may be away for a night; the supervisor must not have to notice.
FOR_EVER = 2**31
# Two callers at once find a warm process each.
IDLE_PROCESSES = 2
# LiveKit offers no call to a worker that has reached its `agents.target_load`, which is 0.7.
FULL = 0.69
# So soon it looks whether the key pair is another.
PAIR_SECONDS = 1.0


@dataclass(frozen=True)
class LiveJob:
    job: str
    room: str


class LineWorker:
    """The library's server, and what staff want to know of it."""

    def __init__(
        self,
        capacity: int,
        port: int,
        host: str = "127.0.0.1",
        metrics_port: int = 0,
        libraries: Iterable[str] = (),
    ) -> None:
        self.capacity = capacity
        # Staff want it to take no more calls for now.
        self.resting = False
        # Callers who wait in the queue: so many places are theirs before anybody else's.
        self.promised = 0
        self._registered = False
        # As LiveKit told when it took us in; "": not yet.
        self.livekit_version = ""
        self._started = False
        self._accepting: set[str] = set()
        self._pair = pairs().first
        self.server = AgentServer(
            ws_url=settings.LIVEKIT_URL,
            api_key=self._pair.name,
            api_secret=self._pair.secret,
            host=host,
            port=port,
            prometheus_port=metrics_port or None,
            setup_fnc=job.prewarm,
            # A provider's library takes most of a second of a core: once, and not for each call.
            preload_modules=["agentworker.job", *libraries],
            num_idle_processes=IDLE_PROCESSES,
            initialize_process_timeout=60,
            max_retry=FOR_EVER,
            load_fnc=self.load,
            # Calls are counted in `on_request`: the library's guess at the load of a call that
            # has just begun turns the second of two simultaneous callers away.
            load_threshold=math.inf,
        )
        self.server.rtc_session(
            job.entrypoint,
            agent_name=AGENT_NAME,
            on_request=self.on_request,
            on_session_end=job.on_session_end,
        )
        self.server.on("worker_started", self._on_started)
        self.server.on("worker_registered", self._on_registered)

    async def on_request(self, request: JobRequest) -> None:
        """Take the call if there is room for one more; else LiveKit asks another worker."""
        if self.resting:
            await request.reject(terminate=False)
            return
        taken = {live.job for live in self.jobs()} | self._accepting
        promised = 0 if goes_first(request.job.metadata) else self.promised
        if len(taken) + promised >= self.capacity:
            await request.reject(terminate=False)
            return
        self._accepting.add(request.id)
        try:
            await request.accept()
        finally:
            self._accepting.discard(request.id)

    def load(self) -> float:
        """0: idle; FULL: without a free place; 1: resting. LiveKit prefers the least loaded worker.

        A full one stays below what LiveKit takes for full: it would be offered nothing until it is
        heard of otherwise, seconds after a place is free. `on_request` passes on what does not fit.
        """
        return 1.0 if self.resting else load_with(len(self.jobs()), self.capacity)

    def jobs(self) -> list[LiveJob]:
        """Calls whose process lives."""
        if not self._started:
            return []
        return [LiveJob(info.job.id, info.job.room.name) for info in self.server.active_jobs]

    def end_hung(self, rooms: Collection[str]) -> None:
        """End the processes of the jobs in these rooms, and those that wait for a call: what made
        the first hang may have made them hang, and new ones take their place at once.

        The library itself ends a process that does not answer, but only after a minute.
        """
        for process in list(self.server._proc_pool.processes) if self._started else ():
            job, pid = process.running_job, getattr(process, "pid", None)
            if pid and (job is None or job.job.room.name in rooms):
                log.warning("the process %s is ended, as it was asked for", pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def follow_pairs(self) -> None:
        """Sign by the key pair of the moment, for ever.

        The library takes one for its whole life. So it is told another behind its back, and comes
        to LiveKit anew, within milliseconds; calls have connections of their own.
        """
        while True:
            await asyncio.sleep(PAIR_SECONDS)
            pair = pairs().first
            if pair != self._pair and not self._accepting and self.server._conn_task:
                self._pair = pair
                self.server._api_key, self.server._api_secret = pair.name, pair.secret
                self.server._conn_task.cancel()
                await asyncio.wait([self.server._conn_task])
                self.server._conn_task = asyncio.create_task(self.server._connection_task())
                log.info("it signs by another key pair from now on")

    @property
    def draining(self) -> bool:
        """It takes no calls, because it is about to leave or because staff want so."""
        return self.resting or self.server.draining

    @property
    def registered(self) -> bool:
        """LiveKit knows us, and the connection stands."""
        # The library says when it is registered, and only here that it no longer is.
        return self._registered and not self.server._connecting

    def _on_started(self) -> None:
        self._started = True

    def _on_registered(self, _worker: str, server: Any) -> None:
        self._registered, self.livekit_version = True, server.version


def load_with(calls: int, capacity: int) -> float:
    """The load of a worker with so many calls, as LiveKit is told it."""
    return FULL * min(calls / capacity, 1.0)


def goes_first(metadata: str) -> bool:
    """Has its caller waited before those who call only now?"""
    try:
        return read_brief(metadata).first
    except BriefError:
        return False


def default_name(port: int) -> str:
    """One name for each worker of a host, the same after a restart."""
    return f"{socket.gethostname()}:{port}"
