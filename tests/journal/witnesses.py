"""The recorded calls of `record.py`, as the facts that our own intake makes of them."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from livekit.api import ParticipantInfo
from livekit.api import Room as LiveKitRoom

from agentworker.models import SessionEvent
from telephony import intake
from telephony.journal import CallState, Fact, fold
from telephony.longrooms import fact_of
from telephony.models import CallEvent
from veyra.livekit import tap, webhooks, wire

FOLDER = Path(__file__).parent / "recorded"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Recording:
    """A recorded call: what the caller saw, and who said what of it."""

    name: str
    caller: dict[str, Any]
    records: list[dict[str, Any]]

    def moment(self, name: str) -> datetime:
        return datetime.fromtimestamp(self.caller[name], UTC)

    def raw(self, source: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["source"] == source]

    def events(self, *sources: str) -> list[CallEvent]:
        """Unsaved events of the witnesses `sources`; all of them by default."""
        readers = {"tap": _tap, "webhook": _webhook, "agent": _agent, "poll": _poll}
        chosen = [record for record in self.records if record["source"] in (sources or readers)]
        return [event for record in chosen for event in readers[record["source"]](record)]

    def facts(self, *sources: str) -> list[Fact]:
        return [fact_of(event) for event in self.events(*sources)]

    def end(self) -> datetime:
        """An hour after the last thing that was said: no silence is waited for any more."""
        return datetime.fromtimestamp(self.records[-1]["at"] + 3600, UTC)

    def calls(self, *sources: str) -> list[CallState]:
        return list(fold(self.facts(*sources), self.end()).calls)

    def call(self, *sources: str) -> CallState:
        (only,) = self.calls(*sources)
        return only


def recording(name: str) -> Recording:
    return Recording(name, **json.loads((FOLDER / f"{name}.json").read_text()))


def _tap(record: dict[str, Any]) -> list[CallEvent]:
    message = tap.read(record["channel"], base64.b64decode(record["raw"]))
    return [intake.of_tap(message)] if message else []


def _webhook(record: dict[str, Any]) -> list[CallEvent]:
    return [intake.of_webhook(webhooks.parse(json.loads(record["body"])))]


def _agent(record: dict[str, Any]) -> list[CallEvent]:
    return [intake.of_agent(session_event(record))]


def session_event(record: dict[str, Any]) -> SessionEvent:
    names = ("kind", "payload", "room_sid", "room_name", "sip_call_id", "participant_sid")
    at = datetime.fromtimestamp(record["at"], UTC)
    unique = f"{record['kind']}-{record['sip_call_id']}"
    given = {name: record[name] for name in names}
    return SessionEvent(event_id=unique, job_id="AJ_recorded", at=at, **given)


def _poll(record: dict[str, Any]) -> list[CallEvent]:
    at = datetime.fromtimestamp(record["at"], UTC)
    found = []
    for line in record["rooms"]:
        room = wire.room_from(ParseDict(line["room"], LiveKitRoom()))
        people = [ParseDict(p, ParticipantInfo()) for p in line["participants"]]
        found += [intake.of_sight(room, wire.participant_from(p), at) for p in people]
    return found
