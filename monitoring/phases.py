"""What a call is doing, and when it needs a hand. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agentworker.models import Session
from agentworker.talks import Talk
from telephony.models import Call

# A caller who hears nothing but ringing for longer than this may hang up.
RINGS = timedelta(seconds=5)
# An assistant may need a moment to come, or to come again.
COMES = timedelta(seconds=5)
# It may leave a moment before the caller does.
LEAVES = timedelta(seconds=3)
THINKS = timedelta(seconds=8)
SILENT = timedelta(seconds=15)


class Phase(StrEnum):
    """What a call is doing, as the board says it."""

    RINGING = "ringing"
    TALKING = "talking"
    THINKING = "thinking"
    SPEAKING = "speaking"
    COLLEAGUE = "colleague"
    TRANSFERRING = "transferring"
    ON_HOLD = "on_hold"
    QUEUED = "queued"
    APOLOGY = "apology"
    ENDED = "ended"


class Hand(StrEnum):
    """Why a call needs a hand."""

    RINGS = "rings"
    NO_AGENT = "no_agent"
    APOLOGY = "apology"
    FAILED = "failed"
    SLOW = "slow"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True)
class Trouble:
    """If nothing changes, the call needs a hand from this moment on."""

    hand: Hand
    at: datetime


PHASE_WORDS: Mapping[Phase, Any] = {
    Phase.RINGING: _("Ringing"),
    Phase.TALKING: _("Talking"),
    Phase.THINKING: _("Assistant thinks"),
    Phase.SPEAKING: _("Assistant speaks"),
    Phase.COLLEAGUE: _("Colleague talks"),
    Phase.TRANSFERRING: _("Transferring"),
    Phase.ON_HOLD: _("On hold"),
    Phase.QUEUED: _("In the queue"),
    Phase.APOLOGY: _("Apology plays"),
    Phase.ENDED: _("Ended"),
}
HAND_WORDS: Mapping[Hand, Any] = {
    Hand.RINGS: _("Nobody has answered yet."),
    Hand.NO_AGENT: _("No assistant is on the line: the caller hears nothing."),
    Hand.APOLOGY: _("No assistant could answer: the caller hears an apology."),
    Hand.FAILED: _("The assistant broke off with an error: the caller hears nothing."),
    Hand.SLOW: _("The assistant has been thinking for long."),
    Hand.SILENT: _("Nobody has said anything for a while."),
    Hand.LOST: _("This caller was lost: call back."),
}

OF_DOING: Mapping[str, Phase] = {
    Session.Doing.THINKING: Phase.THINKING,
    Session.Doing.SPEAKING: Phase.SPEAKING,
}
LOST = (Call.Outcome.NO_AGENT, Call.Outcome.FAILED)


def phase(
    call: Call,
    talk: Talk | None,
    *,
    joined: bool,
    rung: bool,
    transferring: bool,
    on_hold: bool,
    queued: bool,
    stood_in: bool,
) -> Phase:
    """`joined`: a colleague talks with the caller; `rung`: one is rung; `transferring`: to a
    telephone elsewhere; `on_hold`: he hears music; `queued`: until an assistant is free;
    `stood_in`: he hears that nobody can help.
    """
    if call.state == Call.State.ENDED:
        return Phase.ENDED
    if call.state == Call.State.RINGING:
        return Phase.RINGING
    if transferring:
        return Phase.TRANSFERRING
    if on_hold:
        return Phase.QUEUED if queued else Phase.ON_HOLD
    if joined:
        return Phase.COLLEAGUE
    if stood_in:
        return Phase.APOLOGY
    if talk is None or talk.ended_at:
        # He hears it ring, or nothing.
        return Phase.RINGING if rung else Phase.TALKING
    return OF_DOING.get(talk.doing, Phase.TALKING)


def label(phase: Phase, place: int | None) -> str:
    """`place`: of who waits in the queue, from 1."""
    if phase is Phase.QUEUED and place:
        return gettext("In the queue, place %(place)s") % {"place": place}
    return str(PHASE_WORDS[phase])


def trouble(
    call: Call,
    talk: Talk | None,
    *,
    attended: bool,
    stood_in: bool,
    rung_until: datetime | None = None,
) -> Trouble | None:
    """When this call needs a hand, should it stay as it is; None: never.

    `attended`: somebody has it in hand already; `stood_in`: the caller hears an apology;
    `rung_until`: until then our people had it.
    """
    if call.state == Call.State.ENDED:
        if call.outcome in LOST and call.ended_at:
            return Trouble(Hand.LOST, call.ended_at)
        return None
    if attended:
        return None
    if stood_in:
        return Trouble(Hand.APOLOGY, call.started_at)
    found = _unattended(call, talk)
    if found and rung_until:
        return replace(found, at=max(found.at, rung_until + COMES))
    return found


def _unattended(call: Call, talk: Talk | None) -> Trouble | None:
    if call.state == Call.State.RINGING:
        # Whom we call may take his time.
        return None if call.is_outbound else Trouble(Hand.RINGS, call.started_at + RINGS)
    if talk is None:
        return Trouble(Hand.NO_AGENT, (call.answered_at or call.started_at) + COMES)
    return _of_talk(talk)


def _of_talk(talk: Talk) -> Trouble | None:
    if talk.ended_at:
        hand = Hand.FAILED if talk.error else Hand.NO_AGENT
        return Trouble(hand, talk.ended_at + LEAVES)
    if talk.doing_since and talk.doing == Session.Doing.THINKING:
        return Trouble(Hand.SLOW, talk.doing_since + THINKS)
    if talk.doing_since and talk.doing == Session.Doing.LISTENING:
        return Trouble(Hand.SILENT, talk.doing_since + SILENT)
    return None


# A wait of this many milliseconds fills the meter; more is not shown as more.
FULL = 3000
WAITS = 6
BARS = "▁▂▃▄▅▆▇█"


def bars(delays: Sequence[int]) -> str:
    """The last waits for an answer as a row of bars, the newest last."""
    top = len(BARS) - 1
    return "".join(BARS[min(top, delay * top // FULL)] for delay in delays[-WAITS:])


def level(delay: int) -> str:
    """How a caller takes a wait of so many ms: good, wait (he notices it) or bad."""
    if delay <= 1200:
        return "good"
    return "wait" if delay <= 2500 else "bad"
