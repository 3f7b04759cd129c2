"""Calls an address on another host in each minute in which all is well. When it is not called any
more, that host tells staff: so even a machine that is gone is noticed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.admin.models import CHANGE, LogEntry

from monitoring.alarms import sending
from monitoring.alarms.models import Delivery, Watch
from monitoring.alarms.sending import Answer
from monitoring.health import reading
from monitoring.health.models import HealthCheck
from veyra.models import User
from veyra.secrets import SecretError
from veyra.sentences import Sentence

MINUTE = timedelta(seconds=60)
# Without these nobody would be told of anything.
NEEDED = ("database", "broker", "schedule")
# An alarm that waits for so long reaches nobody.
STUCK = timedelta(minutes=5)


@dataclass
class Caller:
    """Of one process."""

    _called: datetime | None = None

    def call(self, now: datetime) -> None:
        """Where a minute is over and all is well. Raises DatabaseError."""
        # The loop comes by every five seconds: a call that is a moment early keeps to the minute.
        if self._called and now - self._called < MINUTE - timedelta(seconds=3):
            return
        watch = Watch.get()
        if not watch.is_set or not is_well(now):
            return
        self._called = now
        call(watch, now)


def is_well(now: datetime) -> bool:
    """Would staff be told, if something happened now? Raises DatabaseError."""
    found = reading.by_name(reading.latest(now))
    ill = [name for name in NEEDED if name in found and found[name].status != HealthCheck.Status.OK]
    return not ill and not Delivery.objects.stuck(now - STUCK).exists()


def set_up(url: str, proxy: str, by: User) -> Watch:
    """Call this from now on; nothing: call nobody."""
    watch = Watch(pk=1, url=url, proxy=proxy if url else "")
    watch.save()
    LogEntry.objects.log_actions(by.pk, [watch], CHANGE, change_message="")
    return watch


def call(watch: Watch, now: datetime) -> bool:
    """Once, and note what came of it."""
    try:
        answer = sending.fetch(watch.url, watch.proxy, secrets=[watch.url, watch.proxy])
    except SecretError:
        answer = Answer(False, Sentence(sending.UNREADABLE))
    if answer.ok:
        Watch.objects.filter(pk=watch.pk).update(called_at=now, worked_at=now, error={})
    else:
        Watch.objects.filter(pk=watch.pk).update(called_at=now, error=answer.why.to_json())
    return answer.ok
