"""The programs that answer, look after callers and record: do they live?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker import standin, taping
from agentworker.taping import stuck
from monitoring.health.base import (
    GUARD_IS_OLD,
    NETWORK_SECONDS,
    RISING,
    Asking,
    Check,
    Limit,
    Link,
    Verdict,
    ill,
    missed,
    off,
    warn,
    well,
)
from recordings.models import Part
from telephony import probes, watching
from telephony.readiness import Places
from veyra.livekit.probe import text_of
from veyra.models import Pulse

# After the last sound that a host sent with a wrong clock.
CLOCK_IS_RIGHT = timedelta(hours=1)


@dataclass
class Workers(Check):
    name, title, link, unit = "worker", _("Assistants' programs"), Link.ASSISTANTS, _("free places")
    limits = (
        Limit(
            "free",
            _("Too few free places"),
            _("With fewer free places than this the line is told as nearly full."),
            default=1,
            least=0,
            most=1000,
        ),
        Limit(
            "taken",
            _("Nearly full, in percent"),
            _("With so many of its places taken, in percent, the line is told as nearly full."),
            default=80,
            least=1,
            most=101,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        places = probes.places(now)
        if places is None:
            return off(gettext_noop("The simulator answers calls by itself."))
        if places.starting:
            return RISING
        if not places.all:
            return ill(
                gettext_noop(
                    "No worker is ready, so assistants cannot answer. Start `manage.py runagent`."
                )
            )
        if self._is_tight(places):
            return warn(
                gettext_noop(
                    "Assistants can take %(places)s calls at once, and %(free)s more are free now:"
                    " soon callers wait in the queue. Start one more worker, or raise AGENT_CALLS."
                ),
                places.free,
                places=places.all,
                free=places.free,
            )
        if wrong := Part.objects.of_wrong_clocks(now - CLOCK_IS_RIGHT).first():
            return well(
                gettext_noop(
                    "Assistants can take %(places)s calls at once, but the clock of a server that"
                    " records is %(seconds)s s off, so moments of calls are told wrong. Have its"
                    " clock set by NTP."
                ),
                places.free,
                places=places.all,
                seconds=round(abs(wrong.clock_ahead)),
            )
        return well(
            gettext_noop("Assistants can take %(places)s calls at once."),
            places.free,
            places=places.all,
        )

    def _is_tight(self, places: Places) -> bool:
        taken = 100 * (places.all - places.free) / places.all
        return places.free < self.limit("free") or taken >= self.limit("taken")


@dataclass
class Web(Asking):
    """What pages, LiveKit's messages and recorded sound come to."""

    name, title, link, is_cheap = "web", _("Pages"), Link.GROUND, False
    rises = True

    def ask(self, known: None) -> Verdict:
        told = text_of(f"{settings.INTERNAL_URL}/health/live", NETWORK_SECONDS)
        if told and told[0] == HTTPStatus.OK:
            return well(gettext_noop("The web answers."))
        return ill(
            gettext_noop(
                "The web does not answer: no page opens, and neither LiveKit's messages nor"
                " recorded sound arrive. Start the program `web` again, or correct INTERNAL_URL."
            )
        )


@dataclass
class Living(Check):
    """A program that shows life every second; the simulator needs none of them."""

    pulse: ClassVar[str]
    simulated: ClassVar[str]
    ready: ClassVar[str]
    away: ClassVar[str]

    def look(self, now: datetime) -> Verdict:
        if settings.LIVEKIT_SIMULATED:
            return off(self.simulated)
        return well(self.ready) if Pulse.is_felt(self.pulse, GUARD_IS_OLD) else missed(self.away)


class Watchdog(Living):
    name, title, link = "watchdog", _("Watching over calls"), Link.GUARD
    pulse = watching.PULSE
    simulated = gettext_noop("The simulator's callers are never left alone.")
    ready = gettext_noop("Every call is looked at once a second.")
    away = gettext_noop(
        "Nobody watches the calls: a caller whose assistant is lost is left alone. Start"
        " `manage.py watchdog`."
    )


class Standby(Living):
    name, title, link = "standby", _("Voice of last resort"), Link.ASSISTANTS
    pulse = standin.PULSE
    simulated = gettext_noop("The simulator has no sound, so nobody stands in.")
    ready = gettext_noop("The voice of last resort is ready.")
    away = gettext_noop(
        "The voice of last resort is away: where no assistant can come, the caller hears"
        " nothing. Start `manage.py standby`."
    )


class Recorder(Living):
    name, title, link = "recorder", _("Recorder"), Link.RECORDING
    pulse = taping.PULSE
    simulated = gettext_noop("The simulator has no sound, so nobody records it.")
    ready = gettext_noop("The recorder is ready.")
    away = gettext_noop(
        "The recorder is away: what staff ask to record is not recorded, nor what follows where"
        " an assistant is lost. Start `manage.py recorder`."
    )


@dataclass
class Uploading(Check):
    name, title, link = "uploading", _("The way to the storage"), Link.RECORDING

    def look(self, now: datetime) -> Verdict:
        if settings.LIVEKIT_SIMULATED:
            return off(gettext_noop("The simulator has no sound, so nobody records it."))
        if hosts := stuck.hosts(GUARD_IS_OLD):
            return ill(
                gettext_noop(
                    "Recorded sound has lain for over an hour in the folder spool/sound on:"
                    " %(hosts)s. The log of `manage.py runagent` or `manage.py recorder` there says"
                    " why; also look at INTERNAL_URL and at the storage. Files that end in .lost"
                    " never go by themselves, and are deleted after 30 days."
                ),
                hosts=", ".join(hosts),
            )
        return well(gettext_noop("What is recorded reaches its storage."))
