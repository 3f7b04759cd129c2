"""What staff tell the assistant during a call, and the caller does not hear."""

import json
import logging
from collections.abc import Callable

from livekit import rtc

from agentworker.spool import Leg, Spool

log = logging.getLogger(__name__)

TOPIC = "veyra.hint"


class Hints:
    """Each is for the assistant's next turn. That it was read, and used, stands in the spool."""

    def __init__(self, spool: Spool, leg: Callable[[], Leg]) -> None:
        self._spool, self._leg = spool, leg
        self._waiting: dict[str, str] = {}

    def follow(self, room: rtc.Room) -> None:
        room.on("data_received", self.read)

    def read(self, packet: rtc.DataPacket) -> None:
        """Only our own server gives hints: what people in the room send is not read."""
        if packet.topic != TOPIC or packet.participant is not None:
            return
        try:
            told = json.loads(packet.data)
            name, text = str(told["id"]), str(told["text"])
        except (ValueError, TypeError, KeyError):
            log.warning("a hint could not be read")
            return
        self._waiting[name] = text
        self._spool.event("hint_heard", self._leg(), hint=name)

    def take(self) -> str:
        """What is to be said or heeded in this turn; "" where nothing is."""
        taken, self._waiting = self._waiting, {}
        for name in taken:
            self._spool.event("hint_used", self._leg(), hint=name)
        return " ".join(taken.values())
