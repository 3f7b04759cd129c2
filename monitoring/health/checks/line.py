"""LiveKit, the call entrance, who listens to it, and who signs in at providers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
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
    off,
    well,
)
from telephony import observing, probes, signing, tapping
from telephony.models import Call, CallEvent, Registration, Trunk
from veyra.livekit.client import LiveKit
from veyra.livekit.probe import text_of
from veyra.livekit.types import LiveKitError
from veyra.models import Pulse

AWAY = gettext_noop("LiveKit does not answer. Start it, or correct LIVEKIT_URL.")
# It shows life every five seconds.
TAP_IS_OLD = timedelta(seconds=15)


@dataclass
class LiveKitServer(Asking):
    name, title, link = "livekit", "LiveKit", Link.LIVEKIT
    rises = True

    def ask(self, known: None) -> Verdict:
        # One that hangs is found sooner so: the client tries again.
        if text_of(settings.LIVEKIT_URL, NETWORK_SECONDS) is None:
            return ill(AWAY)
        try:
            with LiveKit.from_settings(NETWORK_SECONDS) as client:
                client.list_rooms()
        except LiveKitError as error:
            return _refused(error)
        if settings.LIVEKIT_SIMULATED:
            return well(gettext_noop("The simulator answers in LiveKit's place."))
        return well(gettext_noop("LiveKit answers."))


def _refused(error: LiveKitError) -> Verdict:
    if error.code in ("unauthenticated", "permission_denied"):
        return ill(
            gettext_noop(
                "LiveKit refuses our key. Compare LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
                " with LiveKit's own."
            )
        )
    return ill(AWAY)


@dataclass
class Entrance(Asking):
    name, title, link = "gateway", _("Call entrance"), Link.ENTRANCE
    rises = True

    def ask(self, known: None) -> Verdict:
        if settings.LIVEKIT_SIMULATED:
            return off(gettext_noop("The simulator needs no call entrance."))
        answers = probes.entrance_answers(NETWORK_SECONDS)
        if answers is None:
            return off(
                gettext_noop("There is no call entrance: only calls from the browser get in.")
            )
        if answers:
            return well(gettext_noop("The call entrance answers."))
        return ill(
            gettext_noop("The call entrance does not answer: no telephone call gets in. Start it.")
        )


@dataclass
class Tap(Check):
    name, title, link = "tap", _("Listening to the call entrance"), Link.ENTRANCE

    def look(self, now: datetime) -> Verdict:
        if not (settings.SIP_TEST_TO or settings.LIVEKIT_SIMULATED):
            return off(gettext_noop("Without a call entrance there is nothing to hear."))
        if Pulse.is_felt(tapping.PULSE, TAP_IS_OLD):
            return well(gettext_noop("We hear the call entrance: answer times are exact."))
        return missed(
            gettext_noop(
                "Nobody listens to the call entrance: answer times are approximate and refused"
                " calls are not seen. Start `manage.py tap`."
            )
        )


@dataclass
class Registrar(Check):
    """The part that signs in at providers; what a provider says of us stands on the connection."""

    name, title, link = "registrar", _("Signing in at providers"), Link.PROVIDER

    def look(self, now: datetime) -> Verdict:
        if not Trunk.objects.signing_in().exists():
            return off(gettext_noop("No connection signs in at its provider."))
        away = Registration.objects.open().filter(state=Registration.State.AWAY).exists()
        if Pulse.is_felt(signing.PULSE, signing.PULSE_IS_OLD) and not away:
            return well(gettext_noop("Connections with a login are kept signed in."))
        if line := signing.to_install():
            return ill(
                gettext_noop(
                    "Kamailio is not installed, so no connection with a login takes calls. Run this"
                    " line, then start Veyra again: %(line)s"
                ),
                line=line,
            )
        return missed(
            gettext_noop(
                "Nobody signs in at providers: connections with a login take no calls. Start"
                " `manage.py kamailio` and `manage.py registrar`."
            )
        )


@dataclass
class Load(Asking):
    """By the gateway's own health port: it turns calls away where its processor is too busy."""

    name, title, link = "load", _("Load of the call entrance"), Link.ENTRANCE

    def ask(self, known: None) -> Verdict:
        if settings.LIVEKIT_SIMULATED or not settings.SIP_TEST_TO:
            return off(gettext_noop("There is no call entrance to ask."))
        told = text_of(gateway_url(settings.SIP_HEALTH_PORT), NETWORK_SECONDS)
        if not settings.SIP_HEALTH_PORT or told is None or told[1] not in LOADS:
            return off(
                gettext_noop(
                    "The call entrance does not say how busy it is. Give it SIP_HEALTH_PORT (behind"
                    " a firewall) to be told when it turns calls away."
                )
            )
        if told[1] == "OK":
            return well(gettext_noop("The call entrance takes calls."))
        if told[1] == "UnderLoad":
            return ill(
                gettext_noop(
                    "The call entrance turns calls away: its processor is too busy. Let fewer"
                    " assistants run on its machine, or give it a machine of its own."
                )
            )
        return ill(gettext_noop("The call entrance takes no calls: it is starting or stopping."))


# What livekit-sip's health port says.
LOADS = {"OK", "NotStarted", "Stopped", "UnderLoad", "Disabled"}


def gateway_url(port: int) -> str:
    host, _colon, _port = settings.SIP_TEST_TO.rpartition(":")
    return f"http://{host}:{port}/"


@dataclass
class Webhooks(Check):
    """A call that came to a room has told of itself by a webhook, or they do not reach us."""

    name, title, link = "webhooks", _("Messages from LiveKit"), Link.LIVEKIT
    limits = (
        Limit(
            "silence",
            _("Missed after (seconds)"),
            _("So long after a call began LiveKit must have told of it."),
            default=15,
            least=5,
            most=600,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        newest = CallEvent.objects.filter(source=CallEvent.Source.WEBHOOK).order_by("-id").first()
        since = now - WEBHOOKS_ARE_NEWS
        if newest and newest.received_at > since:
            since = newest.received_at
        begun = (
            Call.objects.exclude(room_sid="")
            .exclude(is_demo=True)
            .filter(
                started_at__gt=since + timedelta(seconds=2),
                started_at__lt=now - timedelta(seconds=self.limit("silence")),
            )
        )
        if not begun.exists():
            return well(gettext_noop("LiveKit tells us of calls."))
        return ill(
            gettext_noop(
                "LiveKit does not tell us of calls (no webhook comes), so pages show them late."
                " Look at `webhook` in LiveKit's configuration: its address must lead to"
                " /livekit/webhook of this server, and its key must be ours."
            )
        )


# A call that began longer ago proves nothing of now.
WEBHOOKS_ARE_NEWS = timedelta(minutes=10)


@dataclass
class Observer(Check):
    name, title, link = "observer", _("Looking after calls in LiveKit"), Link.LIVEKIT
    limits = (
        Limit(
            "silence",
            _("Missed after (seconds)"),
            _("LiveKit is asked for its calls every 15 seconds. It is missed after so many."),
            default=75,
            least=30,
            most=600,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        if Pulse.is_felt(observing.PULSE, timedelta(seconds=self.limit("silence"))):
            return well(gettext_noop("What LiveKit's messages leave out is asked for."))
        return missed(
            gettext_noop(
                "Nobody compares our calls with LiveKit's: one whose message was lost stays open."
                " LiveKit does not answer, or background work stands still."
            )
        )
