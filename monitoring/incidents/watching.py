"""One look of the rules: what they see becomes incidents, and what they see no more ends."""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from monitoring.incidents import reading, rulebook
from monitoring.incidents.deciding import LATELY, Decision, Known, decide
from monitoring.incidents.models import (
    Incident,
    IncidentCall,
    IncidentNote,
    RuleSetting,
    Severity,
    Suspicion,
)
from monitoring.incidents.rule import Sighting
from monitoring.incidents.services import note
from telephony.models import Call
from veyra.celery import wake
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# The tasks that tell people, and that do what is safe.
ALARM, RECOVER = "monitoring.alarm", "monitoring.recover"
Kind, State = IncidentNote.Kind, Incident.State
# A story tells so often that a trouble came and went; then it is known.
TOLD_TIMES = 20
# No rule looks at calls that ended longer ago.
SEEN = timedelta(hours=2)
# So many calls of one incident are listed.
MOST_CALLS = 1000


def watch(now: datetime) -> list[Incident]:
    """Those that began in this look. Nobody else may watch meanwhile. Raises DatabaseError."""
    rows = {row.pk: row for row in Incident.objects.to_watch(now - LATELY)}
    going_on = [_as_seen(row) for row in rows.values() if not row.is_over]
    looked = rulebook.look(reading.read(now), RuleSetting.objects.by_rule(), going_on)
    sightings = _without_closed(looked.sightings, {each.cause for each in going_on}, now)
    suspects = dict(Suspicion.objects.values_list("cause", "since"))
    known = [_known(row) for row in rows.values()]
    decision = decide(now, sightings, looked.blind, known, suspects)
    _suspect(decision.suspects, suspects)
    began = _write(decision, rows, now)
    _join(sightings, began, now)
    if began:
        wake(ALARM)
        wake(RECOVER)
    return began


def _as_seen(row: Incident) -> Sighting:
    """A mere hint is of the lowest severity, and explains nothing."""
    explains = row.severity < Severity.LOW
    return Sighting(row.rule, row.cause, row.told, row.severity, explains=explains)


def _without_closed(
    sightings: Iterable[Sighting], open_causes: Collection[str], now: datetime
) -> list[Sighting]:
    """Without those of which a person has said that they are over, and that hit no call since:
    calls that ended badly are seen for a while, whatever was done.
    """
    found = list(sightings)
    causes = [each.cause for each in found if each.calls and each.cause not in open_causes]
    if not causes:
        return found
    closed = IncidentCall.objects.filter(
        incident__cause__in=causes,
        incident__state=State.RESOLVED,
        incident__resolved_by__isnull=False,
        incident__resolved_at__gte=now - SEEN,
    )
    dealt_with: dict[str, set[UUID]] = {}
    for cause, call in closed.values_list("incident__cause", "call"):
        dealt_with.setdefault(cause, set()).add(call)
    return [
        each
        for each in found
        if not each.calls or not set(each.calls) <= dealt_with.get(each.cause, set())
    ]


def _known(row: Incident) -> Known:
    return Known(row.pk, row.rule, row.cause, row.quiet_since, row.times, row.resolved_at)


def _suspect(wanted: Mapping[str, datetime], before: Mapping[str, datetime]) -> None:
    gone = before.keys() - wanted.keys()
    if gone:
        Suspicion.objects.filter(cause__in=gone).delete()
    new = [Suspicion(cause=cause, since=wanted[cause]) for cause in wanted.keys() - before.keys()]
    Suspicion.objects.bulk_create(new, ignore_conflicts=True)


def _write(decision: Decision, rows: Mapping[UUID, Incident], now: datetime) -> list[Incident]:
    began = [row for each in decision.open if (row := _open(each, now))]
    for known, sighting in decision.back:
        if _reopen(rows[known.pk], sighting, now):
            began.append(rows[known.pk])
    for known, sighting in decision.seen:
        _go_on(rows[known.pk], sighting, now)
    for known in decision.quiet:
        if (
            Incident.objects.unresolved()
            .filter(pk=known.pk, quiet_since=None)
            .update(quiet_since=now)
        ):
            _tell(rows[known.pk], Kind.QUIET, now)
    for known in decision.over:
        _end(rows[known.pk], now)
    return began


def _open(sighting: Sighting, now: datetime) -> Incident | None:
    """None: somebody reopened one of the same cause just then."""
    try:
        with transaction.atomic():
            row = Incident.objects.create(
                rule=sighting.rule,
                cause=sighting.cause,
                severity=sighting.severity,
                sentence=sighting.sentence.to_json(),
                is_loud=sighting.is_loud,
                opened_at=now,
                seen_at=now,
            )
            note(row, Kind.OPENED, sighting.sentence, at=now)
    except IntegrityError:
        return None
    _note_calls(row, sighting, now)
    log.warning("incident %s began: %s, P%s", row.pk, row.rule, row.severity)
    return row


def _reopen(row: Incident, sighting: Sighting, now: datetime) -> bool:
    """It came back soon after it was over: the same incident, and one more time."""
    values = _values(row, sighting, now) | {
        "state": State.OPEN,
        "times": F("times") + 1,
        "resolved_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
    }
    try:
        with transaction.atomic():
            found = Incident.objects.filter(pk=row.pk, state=State.RESOLVED, resolved_by=None)
            if not found.update(**values):
                return False
            _tell(row, Kind.BACK, now, sighting.sentence)
    except IntegrityError:
        return False
    row.refresh_from_db()
    _note_calls(row, sighting, now)
    return True


def _values(row: Incident, sighting: Sighting, now: datetime) -> dict[str, object]:
    return {
        "seen_at": now,
        "quiet_since": None,
        "sentence": sighting.sentence.to_json(),
        # What it was at its worst.
        "severity": min(row.severity, sighting.severity),
        "is_loud": row.is_loud or sighting.is_loud,
    }


def _go_on(row: Incident, sighting: Sighting, now: datetime) -> None:
    values = _values(row, sighting, now)
    if not Incident.objects.unresolved().filter(pk=row.pk).update(**values):
        return
    if row.quiet_since:
        _tell(row, Kind.BACK, now, sighting.sentence)
    elif row.told.msgid != sighting.sentence.msgid:
        _tell(row, Kind.FACT, now, sighting.sentence)
    _note_calls(row, sighting, now)
    if sighting.severity < row.severity:
        wake(ALARM)


def _tell(row: Incident, kind: str, now: datetime, sentence: Sentence | None = None) -> None:
    """In its story, if that does not tell it again and again already."""
    if row.notes.of_kind(kind).count() < TOLD_TIMES:
        note(row, kind, sentence, at=now)


def _end(row: Incident, now: datetime) -> None:
    with transaction.atomic():
        found = Incident.objects.unresolved().filter(pk=row.pk).exclude(quiet_since=None)
        if found.update(state=State.RESOLVED, resolved_at=now, snoozed_until=None):
            note(row, Kind.CLOSED, at=now)
            wake(ALARM)


def _note_calls(row: Incident, sighting: Sighting, now: datetime) -> None:
    """The calls that it hit, each once."""
    if not sighting.calls:
        return
    noted = set(row.hit.values_list("call", flat=True))
    new = [call for call in sighting.calls if call not in noted][: MOST_CALLS - len(noted)]
    there = set(Call.objects.filter(pk__in=new).values_list("pk", flat=True))
    hit = [IncidentCall(incident=row, call_id=call) for call in new if call in there]
    IncidentCall.objects.bulk_create(hit, ignore_conflicts=True)


def _join(sightings: Iterable[Sighting], began: Iterable[Incident], now: datetime) -> None:
    """Consequences become part of the incident that explains them, and are told in its story."""
    roots = {each.cause: each.root for each in sightings}
    going_on = {row.cause: row for row in Incident.objects.unresolved()}
    for cause, row in going_on.items():
        root = going_on.get(roots.get(cause) or "")
        wanted = root.pk if root and root.pk != row.pk else None
        # What is not seen any more stays where it is until it is over.
        if row.part_of_id == wanted or (cause not in roots and row.part_of_id):
            continue
        Incident.objects.filter(pk=row.pk).update(part_of=wanted)
        row.part_of_id = wanted
        if root and wanted:
            _follows(root, row, now)
        else:
            wake(ALARM)


def _follows(root: Incident, row: Incident, now: datetime) -> None:
    note(root, Kind.CONSEQUENCE, row.told, at=now)
    msgid = gettext_noop("It follows from another incident, and is dealt with there.")
    note(row, Kind.FACT, Sentence(msgid), at=now)
