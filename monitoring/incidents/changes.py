"""What somebody changed shortly before an incident began: often that is why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.incidents.models import Incident
from monitoring.incidents.services import called
from telephony.models import ScheduledChange
from veyra.look import link
from veyra.models import User
from veyra.sentences import Sentence

# A change takes effect within moments; who made one an hour ago is not asked first.
BEFORE = timedelta(minutes=30)
# One that was made so shortly before is probably why.
SUSPICIOUS = timedelta(minutes=10)
SHOWN = 20
# Rows that decide what happens to callers.
MODELS = {
    "telephony": ("trunk", "phonenumber", "dispatchrule", "gateway", "colleague", "team"),
    "agentworker": ("agent", "blockedcaller"),
    "recordings": ("storage", "stream", "ingress"),
    "monitoring": ("alertchannel", "rulesetting"),
}
WORDS = {
    ADDITION: gettext_noop("“%(row)s” (%(what)s) was added by %(who)s."),
    CHANGE: gettext_noop("“%(row)s” (%(what)s) was changed by %(who)s."),
    DELETION: gettext_noop("“%(row)s” (%(what)s) was deleted by %(who)s."),
}
PLANNED = gettext_noop("The planned change “%(row)s” of %(who)s took effect.")


@dataclass(frozen=True)
class Change:
    """`url`: the page of the row, "" where the reader may not open it."""

    at: datetime
    sentence: Sentence
    url: str
    before: timedelta

    @property
    def minutes(self) -> int:
        return max(0, round(self.before.total_seconds() / 60))

    @property
    def is_suspicious(self) -> bool:
        return self.before <= SUSPICIOUS


def before(incident: Incident, user: User) -> list[Change]:
    """The newest first. Three queries at most."""
    since, until = incident.opened_at - BEFORE, incident.opened_at
    found = [*_by_hand(since, until, user), *_planned(since, until)]
    return sorted(found, key=lambda change: change.at, reverse=True)[:SHOWN]


def _by_hand(since: datetime, until: datetime, user: User) -> Iterable[Change]:
    kinds = ContentType.objects.get_for_models(*_models()).values()
    entries = LogEntry.objects.filter(
        action_time__gte=since, action_time__lte=until, content_type__in=kinds
    )
    for entry in entries.select_related("user", "content_type").order_by("-action_time")[:SHOWN]:
        kind = entry.content_type
        values = {
            "row": entry.object_repr,
            "what": str(kind.name) if kind else "",
            "who": called(entry.user),
        }
        right = f"{kind.app_label}.view_{kind.model}" if kind else ""
        url = entry.get_admin_url() if kind and user.has_perm(right) else None
        sentence = Sentence(WORDS[entry.action_flag], values)
        yield Change(entry.action_time, sentence, url or "", until - entry.action_time)


def _models() -> Sequence[type]:
    return [apps.get_model(app, name) for app, names in MODELS.items() for name in names]


def _planned(since: datetime, until: datetime) -> Iterable[Change]:
    done = ScheduledChange.objects.filter(
        state="done", settled_at__gte=since, settled_at__lte=until
    )
    for row in done.select_related("author").order_by("-settled_at")[:SHOWN]:
        who = called(row.author) if row.author else str(_("somebody who is no longer here"))
        at = row.settled_at or until
        url = link("admin:telephony_scheduledchange_changelist")
        yield Change(at, Sentence(PLANNED, {"row": row.title, "who": who}), url, until - at)
