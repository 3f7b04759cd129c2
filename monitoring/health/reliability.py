"""Of those who called, how many were answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from monitoring.report_words import number
from telephony.models import Call
from telephony.reasons import Reason
from veyra.models import User

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Reliability:
    callers: int
    answered: int

    def __str__(self) -> str:
        if not self.callers:
            return _("Nobody called in the last seven days.")
        return _(
            "Of %(callers)s callers of the last seven days %(answered)s were answered"
            " (%(share)s%%)."
        ) % {
            "callers": number(self.callers),
            "answered": number(self.answered),
            "share": percent(self.answered / self.callers),
        }


def percent(part: float) -> str:
    """A tenth more or less counts here; and what is not all is never told as all."""
    shown = round(100 * part, 1)
    if shown == 100 and part < 1:
        shown = 99.9
    return number_format(shown, 0 if shown == 100 else 1)


def read(user: User, now: datetime) -> Reliability:
    """Calls from outside that ended in the last seven days. Neither our own test calls count, nor
    invented ones, nor those of callers whom somebody blocked. One query.
    """
    calls = (
        Call.objects.visible_to(user)
        .ended()
        .filter(
            direction=Call.Direction.INBOUND,
            started_at__gte=now - WEEK,
            is_test=False,
            is_demo=False,
        )
    )
    counted = calls.exclude(reason=Reason.BLOCKED).aggregate(
        callers=Count("pk"), answered=Count("pk", filter=Q(outcome=Call.Outcome.ANSWERED))
    )
    return Reliability(counted["callers"], counted["answered"])
