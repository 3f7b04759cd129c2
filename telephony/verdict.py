"""How an ended call is to be called: its outcome, and why. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from telephony.chosen import as_chosen, outcome_of
from telephony.reasons import DEPARTURES, REFUSALS, Reason, of_error, sip_status

# Who hangs up sooner after the answer than an assistant draws breath was not kept waiting by it.
BREATH = timedelta(seconds=3)
# By what a colleague took the call, where it was no telephone.
BROWSER = "browser"


@dataclass(frozen=True)
class Ending:
    """When a call ended, and the best witness: the gateway's record, the participant's own
    leaving, the end of the room, or only the gateway's silence.
    """

    at: datetime
    witness: Literal["tap", "webhook", "room", "silence"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a call that ended."""

    witness: Literal["tap", "webhook", "room", "silence"]
    # From the answer to the end; None: never answered.
    talked: timedelta | None
    # The gateway's error text.
    error: str = ""
    # LiveKit's word for the participant's leaving, and the telephone's status at that moment.
    departure: str = ""
    status_at_leaving: str = ""
    has_trunk: bool = False
    has_room: bool = False
    # The gateway's last question or record before it fell silent, and whether it got to the rules.
    last_knock: str = ""
    asked_for_rule: bool = False
    # An assistant of ours was sent; it said something; why it could not.
    agent_came: bool = False
    agent_spoke: bool = False
    agent_error: str = ""
    # What the assistant and the staff did to this call, as kinds of facts.
    deeds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    outcome: str = ""
    reason: str = ""
    # The witnesses' own words.
    detail: str = ""
    sip_status: int | None = None


def judge(evidence: Evidence) -> Verdict:
    reason = as_chosen(_reason(evidence), evidence.deeds, agent_spoke=evidence.agent_spoke)
    departure = "" if evidence.departure == "CLIENT_INITIATED" else evidence.departure
    words = [evidence.error, evidence.agent_error, departure]
    if reason is Reason.AGENT_FAILED:
        words.insert(0, evidence.agent_error)
    return Verdict(
        outcome=_outcome(evidence, reason),
        reason=reason.value,
        detail=next(filter(None, words), ""),
        sip_status=sip_status(reason),
    )


def deeds_of(told: Iterable[tuple[str, str | None]], *, colleague_came: bool) -> frozenset[str]:
    """What was done to a call, of facts as (kind, by): who took it in his browser did so only if he
    came to its room, which only LiveKit knows.
    """
    return frozenset(kind for kind, by in told if colleague_came or by != BROWSER)


def ended_by_us(deeds: frozenset[str], departure: str) -> Reason | None:
    """The reason where people or their orders ended the call."""
    if "blocked" in deeds:
        return Reason.BLOCKED
    if "staff_transfer_done" in deeds:
        return Reason.TRANSFERRED
    takes_out = deeds & {"staff_hang_up", "staff_room_remove"}
    removed = takes_out and departure == "PARTICIPANT_REMOVED"
    closed = "staff_room_close" in deeds and departure in ("ROOM_DELETED", "ROOM_CLOSED")
    # Who spoke for us went, and the room with him.
    left = "speaker_left" in deeds and departure in ("ROOM_DELETED", "ROOM_CLOSED")
    if removed or closed or left or "staff_hang_up_done" in deeds:
        return Reason.HUNG_UP_BY_STAFF
    return Reason.HUNG_UP_BY_COLLEAGUE if "people_left" in deeds else None


def of_last_resort(
    deeds: frozenset[str], talked: timedelta | None, agent_spoke: bool
) -> Reason | None:
    """The other side heard that nobody can talk to it, or asked to be called back, and then we took
    it out of the room.
    """
    if talked is None:
        return None
    if "asked_back" in deeds:
        return Reason.ASKED_BACK
    if "stood_in" not in deeds:
        return None
    return Reason.CUT_OFF if agent_spoke else Reason.NOBODY_CAME


def _reason(evidence: Evidence) -> Reason:
    if ours := ended_by_us(evidence.deeds, evidence.departure):
        return ours
    if evidence.error:
        return _of_gateway(evidence)
    if heard := of_last_resort(evidence.deeds, evidence.talked, evidence.agent_spoke):
        return heard
    if evidence.departure in DEPARTURES:
        return DEPARTURES[evidence.departure]
    if _waited_in_vain(evidence):
        return Reason.CALLER_GAVE_UP
    if evidence.witness == "silence":
        return _of_silence(evidence)
    return _of_silent_assistant(evidence) or _of_parting(evidence)


def _waited_in_vain(evidence: Evidence) -> bool:
    """With music, or while colleagues' telephones rang, and nobody came."""
    if _somebody_spoke(evidence):
        return False
    rang = "people_ring" in evidence.deeds and evidence.talked is not None
    waited = bool({"on_hold", "queued"} & evidence.deeds)
    return waited or (rang and not evidence.agent_error)


def _somebody_spoke(evidence: Evidence) -> bool:
    return evidence.agent_spoke or "people_taken" in evidence.deeds


def _of_gateway(evidence: Evidence) -> Reason:
    reason = of_error(evidence.error)
    if reason is Reason.UNKNOWN_NUMBER and evidence.has_trunk:
        return Reason.NO_RULE
    # An assistant that cannot start takes the room away, so that nobody is left ringing.
    if reason in (Reason.NO_AGENT, Reason.GATEWAY_ERROR) and evidence.agent_error:
        return Reason.AGENT_FAILED
    return reason


def _of_silence(evidence: Evidence) -> Reason:
    if evidence.has_room:
        return Reason.LOST
    if evidence.last_knock != "call_state":
        questions = {"invite": Reason.NUMBER_CONFLICT, "dispatch": Reason.RULE_CONFLICT}
        return questions.get(evidence.last_knock, Reason.LOST)
    return Reason.LOST if evidence.asked_for_rule else Reason.NO_PASSWORD


def _of_silent_assistant(evidence: Evidence) -> Reason | None:
    if _somebody_spoke(evidence):
        return None
    if evidence.agent_error:
        return Reason.AGENT_FAILED
    if evidence.talked is None or not evidence.agent_came:
        return None
    return Reason.AGENT_SILENT if evidence.talked >= BREATH else Reason.CALLER_GAVE_UP


def _of_parting(evidence: Evidence) -> Reason:
    answered = evidence.talked is not None
    if evidence.departure in ("ROOM_DELETED", "ROOM_CLOSED"):
        return Reason.HUNG_UP_BY_AGENT if answered else Reason.REMOVED
    if answered:
        by_caller = evidence.status_at_leaving == "hangup"
        return Reason.HUNG_UP_BY_CALLER if by_caller else Reason.HUNG_UP
    if evidence.witness == "room":
        return Reason.LOST
    # Without the gateway's record: a caller who gives up leaves as "hangup"; a telephone that
    # leaves while it still rings was let go by the gateway.
    let_go = evidence.witness == "webhook" and evidence.status_at_leaving == "ringing"
    return Reason.NO_AGENT if let_go else Reason.CALLER_GAVE_UP


def _outcome(evidence: Evidence, reason: Reason) -> str:
    if chosen := outcome_of(reason, evidence.deeds):
        return chosen
    if reason in REFUSALS or (reason is Reason.HUNG_UP_BY_STAFF and evidence.talked is None):
        return "rejected"
    if reason is Reason.TRANSFERRED:
        return "answered"
    if reason is Reason.CUT_OFF:
        return "failed"
    if reason is Reason.ASKED_BACK and evidence.agent_spoke:
        return "failed"
    if reason in (Reason.NOBODY_CAME, Reason.ASKED_BACK):
        return "no_agent"
    by_people = not evidence.agent_came and not _waited_in_vain(evidence)
    if evidence.talked is not None and (_somebody_spoke(evidence) or by_people):
        return "answered"
    outcomes = {
        Reason.NO_AGENT: "no_agent",
        Reason.AGENT_SILENT: "no_agent",
        Reason.CALLER_GAVE_UP: "abandoned",
        # Hung up on a line that was picked up, but where nobody spoke.
        Reason.HUNG_UP_BY_CALLER: "abandoned",
    }
    return outcomes.get(reason, "failed")
