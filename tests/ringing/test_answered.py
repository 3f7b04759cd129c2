"""A call that a colleague took was answered only if he was there, as LiveKit saw it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telephony.journal import Fact, fold

BEGAN = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALLER = {"sip.callID": "SCL_1", "sip.ruleID": "SDR_1"}


def fact(kind: str, second: float, source: str = "webhook", **payload: Any) -> Fact:
    at, of_caller = BEGAN + timedelta(seconds=second), source == "staff"
    who = payload.get("participant", {"sid": "PA_1"} if of_caller else {})
    return Fact(
        id=f"{source} {kind} {second}",
        source=source,
        kind=kind,
        at=at,
        payload=payload,
        sip_call_id="SCL_1" if of_caller or who.get("sid") == "PA_1" else "",
        participant_sid=who.get("sid", ""),
        room_sid="RM_1",
        room_name="room-1",
    )


def person(sid: str, status: str = "", **attributes: str) -> dict[str, Any]:
    told = attributes | ({"sip.callStatus": status} if status else {})
    return {"sid": sid, "attributes": told}


def outcome(*more: Fact) -> tuple[str, str]:
    """Of a caller who heard music for half a minute, and hung up."""
    facts = [
        fact("participant_joined", 0, participant=person("PA_1", "ringing", **CALLER)),
        fact("participant_left", 30, participant=person("PA_1", "hangup", **CALLER)),
        fact("present", 5, participant=person("PA_1", "active", **CALLER)),
        fact("on_hold", 2, "staff"),
        fact("people_ring", 3, "staff", who="Anna"),
    ]
    (call,) = fold([*facts, *more], BEGAN + timedelta(minutes=5)).calls
    assert call.answered_at is not None
    return call.outcome, call.reason


def taken(by: str) -> Fact:
    return fact("people_taken", 8, "staff", who="Anna", by=by)


ANNA = person("PA_2", **{"veyra.role": "colleague"})


@pytest.mark.parametrize("kind", ["participant_joined", "present", "participant_left"])
def test_a_browser_that_was_in_the_room_has_answered(kind: str) -> None:
    seen = fact(kind, 9, participant=ANNA)
    assert outcome(taken("browser"), seen) == ("answered", "hung_up_by_caller")


def test_a_browser_that_never_came_has_answered_nobody() -> None:
    assert outcome(taken("browser")) == ("abandoned", "caller_gave_up")


def test_a_telephone_is_taken_at_its_word() -> None:
    assert outcome(taken("phone")) == ("answered", "hung_up_by_caller")
