"""The machine under it: its disk, its memory, its clock, and the certificates of its addresses."""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.models import Worker
from monitoring.health.base import (
    NETWORK_SECONDS,
    Asking,
    Check,
    Limit,
    Link,
    Verdict,
    ill,
    off,
    warn,
    well,
)
from monitoring.health.redises import client_of
from recordings.models import Part, Storage
from recordings.stores import folder_of
from veyra import spare
from veyra.livekit.probe import server_time
from veyra.running import Program

# A host's clock counts for so long after it was heard of.
CLOCK_IS_NEWS = timedelta(hours=1)


@dataclass
class Disk(Check):
    """The folders of this host: the state, recordings and their way there; and the fullest disk
    of each other host that runs programs of ours. The worst of them counts, whoever looks.
    """

    name, title, link, unit, period = "disk", _("Disk"), Link.GROUND, _("GB free"), 10
    limits = (
        Limit(
            "few",
            _("Few gigabytes"),
            _("With less free space than this there is time to make room."),
            default=5,
            least=0.1,
            most=10_000,
        ),
        Limit(
            "least",
            _("Too few gigabytes"),
            _("With less than this recordings and the database are about to stop."),
            default=1,
            least=0.05,
            most=10_000,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        free, folder = self._least(now)
        values = {"free": round(free, 1), "folder": folder}
        if free < self.limit("least"):
            return ill(
                gettext_noop(
                    "The disk is nearly full: %(free)s GB are free at %(folder)s. What is recorded"
                    " is about to be lost. Delete what is not needed, or make the disk larger."
                ),
                free,
                **values,
            )
        if free < self.limit("few"):
            return warn(
                gettext_noop(
                    "Little space is left: %(free)s GB are free at %(folder)s. Keep recordings for"
                    " fewer days, or make the disk larger."
                ),
                free,
                **values,
            )
        return well(gettext_noop("%(free)s GB are free."), free, **values)

    def _least(self, now: datetime) -> tuple[float, str]:
        """Gigabytes, and where: with its host, where there are several."""
        free, folder = spare.of_disks(folders())
        others = Program.objects.spare_of_others(now)
        if not others:
            return free, folder
        told = [(each["disk"], f"{host}:{each['folder']}") for host, each in others.items()]
        return min((round(free, 1), f"{socket.gethostname()}:{folder}"), *told)


def folders() -> list[str]:
    """Those that exist, whatever disks they lie on."""
    kept = [folder_of(each) for each in Storage.objects.all() if each.kind == Storage.Kind.FOLDER]
    wanted = [settings.STATE, Path(settings.MEDIA_ROOT), Path(settings.SPOOL_DIR), *kept]
    return sorted({str(each) for each in wanted if each.is_dir()}) or ["/"]


@dataclass
class Memory(Check):
    """Of each host that runs programs of ours: the one with the least counts, whoever looks."""

    name, title, link, unit, period = "memory", _("Memory"), Link.GROUND, _("percent free"), 10
    limits = (
        Limit(
            "few",
            _("Little memory, percent"),
            _("With less free memory than this the machine soon becomes slow."),
            default=10,
            least=1,
            most=100,
        ),
        Limit(
            "least",
            _("Too little memory, percent"),
            _("With less than this programs are ended by the system, and calls with them."),
            default=3,
            least=0.5,
            most=100,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        free, shown = self._least(now)
        if free < self.limit("least"):
            return ill(
                gettext_noop(
                    "The memory is nearly full (%(free)s %% free): the system is about to end"
                    " programs, and calls with them. Let workers take fewer calls (AGENT_CALLS), or"
                    " give the machine more memory."
                ),
                free,
                free=shown,
            )
        if free < self.limit("few"):
            return warn(
                gettext_noop(
                    "Little memory is left (%(free)s %% free). Look which program takes it, or give"
                    " the machine more."
                ),
                free,
                free=shown,
            )
        return well(gettext_noop("%(free)s %% of the memory is free."), free, free=shown)

    def _least(self, now: datetime) -> tuple[float, str]:
        """Percent, and how that is said: with its host, where there are several."""
        free = spare.of_memory()
        others = Program.objects.spare_of_others(now)
        if not others:
            return free, str(round(free))
        told = [(each["memory"], host) for host, each in others.items()]
        least, host = min((round(free, 1), socket.gethostname()), *told)
        return least, f"{host}: {round(least)}"


@dataclass(frozen=True)
class Clock:
    """How far a clock is ahead of ours, in seconds, and whose it is."""

    ahead: float
    of: str


@dataclass
class Clocks(Asking):
    """Ours against those of the database, of Redis, of LiveKit, and of hosts that told us."""

    name, title, link, unit, period = "clock", _("Clocks"), Link.GROUND, _("s off"), 20
    limits = (
        Limit(
            "off",
            _("Seconds that clocks may differ"),
            _("Clocks that differ more make times of calls wrong, and logins of LiveKit fail."),
            default=5,
            least=2,
            most=300,
        ),
    )

    def known(self, now: datetime) -> list[Clock]:
        return [*_of_database(), *_of_hosts(now)]

    def ask(self, known: Any) -> Verdict:
        clocks = [*known, *_of_redis(), *_of_livekit()]
        worst = max(clocks, key=lambda clock: abs(clock.ahead), default=Clock(0, ""))
        seconds = abs(worst.ahead)
        if seconds > self.limit("off"):
            return ill(
                gettext_noop(
                    "Clocks differ: that of %(of)s is %(seconds)s s away from ours. Times of calls"
                    " are told wrong, and LiveKit may refuse us. Have the clocks of all machines"
                    " set by NTP (timedatectl set-ntp true)."
                ),
                seconds,
                of=worst.of,
                seconds=round(seconds),
            )
        return well(gettext_noop("All clocks agree."), seconds)


def _of_database() -> list[Clock]:
    """SQLite has our own clock."""
    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (told,) = cursor.fetchone()
    return [Clock((told - timezone.now()).total_seconds(), "PostgreSQL")]


def _of_hosts(now: datetime) -> list[Clock]:
    """A worker whose sign of life comes from the future; a host that sent sound with its clock."""
    ahead = Worker.objects.seen_since(now).order_by("-seen_at").first()
    found = [Clock((ahead.seen_at - now).total_seconds(), ahead.host)] if ahead else []
    wrong = Part.objects.of_wrong_clocks(now - CLOCK_IS_NEWS).first()
    return [*found, *([Clock(wrong.clock_ahead, "recorder")] if wrong else [])]


def _of_redis() -> list[Clock]:
    try:
        told: Any = client_of(settings.REDIS_URL, NETWORK_SECONDS).time()
    except (redis.RedisError, OSError):
        return []
    return [Clock(told[0] + told[1] / 1_000_000 - timezone.now().timestamp(), "Redis")]


def _of_livekit() -> list[Clock]:
    told = server_time(settings.LIVEKIT_URL, NETWORK_SECONDS)
    return [] if told is None else [Clock((told - timezone.now()).total_seconds(), "LiveKit")]


@dataclass
class Certificates(Asking):
    """Of every address with TLS that people, browsers or we ourselves come to."""

    name, title, link, unit = "certificates", _("Certificates"), Link.GROUND, _("days left")
    period = 20
    limits = (
        Limit(
            "days",
            _("Days before the end"),
            _("A certificate that ends sooner is told, so that there is time to renew it."),
            default=14,
            least=1,
            most=90,
        ),
    )

    def known(self, now: datetime) -> list[str]:
        buckets = Storage.objects.exclude(endpoint="").values_list("endpoint", flat=True)
        return [settings.PUBLIC_URL, settings.LIVEKIT_PUBLIC_URL, *buckets]

    def ask(self, known: Iterable[str]) -> Verdict:
        found = [certificate_of(*each) for each in sorted(_secure(known))]
        if not found:
            return off(gettext_noop("No address of ours uses TLS, so there is no certificate."))
        if wrong := next((each for each in found if each.fault), None):
            return ill(wrong.fault, host=wrong.host)
        if silent := next((each for each in found if each.days is None), None):
            return warn(
                gettext_noop(
                    "The certificate of %(host)s could not be looked at from here: nobody answers"
                    " there. Look whether the address is right and reachable."
                ),
                host=silent.host,
            )
        days, host = min((each.days or 0, each.host) for each in found)
        if days < self.limit("days"):
            return warn(
                gettext_noop(
                    "The certificate of %(host)s ends in %(days)s days. Renew it, or look why it is"
                    " not renewed by itself."
                ),
                days,
                host=host,
                days=int(days),
            )
        return well(
            gettext_noop("Certificates are valid for %(days)s days at least."), days, days=int(days)
        )


@dataclass(frozen=True)
class Certificate:
    """`fault`: why nobody trusts it; `days` is None where nobody answered."""

    host: str
    days: float | None = None
    fault: str = ""


EXPIRED = gettext_noop(
    "The certificate of %(host)s has expired: browsers and telephones of staff refuse the address."
    " Renew it."
)
WRONG_NAME = gettext_noop(
    "The certificate of %(host)s was made for another name: browsers refuse the address. Have one"
    " made for this name."
)
NOT_TRUSTED = gettext_noop(
    "The certificate of %(host)s is not signed by anybody whom browsers trust. Have one made by a"
    " known authority, such as Let's Encrypt."
)
# OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, and its errors of names and addresses that do not fit.
FAULTS = {10: EXPIRED, 62: WRONG_NAME, 64: WRONG_NAME}


def _secure(urls: Iterable[str]) -> set[tuple[str, int]]:
    parts = [urlsplit(url) for url in urls]
    return {
        (part.hostname, part.port or 443)
        for part in parts
        if part.scheme in ("https", "wss") and part.hostname
    }


def certificate_of(host: str, port: int) -> Certificate:
    """As a browser sees it."""
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), timeout=NETWORK_SECONDS) as line,
            context.wrap_socket(line, server_hostname=host) as secure,
        ):
            told: Any = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Certificate(host, fault=FAULTS.get(error.verify_code, NOT_TRUSTED))
    except OSError:
        return Certificate(host)
    ends = ssl.cert_time_to_seconds(told["notAfter"])
    return Certificate(host, (ends - timezone.now().timestamp()) / 86_400)
