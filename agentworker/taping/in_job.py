"""What a job records of its own call, and the orders that staff give it meanwhile."""

import asyncio
import json
import logging

from livekit import rtc

from agentworker.recording import RecordingPolicy
from agentworker.spool import Leg, Spool
from agentworker.taping.parts import Origin
from agentworker.taping.stay import Stay

log = logging.getLogger(__name__)

# A data packet of {"do": "pause" | "resume" | "stop"}; its answer is a fact in the spool.
TOPIC = "veyra.record"
# A caller does not wait longer for us to enter; then what is lost is the beginning.
PATIENCE = 2.0
# Nor with the greeting, once we are in, until we hear whoever says it.
HEAR_PATIENCE = 0.5
# A value of Recorder.
ASSISTANT = "assistant"
# After the call was given away `manage.py recorder` is in the room by then.
TAKEN_OVER_SECONDS, LOOK_SECONDS = 5.0, 0.2


class CallRecorder:
    """Of one job. Nothing is recorded before `start`."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        job = spool.job
        origin = Origin(job.room_name, job.room_sid, ASSISTANT, job.job_id)
        self._stay = Stay(origin, f"recorder-{job.job_id}", self._tell)

    def prepare(self, policy: RecordingPolicy) -> None:
        """Where all is recorded: be in the room before anything is said. It takes a moment."""
        if policy is RecordingPolicy.ALWAYS:
            self._stay.enter()

    async def begin(self, policy: RecordingPolicy) -> None:
        """Before our voice is there: record, where all is recorded."""
        if policy is RecordingPolicy.ALWAYS:
            await self.start()

    async def start(self) -> None:
        """Record from now on: always, or since the caller agreed."""
        await self._stay.start(PATIENCE)

    async def until_hears(self, identity: str) -> None:
        """What this one says next is recorded, if anything is."""
        if self._stay.is_recording:
            await self._stay.until_hears(identity, HEAR_PATIENCE)

    def follow(self, room: rtc.Room) -> None:
        room.on("data_received", self.read)

    def read(self, packet: rtc.DataPacket) -> None:
        """Only our own server gives orders: what people in the room send is not read."""
        if packet.topic != TOPIC or packet.participant is not None:
            return
        try:
            told = json.loads(packet.data)["do"]
            act = {
                "pause": self._stay.pause,
                "resume": self._stay.resume,
                "stop": self._stay.stop,
            }[told]
        except (ValueError, TypeError, KeyError):
            log.warning("an order to the recording could not be read")
            return
        act()

    async def end(self) -> None:
        await self._stay.leave()

    async def hand_over(self) -> None:
        """The call goes on without us: record until somebody else does."""
        for _look in range(int(TAKEN_OVER_SECONDS / LOOK_SECONDS)):
            if not self._stay.is_recording:
                break
            await asyncio.sleep(LOOK_SECONDS)
        await self.end()

    def _tell(self, kind: str, **payload: str) -> None:
        self._spool.event(kind, Leg(), None, **payload)
