"""By whose clock the page of a call tells its times: that of the place of the number."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.utils import timezone
from django.utils.translation import gettext as _

from agentworker.hours.book import could_be
from agentworker.models import NumberPlace, Place
from telephony.models import Call


@dataclass(frozen=True)
class CallClock:
    """`told`: whose clock it is, where the reader's shows another hour; else ""."""

    zone: tzinfo
    told: str = ""

    def set(self) -> timezone.override:
        """`with clock.set():` all times are by it."""
        return timezone.override(self.zone)


def clock_of(call: Call) -> CallClock:
    """A number that belongs to no place is told of by the reader's own. One query."""
    place, reader = place_of(call), timezone.get_current_timezone()
    if place is None:
        return CallClock(reader)
    there = offset(call.started_at, place.zone)
    if there == offset(call.started_at, reader):
        return CallClock(place.zone)
    values = {"place": place.name, "offset": there}
    return CallClock(place.zone, _("Times by the clock of “%(place)s” (%(offset)s)") % values)


def place_of(call: Call) -> Place | None:
    """Whose hours our number of this call keeps."""
    if call.number:
        kept = NumberPlace.objects.of_keys([call.number.key])
    else:
        ours = call.from_number if call.is_outbound else call.to_number
        kept = NumberPlace.objects.called(could_be(ours))
    row = kept.select_related("place").first()
    return row.place if row else None


def offset(at: datetime, zone: tzinfo) -> str:
    """ "UTC+3"."""
    hours = (at.astimezone(zone).utcoffset() or timedelta()) / timedelta(hours=1)
    return f"UTC{hours:+g}"
