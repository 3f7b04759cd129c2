"""Everything that the page of one call shows, gathered with a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agentworker.models import AgentVersion, Session, Speaker, StandIn, Turn
from monitoring.latency import Chart, answers, chart
from monitoring.phases import Phase, label
from monitoring.story import Moment, story
from monitoring.transcript import Line, lines
from monitoring.words import summary
from recordings.models import Recording
from telephony import reasons
from telephony.came_of import CameOf, of_sessions
from telephony.models import Call, CallEvent, Leg, OutboundCall
from telephony.outbound import Tries
from telephony.routetest import why_refused
from telephony.routing.route import Step
from telephony.sip_answers import answer_of_ours, answer_to_us

# A mind that has not answered by then is asked again much later.
SUMMED_UP = timedelta(minutes=1)


@dataclass(frozen=True)
class CallPage:
    call: Call
    summary: str
    # What the caller waits for, with music; "" where he does not.
    waits: str
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
    story: Sequence[Moment]
    lines: Sequence[Line]
    # So many lines have the words that are looked for.
    found: int
    delays: Chart | None
    sessions: Sequence[Session]
    events: Sequence[CallEvent]
    # Without the right to words, nothing.
    came_of: Sequence[CameOf]
    # It is being written down.
    comes: bool
    # The assistant hears that people speak, but has nothing that makes words of it.
    deaf: bool

    @property
    def versions(self) -> list[AgentVersion]:
        """What its assistants said, as they stood then; each once."""
        found = (session.version for session in self.sessions)
        return list(dict.fromkeys(version for version in found if version))


def with_parties(calls: QuerySet[Call]) -> QuerySet[Call]:
    """With everything about a call that its page tells and that is in no fact."""
    return calls.select_related("agent", "rule", "trunk", "number").prefetch_related("legs")


def gather(
    call: Call, *, with_words: bool, wanted: str = "", recording: Recording | None = None
) -> CallPage:
    """`call` comes with its legs. Without the right to words there is no transcript. `wanted` are
    words that are looked for in it; `recording` is one that the reader may hear.
    """
    legs = list(call.legs.all())
    sessions = list(conversations(legs).select_related("version__agent"))
    events = list(CallEvent.objects.of_call(call, legs))
    turns = list(Turn.objects.filter(session__in=sessions)) if with_words else []
    said_lines = lines(call, turns, wanted, recording)
    tries = OutboundCall.objects.around(call.pk) if call.is_outbound else None
    return CallPage(
        call=call,
        summary=summary(call),
        waits=waits(call),
        reason=str(reasons.sentence(call.reason)),
        answer=answer(call),
        way=way(call),
        refusal=why_refused(call) if was_turned_away(call) else None,
        tries=tries,
        story=story(call, events, tries.this if tries else None),
        lines=said_lines,
        found=sum(line.is_found for line in said_lines),
        delays=chart(answers(turns)),
        sessions=sessions,
        events=events,
        came_of=of_sessions(reversed(sessions)) if with_words else (),
        comes=with_words and any(is_summed_up_soon(each) for each in sessions),
        deaf=any(t.speaker == Speaker.CALLER and not t.text and not t.digit for t in turns),
    )


def waits(call: Call) -> str:
    if call.state != Call.State.ANSWERED or not call.room_sid:
        return ""
    row = StandIn.objects.on_hold().filter(room_sid=call.room_sid).first()
    if row is None:
        return ""
    return label(Phase.QUEUED if row.place else Phase.ON_HOLD, row.place)


def conversations(legs: Sequence[Leg]) -> QuerySet[Session]:
    """Those that were held with these parties."""
    return Session.objects.of_callers(leg.sip_call_id or leg.participant_sid for leg in legs)


def is_summed_up_soon(session: Session) -> bool:
    """It has just ended, and its mind is asked."""
    if session.sum_up_at is None or session.ended_at is None:
        return False
    return timezone.now() - session.ended_at < SUMMED_UP


def came_of(call: Call) -> list[CameOf]:
    """`call` comes with its legs."""
    sessions = conversations(list(call.legs.all())).select_related("version")
    return of_sessions(sessions.order_by("started_at"))


def transcript(call: Call) -> list[Line]:
    """What was said in it. `call` comes with its legs."""
    turns = Turn.objects.filter(session__in=conversations(list(call.legs.all())))
    return lines(call, turns)


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
