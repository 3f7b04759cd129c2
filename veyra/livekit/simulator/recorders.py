"""The simulated egress: writes files, sends rooms on, and has every fault that a real one has."""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from time import time_ns
from typing import Any

from livekit import api
from livekit.protocol import egress as protocol
from livekit.protocol.egress import EgressInfo, FileInfo, StreamInfo

from veyra.livekit.media import RTMP, masked
from veyra.livekit.simulator import sound
from veyra.livekit.simulator.ids import new_id
from veyra.livekit.simulator.sequence import Speak
from veyra.livekit.simulator.store import Store, refused
from veyra.livekit.types import Participant, Room

Status = protocol.EgressStatus
OVER = (
    Status.EGRESS_COMPLETE,
    Status.EGRESS_FAILED,
    Status.EGRESS_ABORTED,
    Status.EGRESS_LIMIT_REACHED,
)
NO_START = "Start signal not received"
PRECONDITION, INTERNAL = 412, 500


class Fault(StrEnum):
    """What the next egress meets."""

    # No recorder has room for it: the request is refused.
    CPU = "cpu"
    NO_START = "no_start"
    # Its whole program is killed: it stays ACTIVE for ever, and writes nothing.
    STUCK = "stuck"
    # The process of this one recording is killed.
    KILLED = "killed"
    EMPTY = "empty"
    UPLOAD = "upload"
    BACKUP = "backup"
    # Its end is told twice.
    TWICE = "twice"
    # The server that it streams to refuses it.
    TARGET = "target"


class Job:
    """One egress. `path` and `bucket` are where its file goes; no path: it only streams."""

    def __init__(self, info: EgressInfo, fault: Fault | None, room: Room) -> None:
        self.info, self.fault, self.room = info, fault, room
        self.path, self.bucket = "", api.S3Upload()
        self.has_picture = False
        self.addresses: list[str] = []


class Recorders:
    """LiveKit's egress. Without a bucket in the request, files lie under `folder`."""

    def __init__(self, store: Store, speak: Speak, start_seconds: float = 0.05) -> None:
        self.store, self.speak, self.start_seconds = store, speak, start_seconds
        self.folder: Path | None = None
        self.jobs: dict[str, Job] = {}
        # The next egress meets the first of them, and so on.
        self.faults: list[Fault] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def record_room(self, asked: api.RoomCompositeEgressRequest) -> EgressInfo:
        job = self._job(asked.room_name)
        job.info.room_composite.CopyFrom(asked)
        job.has_picture = not asked.audio_only
        files, streams = [*asked.file_outputs], [*asked.stream_outputs]
        if asked.HasField("file"):
            files.append(asked.file)
        if not files and not streams:
            raise refused("request has missing or invalid field: output")
        for file in files:
            self._write_to(job, file.filepath, file.s3, "mp4" if job.has_picture else "ogg")
        self._add_targets(job, [url for each in streams for url in each.urls])
        return await self._start(job)

    async def record_track(self, asked: api.TrackEgressRequest) -> EgressInfo:
        job = self._job(asked.room_name)
        tracks = [t for p in self.store.list_participants(asked.room_name) for t in p.tracks]
        if asked.track_id not in [track.sid for track in tracks]:
            raise refused("track not found", "not_found")
        job.info.track.CopyFrom(asked)
        self._write_to(job, asked.file.filepath, asked.file.s3, "ogg")
        return await self._start(job)

    async def change(self, asked: api.UpdateStreamRequest) -> EgressInfo:
        job = self._going_on(asked.egress_id)
        if not job.addresses:
            raise refused("UpdateStream called on egress without stream output")
        for address in asked.remove_output_urls:
            if address not in job.addresses:
                raise refused("could not find stream", "not_found")
            job.addresses.remove(address)
            for target in job.info.stream_results:
                if target.url == masked(address):
                    target.status, target.ended_at = StreamInfo.FINISHED, time_ns()
        self._add_targets(job, list(asked.add_output_urls))
        await self._say("egress_updated", job)
        if not job.addresses:
            await self._end(job, "All streams stopped")
        return job.info

    async def stop(self, asked: api.StopEgressRequest) -> EgressInfo:
        job = self._going_on(asked.egress_id)
        await self._end(job, "StopEgress API")
        return job.info

    async def list(self, asked: api.ListEgressRequest) -> api.ListEgressResponse:
        infos = [job.info for job in self.jobs.values()]
        if asked.room_name:
            infos = [info for info in infos if info.room_name == asked.room_name]
        if asked.egress_id:
            infos = [info for info in infos if info.egress_id == asked.egress_id]
        if asked.active:
            infos = [info for info in infos if info.status not in OVER]
        return api.ListEgressResponse(items=infos)

    async def room_closed(self, room: Room) -> None:
        for job in list(self.jobs.values()):
            if job.room.sid == room.sid and job.info.status not in OVER:
                await self._end(job, "Source closed")

    def _job(self, room_name: str) -> Job:
        room = self.store.rooms.get(room_name)
        if room is None:
            raise refused("requested room does not exist", "not_found")
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.CPU:
            raise refused("no response from servers", "unavailable")
        info = EgressInfo(egress_id=new_id("EG_"), room_id=room.sid, room_name=room.name)
        return Job(info, fault, room)

    def _write_to(self, job: Job, path: str, bucket: api.S3Upload, ending: str) -> None:
        if not path or path.endswith("/"):
            path += f"{job.room.name}-{job.info.egress_id}"
        if not bucket.bucket and self.folder is None:
            raise refused("local storage is not allowed")
        job.path = path if path.endswith(f".{ending}") else f"{path}.{ending}"
        job.bucket = bucket

    def _add_targets(self, job: Job, addresses: Sequence[str]) -> None:
        for address in addresses:
            if RTMP.match(address) is None:
                raise refused(f"invalid url: {address}")
            job.addresses.append(address)
            target = StreamInfo(url=masked(address), started_at=time_ns())
            if job.fault is Fault.TARGET:
                target.status, target.error = StreamInfo.FAILED, "could not connect"
                job.addresses.remove(address)
            job.info.stream_results.append(target)

    def _going_on(self, egress: str) -> Job:
        job = self.jobs.get(egress)
        if job is None:
            raise refused("egress not found", "not_found")
        if job.info.status in OVER:
            name = Status.Name(job.info.status)
            said = f"egress with status {name} cannot be stopped"
            raise refused(said, "failed_precondition")
        return job

    async def _start(self, job: Job) -> EgressInfo:
        """As LiveKit's answer: it begins, and what comes of it is told by webhooks."""
        self.jobs[job.info.egress_id] = job
        job.info.started_at = job.info.updated_at = time_ns()
        answer = EgressInfo()
        answer.CopyFrom(job.info)
        await self._say("egress_started", job)
        task = asyncio.create_task(self._run(job))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return answer

    async def _run(self, job: Job) -> None:
        await asyncio.sleep(self.start_seconds)
        if job.info.status in OVER:
            return
        if job.fault is Fault.NO_START:
            return await self._fail(job, Status.EGRESS_ABORTED, NO_START, PRECONDITION)
        if job.fault is Fault.TARGET and job.info.stream_results and not job.addresses:
            return await self._fail(job, Status.EGRESS_FAILED, "could not connect", PRECONDITION)
        job.info.status = Status.EGRESS_ACTIVE
        if job.fault is not Fault.STUCK:
            self._enter(job)
        await self._say("egress_updated", job)
        if job.fault is Fault.KILLED:
            await self._fail(job, Status.EGRESS_FAILED, "internal error", INTERNAL)

    def _enter(self, job: Job) -> None:
        """As a hidden participant, who is in the room for as long as its process lives."""
        room = self.store.rooms.get(job.room.name)
        if room and room.sid == job.room.sid:
            name = job.info.egress_id
            self.store.join(room.name, Participant(sid=new_id("PA_"), identity=name, kind="egress"))

    async def _end(self, job: Job, why: str) -> None:
        """The room closed, or somebody stopped it: what it wrote is brought to its storage."""
        if job.fault is Fault.STUCK:
            return
        if job.info.status == Status.EGRESS_STARTING:
            said = "Stop called before pipeline could start"
            return await self._fail(job, Status.EGRESS_ABORTED, said, PRECONDITION)
        job.info.details = f"End reason: {why}"
        job.info.status = Status.EGRESS_ENDING
        await self._say("egress_updated", job)
        for target in job.info.stream_results:
            if target.status == StreamInfo.ACTIVE:
                target.status, target.ended_at = StreamInfo.FINISHED, time_ns()
        if job.path and not await self._bring(job):
            return await self._fail(job, Status.EGRESS_FAILED, "S3 upload failed", INTERNAL)
        await self._finish(job, Status.EGRESS_COMPLETE)

    async def _bring(self, job: Job) -> bool:
        """Write the file; False: the storage did not take it."""
        seconds = (time_ns() - job.info.started_at) / 1e9
        made = b""
        if job.fault is not Fault.EMPTY:
            make: Callable[[float], bytes] = sound.film if job.has_picture else sound.talk
            made = await asyncio.to_thread(make, seconds)
        place = f"{job.bucket.endpoint or 'https://s3.amazonaws.com'}/{job.bucket.bucket}"
        location = f"{place}/{job.path}"
        if job.fault is Fault.BACKUP:
            job.info.backup_storage_used, location = True, f"backup/{job.path}"
        elif job.fault is Fault.UPLOAD or not await self._store(job, made):
            return False
        if not job.bucket.bucket:
            location = job.path
        file = FileInfo(
            filename=job.path,
            location=location,
            size=len(made),
            duration=round(seconds * 1e9),
            started_at=job.info.started_at,
            ended_at=time_ns(),
        )
        job.info.file_results.append(file)
        return True

    async def _store(self, job: Job, made: bytes) -> bool:
        if job.bucket.bucket:
            return await asyncio.to_thread(sound.put, job.bucket, job.path, made)
        if self.folder is None:
            return False
        path = self.folder / job.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(path.write_bytes, made)
        return True

    async def _fail(self, job: Job, status: Any, error: str, code: int) -> None:
        job.info.error, job.info.error_code = error, code
        for target in job.info.stream_results:
            if target.status == StreamInfo.ACTIVE:
                target.status = StreamInfo.FAILED
        await self._finish(job, status)

    async def _finish(self, job: Job, status: Any) -> None:
        job.info.status, job.info.ended_at = status, time_ns()
        self.store.people.get(job.room.name, {}).pop(job.info.egress_id, None)
        await self._say("egress_ended", job)
        if job.fault is Fault.TWICE:
            await self._say("egress_ended", job)

    async def _say(self, kind: str, job: Job) -> None:
        job.info.updated_at = time_ns()
        event = api.WebhookEvent(
            event=kind, id=new_id("EV_"), created_at=time_ns() // 1_000_000_000
        )
        event.egress_info.CopyFrom(job.info)
        _hide(event.egress_info)
        await self.speak([event])


def _hide(info: EgressInfo) -> None:
    """As LiveKit sends it: logins as their names, keys of streams masked."""
    for file in info.room_composite.file_outputs:
        if file.s3.secret:
            file.s3.access_key, file.s3.secret = "{access_key}", "{secret}"
    if info.track.file.s3.secret:
        info.track.file.s3.access_key, info.track.file.s3.secret = "{access_key}", "{secret}"
    for stream in info.room_composite.stream_outputs:
        stream.urls[:] = [masked(url) for url in stream.urls]
