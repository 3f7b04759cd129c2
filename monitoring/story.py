"""The story of a call: what happened, in sentences with their times, from who called to the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from monitoring.words import beginning, ending, told
from telephony.models import Call, CallEvent, OutboundCall
from telephony.wayin import why_taken


@dataclass(frozen=True)
class Moment:
    """A line of the story. `why`: what led to it, where that is known."""

    at: datetime
    text: str
    # How long after the call began, "+0.9 s"; empty at the beginning.
    after: str = ""
    why: Sequence[str] = ()


def story(
    call: Call, events: Iterable[CallEvent], asked: OutboundCall | None = None
) -> list[Moment]:
    """What the call itself tells, and what the assistant and the staff did in it, by time. `asked`:
    how a call out was asked for.
    """
    events = list(events)
    passed = handed_over(events)
    told_so = [
        (event.at, text)
        for event in events
        if (text := passed.get(event.event_id, told(event, call)))
    ]
    if call.answered_at:
        told_so.append((call.answered_at, _answered(call)))
    middle = [
        Moment(max(at, call.started_at), text, after(call, at))
        for at, text in sorted(told_so, key=lambda one: one[0])
    ]
    came = _speaker(call, asked) if asked else []
    moments = [*came, Moment(call.started_at, beginning(call)), *_way_in(call), *middle]
    if call.ended_at:
        moments.append(Moment(call.ended_at, ending(call), after(call, call.ended_at)))
    return moments


def handed_over(events: Iterable[CallEvent]) -> dict[str, str]:
    """Of facts of recorders by which one took over from another, what is told instead, "" nothing:
    to whoever reads, the recording went on.
    """
    found: dict[str, str] = {}
    recording: set[str] = set()
    for event in sorted(events, key=lambda event: event.at):
        by = event.event_id.rpartition(":")[0]
        if event.kind in ("recording_started", "recording_resumed"):
            if recording - {by}:
                found[event.event_id] = _("Another recorder went on with the recording")
            recording.add(by)
        elif event.kind in ("recording_stopped", "recording_paused"):
            recording.discard(by)
            if recording and event.kind == "recording_stopped" and not _error_of(event):
                found[event.event_id] = ""
    return found


def _error_of(event: CallEvent) -> str:
    return str(event.payload.get("error", "")) if isinstance(event.payload, dict) else ""


def _speaker(call: Call, asked: OutboundCall) -> list[Moment]:
    """Whoever of us speaks was there first."""
    if not asked.is_by_people or asked.asked_by is None:
        return []
    names = {"who": asked.asked_by.get_full_name() or asked.asked_by.get_username()}
    texts = {
        OutboundCall.Speaker.BROWSER: _("%(who)s came to the line, by the browser"),
        OutboundCall.Speaker.PHONE: _("%(who)s picked up his telephone, which was called first"),
    }
    text = texts[OutboundCall.Speaker(asked.speaker)] % names
    return [Moment(min(asked.here_at or call.started_at, call.started_at), text)]


def _way_in(call: Call) -> list[Moment]:
    """Which connection and rule took the call, and why."""
    trunk, rule = call.trunk, call.rule
    if call.direction != Call.Direction.INBOUND or not (trunk or rule):
        return []
    names = {"trunk": trunk and trunk.name, "rule": rule and rule.name}
    if trunk is None:
        return [Moment(call.started_at, _("“%(rule)s” took it") % names)]
    if rule is None:
        return [Moment(call.started_at, _("It came through “%(trunk)s”") % names)]
    text = _("It came through “%(trunk)s”, and “%(rule)s” took it") % names
    why = [str(sentence) for sentence in why_taken(call)]
    return [
        Moment(
            call.started_at,
            text,
            why=why or [_("The line was changed since, so it is not told why.")],
        )
    ]


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
