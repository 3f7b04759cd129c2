"""Figures for Prometheus, read from the database at the moment of the scrape.

Any process gives the same answer, and no figure depends on which process did the work.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agentworker.models import Worker
from telephony.models import Call, FoldUnit, PublishedObject, Registration
from telephony.probes import WORKER_IS_OLD


class Figures(Collector):
    """prometheus_client asks it once for each scrape."""

    def collect(self) -> Iterator[Metric]:
        ended = Call.State.ENDED
        calls_now = _counts(Call.objects.exclude(state=ended), "state")
        calls_ended = _counts(Call.objects.filter(state=ended), "outcome")
        published = _counts(PublishedObject.objects.all(), "state")
        yield _gauges("veyra_calls_now", "Calls of this moment", "state", calls_now)
        yield _total("veyra_calls", "Calls that ended", "outcome", calls_ended)
        signed_in = _counts(Registration.objects.open(), "state")
        yield _gauges("veyra_published_objects", "Objects in LiveKit", "state", published)
        yield _gauges("veyra_registrations", "Connections that sign in", "state", signed_in)
        yield from _work()


def _work() -> Iterator[Metric]:
    now = timezone.now()
    workers = Worker.objects.taking_calls(now - WORKER_IS_OLD)
    yield GaugeMetricFamily("veyra_workers", "Workers that take calls", value=workers.count())
    dirty = FoldUnit.objects.exclude(dirty_at=None).order_by("dirty_at")
    yield GaugeMetricFamily("veyra_fold_backlog", "Units with new facts", value=dirty.count())
    oldest = dirty.values_list("dirty_at", flat=True).first()
    age = (now - oldest if oldest else timedelta()).total_seconds()
    yield GaugeMetricFamily("veyra_fold_oldest_seconds", "Age of the oldest new fact", value=age)


def _counts(rows: QuerySet[Any], field: str) -> dict[str, int]:
    counted = rows.order_by().values_list(field).annotate(count=Count("pk"))
    return {value or "unknown": count for value, count in counted}


def _gauges(name: str, about: str, label: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _total(name: str, about: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def text() -> bytes:
    registry = CollectorRegistry()
    registry.register(Figures())
    return generate_latest(registry)
