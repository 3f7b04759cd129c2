"""Work of monitoring."""

from celery import shared_task
from django.utils import timezone

from monitoring import caller_zip, filing, forgetting, looking, posting
from monitoring.health import history
from monitoring.health.checks.ground import SCHEDULE
from monitoring.alarms import working
from veyra.models import Pulse


@shared_task(name="monitoring.pulse")  # type: ignore[untyped-decorator]  # celery ships no types
def pulse() -> None:
    """Proves that the schedule sends work and that a worker does it."""
    Pulse.beat(SCHEDULE)


@shared_task(name=looking.TASK)  # type: ignore[untyped-decorator]  # likewise
def look() -> None:
    looking.look(timezone.now())


@shared_task(name=filing.TASK)  # type: ignore[untyped-decorator]  # likewise
def file() -> None:
    while filing.run_next():
        pass

@shared_task(name=working.TASK)  # type: ignore[untyped-decorator]  # likewise
def alarm() -> None:
    working.work(timezone.now())



@shared_task(name="monitoring.tidy")  # type: ignore[untyped-decorator]  # likewise
def tidy() -> None:
    filing.forget(timezone.now())
    caller_zip.forget(timezone.now())
    posting.forget(timezone.now())
    history.thin(timezone.now())


@shared_task(name=posting.TASK)  # type: ignore[untyped-decorator]  # likewise
def mail() -> None:
    working.forget(timezone.now())
    posting.work(timezone.now())


@shared_task(name=caller_zip.TASK)  # type: ignore[untyped-decorator]  # likewise
def caller_file() -> None:
    while caller_zip.run_next():
        pass


@shared_task(name=forgetting.TASK)  # type: ignore[untyped-decorator]  # likewise
def forget() -> None:
    forgetting.work(timezone.now())
