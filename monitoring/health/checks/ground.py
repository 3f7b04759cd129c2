"""What carries everything: the database, the queue, and who works it off."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.health.base import (
    NETWORK_SECONDS,
    Asking,
    Check,
    Limit,
    Link,
    Verdict,
    ill,
    missed,
    warn,
    well,
)
from monitoring.health.redises import client_of
from veyra.models import Pulse

# The schedule's pulse, and the queue that it goes through.
SCHEDULE = "schedule"
DEFAULT = settings.CELERY_TASK_DEFAULT_QUEUE
# Work on these may take long, and nobody waits for it.
LONG = {"slow", "saving"}
SLOW_MILLISECONDS = Limit(
    "slow",
    _("Slow from (milliseconds)"),
    _("An answer that takes longer is told as slow. A healthy one takes a few milliseconds."),
    default=500,
    least=5,
    most=10_000,
)


@dataclass
class Database(Check):
    name, title, link, unit = "database", _("Database"), Link.GROUND, _("ms")
    limits = (SLOW_MILLISECONDS,)

    def look(self, now: datetime) -> Verdict:
        began = perf_counter()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return ill(
                gettext_noop("The database does not answer. Start it, or correct DATABASE_URL.")
            )
        took = (perf_counter() - began) * 1000
        if took > self.limit("slow"):
            return warn(
                gettext_noop(
                    "The database answers slowly (%(ms)s ms): pages and calls wait for it. Look"
                    " what keeps its machine busy."
                ),
                took,
                ms=round(took),
            )
        return well(gettext_noop("The database answers."), took)


@dataclass
class Broker(Asking):
    name, title, link, unit = "broker", _("Queue"), Link.GROUND, _("ms")
    limits = (SLOW_MILLISECONDS,)

    def ask(self, known: None) -> Verdict:
        began = perf_counter()
        try:
            client_of(settings.REDIS_URL, NETWORK_SECONDS).ping()
        except (redis.RedisError, OSError):
            return ill(
                gettext_noop("The queue's Redis does not answer. Start it, or correct REDIS_URL.")
            )
        took = (perf_counter() - began) * 1000
        if took > self.limit("slow"):
            return warn(
                gettext_noop(
                    "The queue's Redis answers slowly (%(ms)s ms): what is saved reaches the line"
                    " late. Look what keeps its machine busy."
                ),
                took,
                ms=round(took),
            )
        return well(gettext_noop("The queue answers."), took)


@dataclass
class Schedule(Check):
    name, title, link = "schedule", _("Background work"), Link.GROUND
    limits = (
        Limit(
            "silence",
            _("Missed after (seconds)"),
            _("Background work shows life every five seconds. It is missed after so many."),
            default=15,
            least=10,
            most=600,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        if Pulse.is_felt(SCHEDULE, timedelta(seconds=self.limit("silence"))):
            return well(gettext_noop("Background work is done on time."))
        return missed(
            gettext_noop(
                "Background work stands still: saved changes do not reach LiveKit. Start the Celery"
                " worker and beat."
            )
        )


def pulse_of(queue: str) -> str:
    """The sign of life that goes through this queue."""
    return f"queue:{queue}"


@dataclass
class Queues(Asking):
    """Is each queue worked off? A sign of life goes through each of them every five seconds."""

    name, title, link, unit = "queues", _("Queues of work"), Link.GROUND, _("waiting")
    limits = (
        Limit(
            "silence",
            _("Stuck after (seconds)"),
            _("A queue on which nothing was done for so long is stuck."),
            default=20,
            least=15,
            most=3600,
        ),
        Limit(
            "long",
            _("Stuck after (minutes), long work"),
            _("Files, letters and recordings may take long; only after so long is that told."),
            default=60,
            least=5,
            most=1440,
        ),
        Limit(
            "waiting",
            _("Too much work waiting"),
            _("With more messages than this waiting, workers do not keep up."),
            default=200,
            least=10,
            most=100_000,
        ),
    )

    def known(self, now: datetime) -> list[str]:
        """Queues on which nothing was done for too long."""
        rows = dict(Pulse.objects.filter(name__startswith="queue:").values_list("name", "at"))
        silent = []
        for queue in settings.QUEUES:
            seconds = self.limit("long") * 60 if queue in LONG else self.limit("silence")
            at = rows.get(pulse_of(queue))
            if at is None or now - at > timedelta(seconds=seconds):
                silent.append(queue)
        return silent

    def ask(self, known: list[str]) -> Verdict:
        waiting = lengths()
        all_of_them = float(sum(waiting.values()))
        if known:
            verdict = missed(
                gettext_noop(
                    "Nobody works off: %(queues)s. What belongs there waits. Start the Celery"
                    " worker of these queues again."
                ),
                queues=", ".join(known),
            )
            return replace(verdict, value=all_of_them)
        if all_of_them > self.limit("waiting"):
            return warn(
                gettext_noop(
                    "%(count)s pieces of work wait (%(queue)s): workers do not keep up. Look what"
                    " keeps the machine busy, or start one more worker."
                ),
                all_of_them,
                count=int(all_of_them),
                queue=max(waiting, key=lambda name: waiting[name]),
            )
        return well(gettext_noop("All queues are worked off."), all_of_them)


def lengths() -> dict[str, int]:
    """Messages that wait, by queue; {} where Redis does not answer."""
    try:
        pipe = client_of(settings.REDIS_URL, NETWORK_SECONDS).pipeline(transaction=False)
        for queue in settings.QUEUES:
            pipe.llen(queue)
        return dict(zip(settings.QUEUES, pipe.execute(), strict=True))
    except (redis.RedisError, OSError):
        return {}
