"""Is the line well? Each check is a small function that returns a status and a sentence."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from agentworker import standin, taping
from agentworker.taping import stuck
from monitoring.models import HealthCheck
from recordings.models import Part
from telephony import probes, signing, tapping, watching
from telephony.models import Registration, Trunk
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import Pulse
from veyra.sentences import Sentence

OK, FAILED, OFF = HealthCheck.Status.OK, HealthCheck.Status.FAILED, HealthCheck.Status.OFF
STARTING = HealthCheck.Status.STARTING
# The schedule's pulse.
SCHEDULE = "schedule"
SCHEDULE_IS_OLD = timedelta(seconds=60)
TAP_IS_OLD = timedelta(seconds=30)
# Of the watchdog and the last resort, who show life every second.
GUARD_IS_OLD = timedelta(seconds=10)
# After the last sound that a host sent with a wrong clock.
CLOCK_IS_RIGHT = timedelta(hours=1)
NETWORK_SECONDS = 2.0
# Doors without a login look again only when the last look is this old.
FRESH_SECONDS = 4.0

Verdict = tuple[str, Sentence]


@dataclass(frozen=True)
class Check:
    """What a check found. `since`: when it began to say so; None where that is not known."""

    name: str
    status: str
    sentence: Sentence
    since: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        since = self.since.isoformat() if self.since else None
        return {
            "name": self.name,
            "status": self.status,
            "sentence": str(self.sentence),
            "since": since,
        }


def database() -> Verdict:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return FAILED, Sentence(
            gettext_noop("The database does not answer. Start it, or correct DATABASE_URL.")
        )
    return OK, Sentence(gettext_noop("The database answers."))


def broker() -> Verdict:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=NETWORK_SECONDS, socket_connect_timeout=1
        ) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return FAILED, Sentence(
            gettext_noop("The queue's Redis does not answer. Start it, or correct REDIS_URL.")
        )
    return OK, Sentence(gettext_noop("The queue answers."))


def livekit() -> Verdict:
    keys = (settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
    try:
        with LiveKit(*keys, timeout=NETWORK_SECONDS) as client:
            client.list_rooms()
    except LiveKitError as error:
        if error.code in ("unauthenticated", "permission_denied"):
            return FAILED, Sentence(
                gettext_noop(
                    "LiveKit refuses our key. Compare LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
                    " with LiveKit's own."
                )
            )
        return FAILED, Sentence(
            gettext_noop("LiveKit does not answer. Start it, or correct LIVEKIT_URL.")
        )
    if settings.LIVEKIT_SIMULATED:
        return OK, Sentence(gettext_noop("The simulator answers in LiveKit's place."))
    return OK, Sentence(gettext_noop("LiveKit answers."))


def gateway() -> Verdict:
    if settings.LIVEKIT_SIMULATED:
        return OFF, Sentence(gettext_noop("The simulator needs no call entrance."))
    answers = probes.entrance_answers(NETWORK_SECONDS)
    if answers is None:
        return OFF, Sentence(
            gettext_noop("There is no call entrance: only calls from the browser get in.")
        )
    if answers:
        return OK, Sentence(gettext_noop("The call entrance answers."))
    return FAILED, Sentence(
        gettext_noop("The call entrance does not answer: no telephone call gets in. Start it.")
    )


def worker() -> Verdict:
    places = probes.places()
    if places is None:
        return OFF, Sentence(gettext_noop("The simulator answers calls by itself."))
    if not places.all:
        return _missed(
            gettext_noop(
                "No worker is ready, so assistants cannot answer. Start `manage.py runagent`."
            )
        )
    if wrong := Part.objects.of_wrong_clocks(timezone.now() - CLOCK_IS_RIGHT).first():
        msgid = gettext_noop(
            "Assistants can take %(places)s calls at once, but the clock of a server that records"
            " is %(seconds)s s off, so moments of calls are told wrong. Have its clock set by NTP."
        )
        values = {"places": places.all, "seconds": round(abs(wrong.clock_ahead))}
        return OK, Sentence(msgid, values)
    return OK, Sentence(
        gettext_noop("Assistants can take %(places)s calls at once."), {"places": places.all}
    )


def tap() -> Verdict:
    if not (settings.SIP_TEST_TO or settings.LIVEKIT_SIMULATED):
        return OFF, Sentence(gettext_noop("Without a call entrance there is nothing to hear."))
    if Pulse.is_felt(tapping.PULSE, TAP_IS_OLD):
        return OK, Sentence(gettext_noop("We hear the call entrance: answer times are exact."))
    return _missed(
        gettext_noop(
            "Nobody listens to the call entrance: answer times are approximate and refused"
            " calls are not seen. Start `manage.py tap`."
        )
    )


def registrar() -> Verdict:
    """The part that signs in at providers; what a provider says of us stands on the connection."""
    if not Trunk.objects.signing_in().exists():
        return OFF, Sentence(gettext_noop("No connection signs in at its provider."))
    away = Registration.objects.open().filter(state=Registration.State.AWAY).exists()
    if Pulse.is_felt(signing.PULSE, signing.PULSE_IS_OLD) and not away:
        return OK, Sentence(gettext_noop("Connections with a login are kept signed in."))
    if line := signing.to_install():
        msgid = gettext_noop(
            "Kamailio is not installed, so no connection with a login takes calls. Run this line,"
            " then start Veyra again: %(line)s"
        )
        return FAILED, Sentence(msgid, {"line": line})
    return _missed(
        gettext_noop(
            "Nobody signs in at providers: connections with a login take no calls. Start `manage.py"
            " kamailio` and `manage.py registrar`."
        )
    )


def schedule() -> Verdict:
    if Pulse.is_felt(SCHEDULE, SCHEDULE_IS_OLD):
        return OK, Sentence(gettext_noop("Background work is done on time."))
    return _missed(
        gettext_noop(
            "Background work stands still: saved changes do not reach LiveKit. Start the Celery"
            " worker and beat."
        )
    )


def _lives(pulse: str, simulated: str, ready: str, away: str) -> Verdict:
    """Of a program that shows life; the simulator needs none of them."""
    if settings.LIVEKIT_SIMULATED:
        return OFF, Sentence(simulated)
    return (OK, Sentence(ready)) if Pulse.is_felt(pulse, GUARD_IS_OLD) else _missed(away)


def watchdog() -> Verdict:
    return _lives(
        watching.PULSE,
        gettext_noop("The simulator's callers are never left alone."),
        gettext_noop("Every call is looked at once a second."),
        gettext_noop(
            "Nobody watches the calls: a caller whose assistant is lost is left alone. Start"
            " `manage.py watchdog`."
        ),
    )


def standby() -> Verdict:
    return _lives(
        standin.PULSE,
        gettext_noop("The simulator has no sound, so nobody stands in."),
        gettext_noop("The voice of last resort is ready."),
        gettext_noop(
            "The voice of last resort is away: where no assistant can come, the caller hears"
            " nothing. Start `manage.py standby`."
        ),
    )


def recorder() -> Verdict:
    return _lives(
        taping.PULSE,
        gettext_noop("The simulator has no sound, so nobody records it."),
        gettext_noop("The recorder is ready."),
        gettext_noop(
            "The recorder is away: what staff ask to record is not recorded, nor what follows where"
            " an assistant is lost. Start `manage.py recorder`."
        ),
    )


def uploading() -> Verdict:
    if settings.LIVEKIT_SIMULATED:
        return OFF, Sentence(gettext_noop("The simulator has no sound, so nobody records it."))
    if hosts := stuck.hosts(GUARD_IS_OLD):
        msgid = gettext_noop(
            "Recorded sound has lain for over an hour in the folder spool/sound on: %(hosts)s. The"
            " log of `manage.py runagent` or `manage.py recorder` there says why; also look at"
            " INTERNAL_URL and at the storage. Files that end in .lost never go by themselves."
        )
        return FAILED, Sentence(msgid, {"hosts": ", ".join(hosts)})
    return OK, Sentence(gettext_noop("What is recorded reaches its storage."))


def _missed(msgid: str) -> Verdict:
    """A part shows no life: a fault, unless all was started a moment ago."""
    if probes.is_starting():
        return STARTING, Sentence(gettext_noop("It is starting."))
    return FAILED, Sentence(msgid)


CHECKS: Sequence[Callable[[], Verdict]] = (
    database,
    broker,
    livekit,
    gateway,
    worker,
    tap,
    registrar,
    schedule,
    watchdog,
    standby,
    recorder,
    uploading,
)
NEEDS_NO_DATABASE = (broker, livekit, gateway)
READY = ("database", "broker")


def look() -> list[Check]:
    """Run every check; those on the network side by side."""
    with ThreadPoolExecutor(len(NEEDS_NO_DATABASE)) as pool:
        asked = {check: pool.submit(check) for check in NEEDS_NO_DATABASE}
        verdicts = {c: _safely(c) for c in CHECKS if c not in asked}
        verdicts |= {check: future.result() for check, future in asked.items()}
    since = _since({check.__name__: verdicts[check][0] for check in CHECKS})
    return [Check(c.__name__, *verdicts[c], since.get(c.__name__)) for c in CHECKS]


def _safely(check: Callable[[], Verdict]) -> Verdict:
    """A check that reads tables cannot tell anything while the database is away."""
    try:
        return check()
    except DatabaseError:
        return FAILED, Sentence(gettext_noop("Not known while the database does not answer."))


def _since(statuses: dict[str, str]) -> dict[str, datetime]:
    """When each check began to say what it says; a change is remembered."""
    now = timezone.now()
    try:
        with transaction.atomic():
            known = {row.name: row for row in HealthCheck.objects.filter(name__in=statuses)}
            for name, status in statuses.items():
                if name not in known or known[name].status != status:
                    HealthCheck.objects.update_or_create(
                        name=name, defaults={"status": status, "since": now}
                    )
    except DatabaseError:
        return {}
    return {
        name: known[name].since if name in known and known[name].status == status else now
        for name, status in statuses.items()
    }


class _Last:
    """The last look of this process, shared by everybody who asks within a few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._checks: list[Check] = []

    def get(self) -> list[Check]:
        with self._lock:
            if time.monotonic() - self._at > FRESH_SECONDS:
                self._checks, self._at = look(), time.monotonic()
            return self._checks

    def forget(self) -> None:
        self._at = float("-inf")


last = _Last()


def overall(checks: Iterable[Check]) -> str:
    """The worst of them. What is not used here is not missed."""
    found = {check.status for check in checks}
    return next((status for status in (FAILED, STARTING) if status in found), OK)
