"""Doors for machines, without a login: is the line well, and its figures.

Whoever asks often gets the last answer again, so that asking costs nothing.
"""

from functools import lru_cache
from time import monotonic

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from monitoring.health.base import Status
from monitoring.health.reading import Finding, overall
from monitoring.health.shown import Shown, shown
from monitoring.metrics import collector, scraping

# What a process cannot work without
READY = ("database", "broker")


def _answer(checks: list[Finding]) -> JsonResponse:
    status = overall(checks)
    body = {"status": status, "checks": [check.to_json() for check in checks]}
    return JsonResponse(body, status=200 if status == Status.OK else 503)


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Every check. 503 where one of them failed, or is still starting."""
    return _answer(shown.get())


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """May this process be given requests: what it cannot work without."""
    return _answer([check for check in shown.get() if check.name in READY])


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return _answer([])


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; 503 where the database is away."""
    try:
        scraping.note(request.headers.get("User-Agent", ""))
        return HttpResponse(_figures(int(monotonic() / Shown.FRESH_SECONDS)), CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", "text/plain", status=503)


@lru_cache(maxsize=1)
def _figures(moment: int) -> bytes:
    """One reading for each `moment`."""
    return collector.text()
