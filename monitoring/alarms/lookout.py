"""The loop of `manage.py lookout`: who watches the watcher.

It does the work of the schedule where beat, the worker or the queue is dead, tells of a database
that is away by itself, and calls an address on another host in each minute in which all is well, so
that somebody out there notices when this machine is gone.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import Error, close_old_connections, connection, connections
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from monitoring import looking
from monitoring.alarms import calling_out, copying, sending, sharing, working
from monitoring.alarms.chain import LOOKOUT
from monitoring.alarms.copying import Copied
from monitoring.alarms.sharing import REMINDED
from monitoring.alarms.writing import Message
from monitoring.health.checks.ground import SCHEDULE
from monitoring.health.models import HealthCheck
from monitoring.recovery import recover
from veyra import outage
from veyra.models import Pulse

log = logging.getLogger(__name__)
database_outage = outage.Outage(log, "the database is away")

SECONDS = 5.0
# The schedule shows life every ten seconds, and some check is due as often.
SCHEDULE_IS_OLD, LOOK_IS_OLD = timedelta(seconds=15), timedelta(seconds=30)
# A database that starts again is not worth an alarm.
DAMPING = timedelta(seconds=15)
# A channel that could not be reached is tried again after so many seconds.
TRIED_AGAIN = 60.0
SIDE_BY_SIDE = 8


class Lookout:
    """Looks until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._copy = copying.Copy()
        self._outage = copying.Outage.read()
        self._tried: dict[int, float] = {}
        self._caller = calling_out.Caller()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            self.look(timezone.now())
            self._stopping.wait(max(0.0, SECONDS - (time.monotonic() - started)))

    def look(self, now: datetime) -> None:
        """Once."""
        close_old_connections()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            Pulse.beat(LOOKOUT)
        except Error as error:
            database_outage.felt(error)
            connection.close()
            self.miss_database(now)
            return
        database_outage.over()
        self.find_database(now)
        try:
            self.mind(now)
        except Error as error:
            database_outage.felt(error)
        except Exception:
            log.exception("a look broke")

    def mind(self, now: datetime) -> None:
        """What is to be done while the database answers. Raises DatabaseError."""
        try:
            self._copy.keep(now)
        except OSError:
            log.exception("the channels could not be copied")
        if is_left_alone(now):
            looking.look(now)
            working.work(now)
            recover.work(now)
        self._caller.call(now)

    def miss_database(self, now: datetime) -> None:
        """Tell of it: once to each channel, and again while it lasts."""
        found = self._outage
        if found.since is None:
            found.since = now
        if now - found.since < DAMPING:
            return
        due = [each for each in copying.channels() if self._is_due(each, now)]
        ours = sharing.ours(each.pk for each in due)
        mine = [each for each in due if each.pk in ours]
        sent = self._tell(mine, lambda: lost_database(found.since or now))
        sharing.give_up(ours - set(sent))
        found.told |= dict.fromkeys(sent, now)
        if sent:
            found.write()

    def _is_due(self, channel: Copied, now: datetime) -> bool:
        if time.monotonic() - self._tried.get(channel.pk, float("-inf")) < TRIED_AGAIN:
            return False
        told = self._outage.told.get(channel.pk)
        return told is None or now - told >= REMINDED

    def find_database(self, now: datetime) -> None:
        """Whoever was told that it is away is told that it is back."""
        found = self._outage
        if found.told:
            heard = [each for each in copying.channels() if each.pk in found.told]
            self._tried.clear()
            self._tell(heard, lambda: database_again(found.since or now, now))
            sharing.give_up(found.told)
        if found.since:
            found.end()

    def _tell(self, channels: list[Copied], message: Callable[[], Message]) -> list[int]:
        """Those who were reached."""
        if not channels:
            return []
        self._tried |= dict.fromkeys((each.pk for each in channels), time.monotonic())
        letters = [(each, _in_his_words(each, message)) for each in channels]
        with ThreadPoolExecutor(SIDE_BY_SIDE, "alarm") as pool:
            sent = [
                (each.pk, pool.submit(sending.send, each.parcel, letter.title, letter.body))
                for each, letter in letters
            ]
        return [pk for pk, future in sent if future.result().ok]


def _in_his_words(channel: Copied, message: Callable[[], Message]) -> Message:
    with translation.override(channel.language), timezone.override(ZoneInfo(channel.zone)):
        found = message()
    return Message("", found.title) if channel.is_short else found


def lost_database(since: datetime) -> Message:
    title = gettext("Critical: the database does not answer")
    time_ = date_format(timezone.localtime(since), "j E, H:i")
    lines = [
        gettext("Since %(time)s.") % {"time": time_},
        gettext(
            "Calls that are going on are not cut off, but new ones may not be answered, and pages"
            " do not open. Tell your engineer: start the database, or make room on its disk."
        ),
        gettext("While it lasts, this is said again every half an hour."),
    ]
    return Message(title, "\n".join(lines))


def database_again(since: datetime, now: datetime) -> Message:
    title = gettext("It is over: the database answers again")
    begin, end = (date_format(timezone.localtime(at), "j E, H:i") for at in (since, now))
    span = gettext("From %(begin)s to %(end)s.") % {"begin": begin, "end": end}
    return Message(title, "\n".join([span, settings.PUBLIC_URL]))


def is_left_alone(now: datetime) -> bool:
    """Does nobody do what the schedule should? Raises DatabaseError."""
    if not Pulse.is_felt(SCHEDULE, SCHEDULE_IS_OLD):
        return True
    newest = HealthCheck.objects.aggregate(newest=Max("checked_at"))["newest"]
    return newest is None or now - newest > LOOK_IS_OLD


def hear_soon() -> None:
    """One thread needs one connection, and is to hear soon that the database is away or locked."""
    options = connections.databases["default"]["OPTIONS"]
    if "pool" in options:
        options |= {"pool": False, "connect_timeout": 5}
    elif "timeout" in options:
        options["timeout"] = 5
