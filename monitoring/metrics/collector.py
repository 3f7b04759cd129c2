"""Figures for Prometheus, read from the database at the moment of the scrape.

Any process gives the same answer, and no figure depends on which process did the work. None takes
longer where there are a million calls: what grows with them is read from the running totals.
docs/monitoring.md says what each figure means.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from agentworker.models import Worker
from monitoring.health import reading
from monitoring.health.base import Status
from monitoring.health.checks.ground import lengths, pulse_of
from monitoring.incidents.models import Incident
from monitoring.metrics.models import Tally
from monitoring.metrics.totals import Histogram, Totals
from recordings import guarantee
from recordings.models import GuaranteeDay
from telephony.callback import CallBack
from telephony.models import Call, FoldUnit, PublishedObject, Registration
from telephony.probes import WORKER_IS_OLD
from veyra.models import Pulse

# Days of the guarantee that are told together.
DAYS = 7
# What is not used, or not looked at yet, is neither well nor ill.
GRADES = {Status.OK: 1.0, Status.WARNING: 0.5, Status.FAILED: 0.0}


class Figures(Collector):
    """prometheus_client asks it once for each scrape."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _calls()
        yield from _line()
        yield from _assistants(now)
        yield from _work(now)
        yield from _troubles(now)
        yield from _recordings()


def _calls() -> Iterator[Metric]:
    totals = Totals.from_json(Tally.told())
    going_on = _counts(Call.objects.going_on(), "state")
    yield _gauges("veyra_calls_now", "Calls of this moment", "state", going_on)
    ended = CounterMetricFamily(
        "veyra_calls", "Calls that ended, a minute later", labels=["direction", "outcome"]
    )
    # Each that callers can have from the beginning: of a figure that was not there before, nothing
    # says that it has grown.
    none = {(Call.Direction.INBOUND.value, str(outcome)): 0 for outcome in Call.Outcome.values}
    for kind, count in sorted({**none, **totals.calls}.items()):
        ended.add_metric(kind, count)
    yield ended
    waiting = Call.objects.uncounted().count()
    yield _gauge("veyra_calls_uncounted", "Calls that ended and are in no total yet", waiting)
    yield CounterMetricFamily("veyra_talk_seconds", "Seconds of talk", value=totals.talked)
    yield _histogram("veyra_answer_seconds", "How long callers waited", totals.answer)
    yield _histogram("veyra_turn_delay_seconds", "How long answers took", totals.delay)
    back = CallBack.objects.waiting().count()
    yield _gauge("veyra_call_backs_waiting", "Callers who wait to be called back", back)


def _line() -> Iterator[Metric]:
    published = _counts(PublishedObject.objects.all(), "state")
    yield _gauges("veyra_published_objects", "Objects in LiveKit", "state", published)
    signed_in = _counts(Registration.objects.open(), "state")
    yield _gauges("veyra_registrations", "Connections that sign in", "state", signed_in)


def _assistants(now: datetime) -> Iterator[Metric]:
    rows = [
        (worker.capacity, len(worker.jobs))
        for worker in Worker.objects.taking_calls(now - WORKER_IS_OLD)
    ]
    taken = sum(jobs for _, jobs in rows)
    free = sum(max(0, capacity - jobs) for capacity, jobs in rows)
    yield _gauge("veyra_workers", "Workers that take calls", len(rows))
    places = {"taken": taken, "free": free}
    yield _gauges("veyra_places", "Calls that workers can take at once", "state", places)


def _work(now: datetime) -> Iterator[Metric]:
    dirty = FoldUnit.objects.exclude(dirty_at=None).order_by("dirty_at")
    oldest = dirty.values_list("dirty_at", flat=True).first()
    age = (now - oldest if oldest else timedelta()).total_seconds()
    yield _gauge("veyra_fold_backlog", "Units with new facts", dirty.count())
    yield _gauge("veyra_fold_oldest_seconds", "Age of the oldest new fact", age)
    yield _gauges("veyra_queue_messages", "Work that waits", "queue", lengths())
    named = {pulse_of(queue): queue for queue in settings.QUEUES}
    ages = {
        named[name]: (now - at).total_seconds()
        for name, at in Pulse.objects.filter(name__in=named).values_list("name", "at")
    }
    about = "Since a sign of life came through"
    yield _gauges("veyra_queue_silence_seconds", about, "queue", ages)


def _troubles(now: datetime) -> Iterator[Metric]:
    counted = Incident.objects.unresolved().roots().order_by().values_list("severity", "state")
    incidents = GaugeMetricFamily(
        "veyra_incidents", "Incidents that are not over", labels=["severity", "state"]
    )
    # Those of which there are none, too.
    found: dict[tuple[int, str], int] = {(severity, "open"): 0 for severity in (1, 2, 3, 4)}
    found |= {(level, state): count for level, state, count in counted.annotate(Count("pk"))}
    for (severity, state), count in sorted(found.items()):
        incidents.add_metric([f"P{severity}", state], count)
    yield incidents
    findings = reading.latest(now)
    grades = {each.name: GRADES[Status(each.status)] for each in findings if each.status in GRADES}
    yield _gauges("veyra_check", "1: well, 0.5: look at it soon, 0: not well", "name", grades)
    values = {each.name: each.value for each in findings if each.value is not None}
    yield _gauges("veyra_check_value", "What a check measured, in its own unit", "name", values)


def _recordings() -> Iterator[Metric]:
    days = list(GuaranteeDay.objects.up_to(guarantee.today(), DAYS))
    results = {
        result.value: sum(getattr(day, result.value) for day in days) for result in guarantee.Result
    }
    about = "Calls of the last seven days that had to be recorded"
    yield _gauges("veyra_recordings", about, "result", results)


def _counts(rows: QuerySet[Any], field: str) -> dict[str, int]:
    """By each value that the field can have: of a figure that is not there, nothing can be said."""
    none = {str(value): 0 for value, _name in rows.model._meta.get_field(field).choices}
    counted = rows.order_by().values_list(field).annotate(count=Count("pk"))
    return none | dict(counted)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _gauges(name: str, about: str, label: str, counts: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, about: str, found: Histogram) -> Metric:
    family = HistogramMetricFamily(name, about)
    family.add_metric([], found.rising(), found.sum)
    return family


def text() -> bytes:
    """Prometheus' text format. Raises DatabaseError."""
    registry = CollectorRegistry()
    registry.register(Figures())
    return generate_latest(registry)
