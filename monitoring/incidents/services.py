"""What people do with an incident. Each claims the row by a conditional UPDATE and notes it."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from monitoring.incidents.models import Incident, IncidentNote, Silence
from veyra.models import User
from veyra.sentences import Sentence

Kind, State = IncidentNote.Kind, Incident.State
# As long as what was sent of it.
KEPT = timedelta(days=366)


def note(
    incident: Incident,
    kind: str,
    sentence: Sentence | None = None,
    by: User | None = None,
    *,
    text: str = "",
    at: datetime | None = None,
) -> IncidentNote:
    """A moment of its story."""
    told = sentence.to_json() if sentence else {}
    return IncidentNote.objects.create(
        incident=incident,
        kind=kind,
        by=by,
        sentence=told,
        text=text,
        at=at or timezone.now(),
    )


def acknowledge(incident: Incident, by: User | None) -> bool:
    """Somebody is on it: nobody else is woken. False: it is over, or somebody is already."""
    with transaction.atomic():
        found = Incident.objects.filter(pk=incident.pk, state=State.OPEN)
        done = found.update(
            state=State.ACKNOWLEDGED, acknowledged_at=timezone.now(), acknowledged_by=by
        )
        if done:
            note(incident, Kind.ACKNOWLEDGED, by=by)
    return bool(done)


def assign(incident: Incident, to: User, by: User | None) -> bool:
    """He is to deal with it. False: it is over."""
    with transaction.atomic():
        done = Incident.objects.unresolved().filter(pk=incident.pk).update(assigned_to=to)
        if done:
            told = Sentence(gettext_noop("Given to %(name)s."), {"name": called(to)})
            note(incident, Kind.ASSIGNED, told, by)
    return bool(done)


def comment(incident: Incident, text: str, by: User | None) -> IncidentNote:
    return note(incident, Kind.COMMENT, by=by, text=text)


def snooze(incident: Incident, minutes: int, by: User | None) -> bool:
    """Nobody is woken because of it for so long, then all are told again. False: it is over."""
    until = timezone.now() + timedelta(minutes=minutes)
    with transaction.atomic():
        found = Incident.objects.unresolved().filter(pk=incident.pk)
        done = found.update(snoozed_until=until, put_off=F("put_off") + 1)
        if done:
            told = Sentence(gettext_noop("Put off for %(minutes)s minutes."), {"minutes": minutes})
            note(incident, Kind.SNOOZED, told, by)
    return bool(done)


def resolve(incident: Incident, by: User | None) -> bool:
    """It is over, a person says. If the trouble is still seen, it opens anew. False: it was."""
    with transaction.atomic():
        done = (
            Incident.objects.unresolved()
            .filter(pk=incident.pk)
            .update(
                state=State.RESOLVED,
                resolved_at=timezone.now(),
                resolved_by=by,
                snoozed_until=None,
            )
        )
        if done:
            note(incident, Kind.RESOLVED, by=by)
    return bool(done)


def reopen(incident: Incident, by: User | None) -> bool:
    """It is not over: who was told of its end is told that it goes on, and of its end once more.
    False: it is open, or the same trouble has an incident of its own.
    """
    try:
        with transaction.atomic():
            done = Incident.objects.filter(pk=incident.pk, state=State.RESOLVED).update(
                state=State.OPEN,
                times=F("times") + 1,
                resolved_at=None,
                resolved_by=None,
                acknowledged_at=None,
                acknowledged_by=None,
                quiet_since=None,
                seen_at=timezone.now(),
            )
            if done:
                note(incident, Kind.REOPENED, by=by)
    except IntegrityError:
        return False
    return bool(done)


def called(person: User) -> str:
    """His name, as colleagues know it."""
    return person.get_full_name() or person.get_username()


def silence(until: datetime, why: str, by: User) -> Silence:
    """Planned work begins: nobody is woken until then, but for lost callers."""
    return Silence.objects.create(since=timezone.now(), until=until, why=why, by=by)


def lift(row: Silence, by: User) -> bool:
    """It is over sooner. False: it was over."""
    found = Silence.objects.filter(pk=row.pk, lifted_at=None)
    return bool(found.update(lifted_at=timezone.now(), lifted_by=by))


def forget(now: datetime) -> None:
    """Delete those that ended long ago, with their stories."""
    Incident.objects.resolved_before(now - KEPT).delete()
