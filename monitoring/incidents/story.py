"""All that the page of an incident, and its report, tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_noop

from monitoring.health.words import LOOK_SOON, NOT_WELL
from monitoring.incidents import changes
from monitoring.incidents.changes import Change
from monitoring.incidents.models import (
    Contact,
    Incident,
    IncidentCall,
    IncidentNote,
    Severity,
)
from monitoring.incidents.rulebook import BY_SLUG
from monitoring.recovery.steps import STEPS
from telephony import calling_back
from telephony.models import Call, CallBack
from veyra.models import User
from veyra.sentences import Sentence

Kind = IncidentNote.Kind
SHOWN_CALLS = 50


@dataclass(frozen=True)
class Hit:
    """A call that was hit. `waits`: its caller stands on the list of calls to return."""

    call: Call
    waits: bool
    is_done: bool


@dataclass(frozen=True)
class Hits:
    """`callers`: different ones who can be called back; `missing`: those of them on no list."""

    calls: int
    shown: Sequence[Hit]
    callers: int
    done: int
    missing: int

    @property
    def more(self) -> int:
        return self.calls - len(self.shown)


@dataclass(frozen=True)
class Entry:
    """A moment: what happened, who did it, and what is to be said of it."""

    at: datetime
    what: str | Promise
    by: User | None
    text: str
    kind: str


@dataclass(frozen=True)
class Story:
    incident: Incident
    entries: Sequence[Entry]
    consequences: Sequence[Incident]
    changes: Sequence[Change]
    hits: Hits
    contacts: Sequence[Contact]
    likely: Sentence | None

    @property
    def title(self) -> str | Promise:
        return title_of(self.incident)


def _stopless(words: str | Promise) -> str:
    return str(words).removesuffix(".")


# The bell keeps titles for people of several languages.
_without_stop = lazy(_stopless, str)


def title_of(incident: Incident) -> str | Promise:
    """What it means for the line, in words that everybody understands; else what its rule is
    called. It stands as a title, so without a full stop. The incident may outlive the rule.
    """
    words = LOOK_SOON if incident.severity == Severity.LOW else NOT_WELL
    rule = BY_SLUG.get(incident.rule)
    told = words.get(incident.rule) or (rule.title if rule else incident.rule)
    return _without_stop(told)


def tell(incident: Incident, user: User) -> Story:
    """What this person may see of it. A dozen queries, however long the story."""
    consequences = list(incident.consequences.shown().worst_first())
    changed = changes.before(incident, user)
    return Story(
        incident=incident,
        entries=entries(incident),
        consequences=consequences,
        changes=changed,
        hits=hits(incident, consequences, user),
        contacts=list(Contact.objects.visible_to(user)),
        likely=likely(incident, consequences, changed),
    )


def entries(incident: Incident) -> list[Entry]:
    """In order. Steps are told as they stand now: some take a while."""
    notes = incident.notes.exclude(kind=Kind.STEP).in_order()
    found = [
        Entry(note.at, note.get_kind_display(), note.by, str(note), note.kind) for note in notes
    ]
    for action in incident.steps.shown():
        step = STEPS.get(action.step)
        title = str(step.title) if step else action.step
        what = f"{title} ({action.target})" if action.target else title
        found.append(Entry(action.at, what, action.by, str(action.says), Kind.STEP))
    return sorted(found, key=lambda entry: entry.at)


def likely(
    incident: Incident, consequences: Sequence[Incident], changed: Sequence[Change]
) -> Sentence | None:
    """Why it happened, as far as that can be told. Pure."""
    if incident.part_of:
        return None  # the page names what it follows from
    if changed and changed[0].is_suspicious:
        msgid = gettext_noop(
            "Something was changed %(minutes)s min before it began. Look there first."
        )
        return Sentence(msgid, {"minutes": changed[0].minutes})
    if consequences:
        msgid = gettext_noop(
            "This is probably the cause: what else is wrong follows from it (%(count)s)."
        )
        return Sentence(msgid, {"count": len(consequences)})
    return None


def hit_calls(incident: Incident, user: User) -> Any:
    """The calls that it and its consequences hit, the newest first."""
    rows = [incident.pk, *incident.consequences.values_list("pk", flat=True)]
    of_it = IncidentCall.objects.filter(incident__in=rows).values("call")
    return Call.objects.visible_to(user).filter(pk__in=of_it).order_by("-started_at", "pk")


def hits(incident: Incident, consequences: Sequence[Incident], user: User) -> Hits:
    calls = list(hit_calls(incident, user).select_related("number"))
    numbers = {number for call in calls if (number := calling_back.number_of(call))}
    first = min((call.started_at for call in calls), default=incident.opened_at)
    listed: dict[str, CallBack] = {}
    for row in CallBack.objects.since(first).filter(caller__in=numbers).order_by("last_at", "pk"):
        listed[row.caller] = row
    shown = [_hit(call, listed) for call in calls[:SHOWN_CALLS]]
    done = sum(1 for row in listed.values() if row.done_at)
    return Hits(len(calls), shown, len(numbers), done, len(numbers - listed.keys()))


def _hit(call: Call, listed: dict[str, CallBack]) -> Hit:
    row = listed.get(calling_back.number_of(call) or "")
    return Hit(call, bool(row and not row.done_at), bool(row and row.done_at))


def put_down(incident: Incident, user: User) -> int:
    """Everybody whom it hit and who is not there yet is to be called back; how many."""
    return sum(
        calling_back.put_down(call, call.reason)
        for call in hit_calls(incident, user).select_related("number").order_by("started_at")
    )


def lasted(incident: Incident, now: datetime) -> timedelta:
    return (incident.resolved_at or now) - incident.opened_at
