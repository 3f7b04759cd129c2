"""No new calls for a while, and those that go on may end: before the programs are replaced."""

import time
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from agentworker.models import Worker
from monitoring.incidents.models import Silence, SilenceQuerySet
from telephony.models import Call

LOOK_SECONDS = 2.0
# Programs are replaced within so long after the last call; nobody is woken meanwhile.
REPLACED = timedelta(minutes=30)


def drain(patience: timedelta) -> int:
    """Rest every worker and wait until no call goes on. How many still go on after `patience`; then
    calls are taken as before.
    """
    now = timezone.now()
    _silence(now, now + patience + REPLACED)
    left = 1
    try:
        # One that was started meanwhile rests, too.
        while (left := _rest_and_count()) and timezone.now() < now + patience:
            time.sleep(LOOK_SECONDS)
    finally:
        # Somebody who does not want to wait ends it, too.
        if left:
            end()
    return left


def end() -> None:
    """Calls are taken again, and alarms are told. Who rests by a button goes on resting."""
    Worker.objects.resting().not_by_hand().update(is_resting=False)
    now = timezone.now()
    _ours().filter(lifted_at=None).update(lifted_at=now)


def _rest_and_count() -> int:
    Worker.objects.update(is_resting=True)
    return Call.objects.going_on().count()


def _silence(now: datetime, until: datetime) -> None:
    Silence.objects.create(since=now, until=until, why=_("A new version is being installed."))


def _ours() -> SilenceQuerySet:
    """Every other one was made by a person."""
    return Silence.objects.filter(by=None)
