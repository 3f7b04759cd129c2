"""Sees what looks like an attack in rows that others wrote, and writes a security event, once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Sum
from django.utils.translation import gettext_noop as _

from monitoring.models import CallFile
from recordings.models import Listening
from telephony.models import Refused
from veyra.models import SecurityEvent
from veyra.sentences import Sentence

Kind = SecurityEvent.Kind
Found = tuple[str, Kind, Sentence, int | None]

# So many calls of one address that were turned away, and that lately.
MANY_REFUSED, LATELY = 200, timedelta(minutes=10)
# So many calls in one file, or recordings taken within an hour, are no everyday work.
MANY_CALLS, MANY_RECORDINGS, HOUR = 5000, 50, timedelta(hours=1)
# Of one look.
MOST = 20

REFUSED = _("%(count)s calls from %(address)s were turned away.")
CALLS = _("%(name)s took a file with %(count)s calls.")
RECORDINGS = _("%(name)s took %(count)s recordings within an hour.")


def watch(now: datetime) -> None:
    for once, kind, sentence, user in (*_refused(now), *_files(now), *_recordings(now)):
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


def _recordings(now: datetime) -> Iterator[Found]:
    """A person once an hour."""
    taken = Listening.objects.filter(began_at__gte=now - HOUR).exclude(form=Listening.Form.SOUND)
    people = taken.order_by().values("user", "user__username").annotate(count=Count("pk"))
    for row in people.filter(count__gte=MANY_RECORDINGS, user__isnull=False)[:MOST]:
        told = {"name": row["user__username"], "count": row["count"]}
        once = f"{row['user']}:{now:%Y-%m-%d-%H}"
        yield once, Kind.MASS_EXPORT, Sentence(RECORDINGS, told), row["user"]
