"""Everything that the page of one call shows, gathered with a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from agentworker.models import Session, Speaker, Turn
from monitoring.words import said, speaker, summary, told
from telephony import reasons
from telephony.models import Call, CallEvent, OutboundCall
from telephony.outbound import Tries
from telephony.routetest import why_refused
from telephony.routing.route import Step
from telephony.sip_answers import answer_of_ours, answer_to_us


@dataclass(frozen=True)
class Moment:
    """A line of the timeline."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Line:
    """A line of the transcript."""

    turn: Turn
    who: str
    text: str
    ours: bool


@dataclass(frozen=True)
class CallPage:
    call: Call
    summary: str
    # Why it ended as it did, and what to do; "" where there is nothing to say.
    reason: str
    # What the exchange's last answer means, from our side of the call.
    answer: str
    # Where the call came through, from the provider on; empty where it came no such way.
    way: Sequence[str]
    # Of a call that was turned away: what kept it out, as far as the line tells now.
    refusal: Step | None
    # Of a call that was asked for here: the tries of it.
    tries: Tries | None
    timeline: Sequence[Moment]
    lines: Sequence[Line]
    sessions: Sequence[Session]
    events: Sequence[CallEvent]
    # The assistant hears that people speak, but has nothing that makes words of it.
    deaf: bool


def gather(call: Call, *, with_words: bool) -> CallPage:
    """`call` comes with its legs. Without the right to words there is no transcript."""
    legs = list(call.legs.all())
    names = [leg.sip_call_id or leg.participant_sid for leg in legs]
    sessions = list(Session.objects.of_callers(names).select_related("version__agent"))
    events = list(CallEvent.objects.of_call(call, legs))
    turns = list(Turn.objects.filter(session__in=sessions)) if with_words else []
    return CallPage(
        call=call,
        summary=summary(call),
        reason=str(reasons.sentence(call.reason)),
        answer=answer(call),
        way=way(call),
        refusal=why_refused(call) if was_turned_away(call) else None,
        tries=OutboundCall.objects.around(call.pk) if call.is_outbound else None,
        timeline=timeline(call, events),
        lines=[
            Line(turn, speaker(call, turn), said(turn), turn.speaker == Speaker.AGENT)
            for turn in turns
        ],
        sessions=sessions,
        events=events,
        deaf=any(t.speaker == Speaker.CALLER and not t.text and not t.digit for t in turns),
    )


def way(call: Call) -> list[str]:
    """Of a call that a provider brought: the provider, how it reached us, and who took it."""
    if call.direction != Call.Direction.INBOUND or call.trunk is None:
        return []
    signed_in = [_("sign-in to the provider")] if call.provider_ip else []
    agent = [call.agent.name] if call.agent else []
    return [call.trunk.name, *signed_in, _("call entrance"), *agent]


def was_turned_away(call: Call) -> bool:
    """By us: somebody called, and was not let in."""
    return call.outcome == Call.Outcome.REJECTED and not call.is_outbound


def answer(call: Call) -> str:
    if not call.sip_status:
        return ""
    told_by = answer_to_us if call.is_outbound else answer_of_ours
    return str(told_by(call.sip_status))


def timeline(call: Call, events: Sequence[CallEvent]) -> list[Moment]:
    """What the call itself tells, and what the assistant and the staff did in it, by time."""
    moments = [Moment(call.started_at, _("The call began"))]
    if call.answered_at:
        text = (
            _("Answered, about this time")
            if call.answered_is_approximate
            else _("Somebody answered")
        )
        moments.append(Moment(call.answered_at, text))
    moments += [Moment(event.at, text) for event in events if (text := told(event, call))]
    if call.ended_at:
        moments.append(Moment(call.ended_at, _("The call ended")))
    return sorted(moments, key=lambda moment: moment.at)
