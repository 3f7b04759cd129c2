"""The story of a call: what happened, in sentences with their times, from who called to the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from monitoring.words import beginning, ending, told
from telephony.models import Call, CallEvent
from telephony.wayin import why_taken


@dataclass(frozen=True)
class Moment:
    """A line of the story. `why`: what led to it, where that is known."""

    at: datetime
    text: str
    # How long after the call began, "+0.9 s"; empty at the beginning.
    after: str = ""
    why: Sequence[str] = ()


def story(call: Call, events: Iterable[CallEvent]) -> list[Moment]:
    """What the call itself tells, and what the assistant and the staff did in it, by time."""
    told_so = [(event.at, text) for event in events if (text := told(event, call))]
    if call.answered_at:
        told_so.append((call.answered_at, _answered(call)))
    middle = [
        Moment(max(at, call.started_at), text, after(call, at))
        for at, text in sorted(told_so, key=lambda one: one[0])
    ]
    moments = [Moment(call.started_at, beginning(call)), *_way_in(call), *middle]
    if call.ended_at:
        moments.append(Moment(call.ended_at, ending(call), after(call, call.ended_at)))
    return moments


def _way_in(call: Call) -> list[Moment]:
    """Which connection and rule took the call, and why."""
    if call.direction != Call.Direction.INBOUND or call.trunk is None:
        return []
    names = {"trunk": call.trunk.name, "rule": call.rule.name if call.rule else ""}
    text = _("It came through “%(trunk)s”") % names
    if call.rule:
        text = _("It came through “%(trunk)s”, and “%(rule)s” took it") % names
    return [Moment(call.started_at, text, why=[str(sentence) for sentence in why_taken(call)])]


def _answered(call: Call) -> str:
    if call.answered_is_approximate:
        return _("Answered, about this time")
    return _("The person called picked up") if call.is_outbound else _("Somebody answered")


def after(call: Call, at: datetime) -> str:
    """How long after the call began; a minute is long enough to be counted in minutes."""
    seconds = max(0.0, (at - call.started_at).total_seconds())
    if seconds < 60:
        return _("+%(seconds)s s") % {"seconds": number_format(seconds, 1)}
    minutes, rest = divmod(round(seconds), 60)
    return f"+{minutes}:{rest:02}"
