"""What somebody changed shortly before an incident began: often that is why."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_noop

from monitoring.incidents import services
from monitoring.incidents.models import Incident, IncidentNote
from veyra.audit_entries import AuditEntry
from veyra.audit_words import Told, name_of, tell
from veyra.models import User
from veyra.sentences import Sentence

# A change takes effect within moments; who made one an hour ago is not asked first.
BEFORE = timedelta(minutes=30)
# One that was made so shortly before is probably why.
SUSPICIOUS = timedelta(minutes=10)
SHOWN = 20
UNDONE = gettext_noop("The change of “%(row)s” (%(what)s) was undone.")


@dataclass(frozen=True)
class Change:
    """A change, and how long before the incident it was made."""

    told: Told
    before: timedelta

    @property
    def minutes(self) -> int:
        return max(0, round(self.before.total_seconds() / 60))

    @property
    def is_suspicious(self) -> bool:
        return self.before <= SUSPICIOUS


def before(incident: Incident, user: User) -> list[Change]:
    """The newest first. A few queries, however many there are."""
    since, until = incident.opened_at - BEFORE, incident.opened_at
    found = AuditEntry.objects.visible_to(user).between(since, until).by_somebody()
    told = tell(list(found.newest_first()[:SHOWN]), user)
    return [Change(each, until - each.entry.timestamp) for each in told]


def note_undone(entry: AuditEntry, by: User) -> None:
    """It stands in the story of every incident that goes on and tells of that change."""
    told = Sentence(UNDONE, {"row": name_of(entry), "what": str(entry.content_type.name)})
    open_now = Incident.objects.visible_to(by).unresolved()
    for incident in open_now.opened_between(entry.timestamp, entry.timestamp + BEFORE):
        services.note(incident, IncidentNote.Kind.UNDONE, told, by)
