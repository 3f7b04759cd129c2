"""Work of monitoring."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from monitoring import caller_zip, filing, forgetting, looking, posting, synthetic
from monitoring.access import watch as access_watch
from monitoring.alarms import working
from monitoring.health import history
from monitoring.health.checks.ground import DEFAULT, SCHEDULE, pulse_of
from monitoring.hooks import working as hooks
from monitoring.incidents import services
from monitoring.logs import bundle
from monitoring.metrics import counting
from monitoring.notices import working as notices
from monitoring.recovery import recover as recovering
from monitoring.recovery.services import RECOVER
from monitoring.upkeep import working as upkeep_working
from veyra.models import KeptAnswer, Pulse, ReadSample


@shared_task(name="monitoring.pulse", bind=True)  # type: ignore[untyped-decorator]  # celery ships no types
def pulse(self: Any) -> None:
    """Proves that the schedule sends work and that a worker of this queue does it."""
    queue = (self.request.delivery_info or {}).get("routing_key") or DEFAULT
    Pulse.beat(pulse_of(queue))
    if queue == DEFAULT:
        Pulse.beat(SCHEDULE)


@shared_task(name=looking.TASK)  # type: ignore[untyped-decorator]  # likewise
def look() -> None:
    looking.look(timezone.now())


@shared_task(name=working.TASK)  # type: ignore[untyped-decorator]  # likewise
def alarm() -> None:
    working.work(timezone.now())


@shared_task(name=hooks.TASK)  # type: ignore[untyped-decorator]  # likewise
def tell_programs() -> None:
    hooks.work(timezone.now())


@shared_task(name=counting.TASK)  # type: ignore[untyped-decorator]  # likewise
def count() -> None:
    counting.count(timezone.now())
    access_watch.watch(timezone.now())


@shared_task(name=synthetic.TASK)  # type: ignore[untyped-decorator]  # likewise
def test_calls() -> None:
    synthetic.work(timezone.now())


@shared_task(name=RECOVER)  # type: ignore[untyped-decorator]  # likewise
def recover() -> None:
    recovering.work(timezone.now())


@shared_task(name=filing.TASK)  # type: ignore[untyped-decorator]  # likewise
def file() -> None:
    while filing.run_next():
        pass


@shared_task(name=bundle.TASK)  # type: ignore[untyped-decorator]  # likewise
def support() -> None:
    while bundle.run_next():
        pass


@shared_task(name="monitoring.tidy")  # type: ignore[untyped-decorator]  # likewise
def tidy() -> None:
    filing.forget(timezone.now())
    caller_zip.forget(timezone.now())
    bundle.forget(timezone.now())
    posting.forget(timezone.now())
    working.forget(timezone.now())
    hooks.forget(timezone.now())
    services.forget(timezone.now())
    for kept in (KeptAnswer, ReadSample):
        kept.objects.forget_before(timezone.now() - kept.KEPT)
    history.thin(timezone.now())


@shared_task(name=posting.TASK)  # type: ignore[untyped-decorator]  # likewise
def mail() -> None:
    posting.work(timezone.now())


@shared_task(name=caller_zip.TASK)  # type: ignore[untyped-decorator]  # likewise
def caller_file() -> None:
    while caller_zip.run_next():
        pass


@shared_task(name=forgetting.TASK)  # type: ignore[untyped-decorator]  # likewise
def forget() -> None:
    forgetting.work(timezone.now())


@shared_task(name=upkeep_working.TASK)  # type: ignore[untyped-decorator]  # likewise
def upkeep() -> None:
    upkeep_working.work()


@shared_task(name=notices.TASK)  # type: ignore[untyped-decorator]  # likewise
def tell_of_numbers() -> None:
    notices.work(timezone.now())
