"""Doors of the queue: each calls one service."""

from celery import shared_task
from django.utils import timezone

from recordings import (
    deleting,
    egress,
    expecting,
    fetching,
    guarantee,
    keeping,
    looking,
    orders,
    saving,
)


@shared_task(name=deleting.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def keep() -> None:
    keeping.work(timezone.now())


@shared_task(name=expecting.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def expect() -> None:
    expecting.look(timezone.now(), expecting.THOROUGH)


@shared_task(name=orders.TASK)  # type: ignore[untyped-decorator]  # likewise
def order() -> None:
    orders.deliver()


@shared_task(name=guarantee.TASK)  # type: ignore[untyped-decorator]  # likewise
def count() -> None:
    guarantee.count()


@shared_task(name=egress.FETCH)  # type: ignore[untyped-decorator]  # likewise
def fetch() -> None:
    fetching.fetch()
    egress.fetch()


@shared_task(name=looking.TASK)  # type: ignore[untyped-decorator]  # likewise
def look() -> None:
    looking.look()


@shared_task(name=saving.TASK)  # type: ignore[untyped-decorator]  # likewise
def save() -> None:
    saving.work(timezone.now())


@shared_task(name="recordings.tidy")  # type: ignore[untyped-decorator]  # likewise
def tidy() -> None:
    saving.tidy(timezone.now())
    egress.tidy()
    fetching.tidy()
