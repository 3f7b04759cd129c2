"""Sees what looks like an attack in rows that others wrote, and writes a security event, once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Sum
from django.utils.translation import gettext_noop as _

from monitoring.models import CallFile
from recordings.models import Listening
from telephony.models import Call, Refused
from veyra.models import ReadSample, SecurityEvent
from veyra.sentences import Sentence

Kind = SecurityEvent.Kind
Found = tuple[str, Kind, Sentence, int | None]

# So many calls of one address that were turned away, and that lately.
MANY_REFUSED, LATELY = 200, timedelta(minutes=10)
# So many calls in one file or read by a program, or recordings taken, within an hour, are no
# everyday work.
MANY_CALLS, MANY_RECORDINGS, HOUR = 5000, 50, timedelta(hours=1)
# Nor so many calls one by one, as a program takes their conversations.
MANY_TALKS, LOOKED_THROUGH = 200, 5000
# Of one look.
MOST = 20

REFUSED = _("%(count)s calls from %(address)s were turned away.")
CALLS = _("%(name)s took a file with %(count)s calls.")
RECORDINGS = _("%(name)s took %(count)s recordings within an hour.")
READ = _("%(name)s read about %(count)s calls through the API within an hour.")
TALKS = _("%(name)s took, heard or changed %(count)s calls one by one within an hour.")


def watch(now: datetime) -> None:
    taken = (*_files(now), *_read(now), *_recordings(now), *_talks(now))
    for once, kind, sentence, user in (*_refused(now), *taken):
        SecurityEvent.objects.get_or_create(
            once=f"{kind}:{once}",
            defaults={"kind": kind, "detail": sentence.to_json(), "user_id": user},
        )


def _refused(now: datetime) -> Iterator[Found]:
    """An address once a day."""
    rows = Refused.objects.filter(last_at__gte=now - LATELY).exclude(address="")
    sums = rows.order_by().values("address").annotate(total=Sum("count"))
    for row in sums.filter(total__gte=MANY_REFUSED).order_by("-total")[:MOST]:
        told = {"count": row["total"], "address": row["address"]}
        yield f"{row['address']}:{now:%Y-%m-%d}", Kind.MANY_REFUSED, Sentence(REFUSED, told), None


def _files(now: datetime) -> Iterator[Found]:
    lately = CallFile.objects.filter(asked_at__gte=now - HOUR, total__gte=MANY_CALLS)
    for row in lately.select_related("made_by")[:MOST]:
        told = {"name": row.made_by.get_username(), "count": row.total}
        yield str(row.pk), Kind.MASS_EXPORT, Sentence(CALLS, told), row.made_by_id


def _read(now: datetime) -> Iterator[Found]:
    """An account once an hour; of a service, the name of its key."""
    names = ("user", "user__username", "user__first_name", "user__is_staff")
    lately = ReadSample.objects.since(now - HOUR).values(*names).annotate(count=Count("pk"))
    for row in lately.filter(count__gte=MANY_CALLS // ReadSample.EVERY)[:MOST]:
        name = row["user__username" if row["user__is_staff"] else "user__first_name"]
        told = {"name": name, "count": row["count"] * ReadSample.EVERY}
        once = f"{row['user']}:read:{now:%Y-%m-%d-%H}"
        yield once, Kind.MASS_EXPORT, Sentence(READ, told), row["user"]


def _recordings(now: datetime) -> Iterator[Found]:
    """A person once an hour."""
    taken = Listening.objects.filter(began_at__gte=now - HOUR).exclude(form=Listening.Form.SOUND)
    people = taken.order_by().values("user", "user__username").annotate(count=Count("pk"))
    for row in people.filter(count__gte=MANY_RECORDINGS, user__isnull=False)[:MOST]:
        told = {"name": row["user__username"], "count": row["count"]}
        once = f"{row['user']}:{now:%Y-%m-%d-%H}"
        yield once, Kind.MASS_EXPORT, Sentence(RECORDINGS, told), row["user"]


def _talks(now: datetime) -> Iterator[Found]:
    """Likewise. What was said is written down call by call, also of what a program takes."""
    calls = ContentType.objects.get_for_model(Call)
    # There is no index by time, and within the newest rows none is needed.
    newest = LogEntry.objects.order_by("-pk").values("pk")[:LOOKED_THROUGH]
    lately = LogEntry.objects.filter(pk__in=newest, action_time__gte=now - HOUR)
    deeds = lately.filter(content_type=calls).order_by()
    people = deeds.values("user", "user__username").annotate(
        count=Count("object_id", distinct=True)
    )
    for row in people.filter(count__gte=MANY_TALKS)[:MOST]:
        told = {"name": row["user__username"], "count": row["count"]}
        once = f"{row['user']}:talks:{now:%Y-%m-%d-%H}"
        yield once, Kind.MASS_EXPORT, Sentence(TALKS, told), row["user"]
