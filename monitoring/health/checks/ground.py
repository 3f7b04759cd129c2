"""What carries everything: the database, the queue, and who works it off."""

from dataclasses import dataclass
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

# The schedule's pulse; those of its queues are named "queue:default" and so on.
SCHEDULE = "schedule"
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
            _("Background work shows life every ten seconds. It is missed after so many."),
            default=60,
            least=25,
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
