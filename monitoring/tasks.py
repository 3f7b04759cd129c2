"""Work of monitoring."""

from celery import shared_task

from monitoring.checks import SCHEDULE
from veyra.models import Pulse


@shared_task(name="monitoring.pulse")  # type: ignore[untyped-decorator]  # celery ships no types
def pulse() -> None:
    """Proves that the schedule sends work and that a worker does it."""
    Pulse.beat(SCHEDULE)
