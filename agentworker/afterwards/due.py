"""Which conversations are to be summed up now."""

from datetime import datetime, timedelta

from django.utils import timezone

from agentworker.models import Session, SessionQuerySet

# A mind that is away is asked again, and not for ever: nobody waits for what was said days ago.
GIVEN_UP = timedelta(days=1)


def due(now: datetime) -> SessionQuerySet:
    return Session.objects.to_sum_up(now, now - GIVEN_UP)


def any_now() -> bool:
    return due(timezone.now()).exists()
