"""How a call that we placed is to be called once it has ended: its outcome, and why. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from telephony.reasons import ANSWER, DEPARTURES, Reason, of_error
from telephony.verdict import BREATH, Verdict, ended_by_us, of_last_resort

# The person's own no: busy, declined, blocked; and his yes that did not come in time.
# What it says of a call to us; of one of ours it means that the two sides did not agree.
DISCORD = frozenset({Reason.NO_CODEC, Reason.NO_ENCRYPTION, Reason.BAD_OFFER})
DECLINED = frozenset({433, 486, 600, 603, 607, 608})
NOT_THERE = frozenset({408, 480, 487})


@dataclass(frozen=True, kw_only=True)
class OutEvidence:
    """What is known of a call out that ended."""

    witness: str
    # From the answer to the end; None: never picked up.
    talked: timedelta | None
    # None: nobody saw whether it did.
    rang: bool | None = False
    # The other side's last answer, as the gateway noted it.
    status: int | None = None
    # The gateway's error text, and LiveKit's word for the participant's leaving.
    error: str = ""
    departure: str = ""
    status_at_leaving: str = ""
    agent_came: bool = False
    agent_spoke: bool = False
    agent_error: str = ""
    # What the assistant and the staff did to this call, as kinds of facts.
    deeds: frozenset[str] = frozenset()


def judge_outbound(evidence: OutEvidence) -> Verdict:
    talked = evidence.talked is not None
    reason = _of_talk(evidence) if talked else _of_attempt(evidence)
    departure = "" if evidence.departure == "CLIENT_INITIATED" else evidence.departure
    words = [evidence.error, evidence.agent_error, departure]
    if reason == Reason.AGENT_FAILED:
        words.insert(0, evidence.agent_error)
    return Verdict(
        outcome=_outcome(evidence, reason),
        reason=reason,
        detail=next(filter(None, words), ""),
        sip_status=evidence.status or (200 if talked else None),
    )


def _of_talk(evidence: OutEvidence) -> str:
    """He picked up."""
    if ours := ended_by_us(evidence.deeds, evidence.departure):
        return ours
    if evidence.error:
        return of_error(evidence.error)
    if heard := of_last_resort(evidence.deeds, evidence.talked, evidence.agent_spoke):
        return heard
    if evidence.departure in DEPARTURES:
        return DEPARTURES[evidence.departure]
    if not evidence.agent_spoke and evidence.agent_error:
        return Reason.AGENT_FAILED
    long = evidence.talked is not None and evidence.talked >= BREATH
    if evidence.agent_came and not evidence.agent_spoke and long:
        return Reason.AGENT_SILENT
    if evidence.departure in ("ROOM_DELETED", "ROOM_CLOSED"):
        return Reason.HUNG_UP_BY_AGENT
    if evidence.status_at_leaving == "hangup":
        return Reason.HUNG_UP_BY_CALLEE
    return Reason.HUNG_UP


def _of_attempt(evidence: OutEvidence) -> str:
    """Nobody picked up."""
    if ended_by_us(evidence.deeds, evidence.departure):
        return Reason.ENDED_HERE
    if evidence.status:
        return f"{ANSWER}{evidence.status}"
    if evidence.error:
        reason = of_error(evidence.error)
        return Reason.NO_ACCORD if reason in DISCORD else reason
    if evidence.departure in ("ROOM_DELETED", "ROOM_CLOSED"):
        return Reason.AGENT_FAILED if evidence.agent_error else Reason.ENDED_HERE
    if evidence.departure == "USER_REJECTED":
        return Reason.NOT_WANTED
    if evidence.departure == "SIP_TRUNK_FAILURE":
        return Reason.NOT_CARRIED
    if evidence.departure in DEPARTURES:
        return DEPARTURES[evidence.departure]
    if evidence.witness in ("room", "silence"):
        return Reason.LOST
    return Reason.NOT_PICKED_UP if evidence.rang else Reason.NOT_REACHED


def _outcome(evidence: OutEvidence, reason: str) -> str:
    if reason == Reason.AGENT_SILENT:
        return "no_agent"
    if reason in (Reason.AGENT_FAILED, Reason.CUT_OFF, Reason.NOBODY_CAME):
        return "failed"
    if evidence.talked is not None:
        return "answered"
    if reason == Reason.NOT_WANTED or evidence.status in DECLINED:
        return "rejected"
    unanswered = (Reason.NOT_PICKED_UP, Reason.NOT_REACHED, Reason.ENDED_HERE)
    if reason in unanswered or evidence.status in NOT_THERE:
        return "abandoned"
    return "failed"
