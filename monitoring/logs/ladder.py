"""The signalling of a call as a ladder in words: who told whom what, and when. Pure.

It is put together from the gateway's log, and where there is none, from what the tap heard: then
it lacks what passes only between gateway and provider (100, 180, ACK).
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as _

from monitoring.logs.foreign import ForeignLine
from telephony.models import Call, CallEvent
from telephony.numbers import pretty
from veyra.sentences import Sentence

# The same step, told by two witnesses.
SAME = timedelta(seconds=2)


NOTHING = Sentence("")


@dataclass(frozen=True)
class Rung:
    """`word`: of the protocol, "" for what happens inside; `to_us`: None where nobody is told;
    `why`: what is known to lie behind it.
    """

    at: datetime
    word: str
    to_us: bool | None
    caption: Sentence
    why: Sentence = NOTHING


@dataclass(frozen=True)
class Told:
    """What a line of the gateway means."""

    word: str
    to_us: bool | None
    caption: str


ASKED = _("The provider asked us to answer %(to)s; %(from)s is calling. It came from %(address)s.")
GOT_IT = _("We said that we have the call and look who answers it.")
RINGS = _("We let the caller hear that it rings.")
ACCEPTED = _("We answered the call.")
HE_HUNG_UP = _("The other side hung up.")
WE_HUNG_UP = _("We ended the call: %(reason)s.")
REFUSED = _("We turned the call away: %(reason)s.")
WE_ASKED = _("We asked the provider to call %(to)s.")
PICKED_UP = _("The other side picked up.")

# Of livekit/sip 1.8; the beginning of a line.
GATEWAY: dict[str, Told] = {
    "No Proxy header found": Told(
        "407", False, _("We asked for the login that the provider connection has.")
    ),
    "SIP invite authentication successful": Told("", None, _("The login was right.")),
    "Authentication failed": Told("401", False, _("We refused the call: its login was wrong.")),
    "Rejecting inbound, auth check failed": Told(
        "503", False, _("We refused the call: two provider connections claim it.")
    ),
    "Rejecting inbound, doesn't match any Trunks": Told(
        "404",
        False,
        _("We refused the call: no provider connection has this number and this address."),
    ),
    "Rejecting inbound, no trunk found": Told(
        "404", False, _("We refused the call: its provider connection is not in LiveKit.")
    ),
    "Rejecting inbound call, doesn't match any Dispatch Rules": Told(
        "486", False, _("We refused the call: nobody is set to answer this number.")
    ),
    "Rejecting inbound call, dispatch evaluation failed": Told(
        "503", False, _("We refused the call: LiveKit did not say who answers it.")
    ),
    "Cannot start media": Told("400", False, _("We refused the call: no common sound format.")),
    "Joining room": Told("180", False, RINGS),
    "Waiting for track subscription": Told("", None, _("We waited for somebody to speak.")),
    "Accepting the call": Told("200", False, ACCEPTED),
    "ACK from remote": Told("ACK", True, _("The provider confirmed that it has our answer.")),
    "Call accepted, but no ACK received": Told(
        "", None, _("The provider never confirmed our answer: it may not have reached it.")
    ),
    "BYE from remote": Told("BYE", True, HE_HUNG_UP),
    "reinvite": Told("INVITE", True, _("The provider asked for another way of the sound.")),
    "accepting reinvite": Told(
        "INVITE", True, _("The provider asked for another way of the sound.")
    ),
    "Requesting Pin": Told("", None, _("We asked the caller for the PIN.")),
    "Rejecting call": Told("BYE", False, _("We ended the call: the PIN was wrong.")),
    "inbound call transferred": Told(
        "REFER", False, _("We had the provider connect it elsewhere.")
    ),
    "outbound call transferred": Told(
        "REFER", False, _("We had the provider connect it elsewhere.")
    ),
    "auth requested": Told("407", True, _("The provider asked for our login.")),
    "Outbound SIP call established": Told("200", True, PICKED_UP),
}
CLOSES = ("Closing inbound call", "Closing outbound call")
FAILS = ("SIP invite failed", "SIP call failed", "SIP accept failed")
# After these nothing more is said.
TURNED_AWAY = ("400", "401", "404", "486", "503")
DROPPED = _("We gave no further answer: nothing of the line is for this number and this address.")
NO_REASON = _("no reason was given")


def ladder(call: Call, events: Iterable[CallEvent], lines: Sequence[ForeignLine]) -> list[Rung]:
    """By time. What the tap heard fills in what the gateway's log does not have."""
    told: list[Rung] = []
    for line in lines:
        if line.program == "gateway":
            told += _of_line(line, {rung.word for rung in told})
    for event in events:
        heard = _of_event(event, call) if event.source == CallEvent.Source.TAP else None
        if heard and not any(_is_same(heard, each) for each in told):
            told.append(heard)
    return sorted(told, key=lambda rung: rung.at)


def with_reason(rungs: Sequence[Rung], why: Sentence) -> list[Rung]:
    """Of a call that was turned away: `why` stands at the step that ended it."""
    return [*rungs[:-1], replace(rungs[-1], why=why)] if rungs else []


def _is_same(heard: Rung, other: Rung) -> bool:
    return heard.word == other.word and abs(heard.at - other.at) < SAME


def _of_line(line: ForeignLine, before: Container[str]) -> list[Rung]:
    """`before`: the words that have passed."""
    if line.words == "processing invite":
        values = _parties(line.fields.get("fromUser"), line.fields.get("toUser"))
        values["address"] = str(line.fields.get("fromIP", "?"))
        asked = Rung(line.at, "INVITE", True, Sentence(ASKED, values))
        return [asked, Rung(line.at, "100", False, Sentence(GOT_IT))]
    if line.words.startswith(CLOSES):
        return _closing(line, before)
    if line.words.startswith(FAILS):
        why = str(line.fields.get("error", "?"))
        caption = _("The call out did not come about: %(reason)s.")
        return [Rung(line.at, "", True, Sentence(caption, {"reason": why}))]
    found = next((each for text, each in GATEWAY.items() if line.words.startswith(text)), None)
    return [Rung(line.at, found.word, found.to_us, Sentence(found.caption))] if found else []


def _closing(line: ForeignLine, before: Container[str]) -> list[Rung]:
    """The gateway's last line of each call: it names an answer also where it sends none."""
    if "BYE" in before or any(code in before for code in TURNED_AWAY):
        return []
    reason = str(line.fields.get("reason") or NO_REASON)
    if "200" in before:
        return [Rung(line.at, "BYE", False, Sentence(WE_HUNG_UP, {"reason": reason}))]
    if reason == "flood":
        return [Rung(line.at, "", None, Sentence(DROPPED))]
    word = str(line.fields.get("status") or "")
    return [Rung(line.at, word, False, Sentence(REFUSED, {"reason": reason}))]


def _of_event(event: CallEvent, call: Call) -> Rung | None:
    payload: dict[str, Any] = event.payload
    values = _parties(payload.get("from"), payload.get("to"))
    if event.kind == "invite":
        values["address"] = str(payload.get("source_ip", "?"))
        return Rung(event.at, "INVITE", True, Sentence(ASKED, values))
    if event.kind != "call_state":
        return None
    return _of_state(str(payload.get("status", "")), event.at, values, payload, call)


def _of_state(
    status: str, at: datetime, values: dict[str, str], payload: dict[str, Any], call: Call
) -> Rung | None:
    if status == "active":
        return Rung(
            at, "200", call.is_outbound, Sentence(PICKED_UP if call.is_outbound else ACCEPTED)
        )
    if status == "call_incoming" and call.is_outbound:
        return Rung(at, "INVITE", False, Sentence(WE_ASKED, values))
    code = str(payload.get("status_code") or "")
    why = {"reason": str(payload.get("error") or payload.get("disconnect_reason") or NO_REASON)}
    if status == "error":
        caption = _("The call was not carried: %(reason)s.") if call.is_outbound else REFUSED
        return Rung(at, code, call.is_outbound, Sentence(caption, why))
    if status == "disconnected":
        he_left = payload.get("disconnect_reason") == "CLIENT_INITIATED"
        return Rung(
            at, "BYE", he_left, Sentence(HE_HUNG_UP) if he_left else Sentence(WE_HUNG_UP, why)
        )
    return None


def _parties(caller: object, called: object) -> dict[str, str]:
    return {"from": pretty(str(caller or "?")), "to": pretty(str(called or "?"))}
