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
    Link,
    Verdict,
    ill,
    missed,
    off,
    well,
)
from telephony import probes, signing, tapping
from telephony.models import Registration, Trunk
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import Pulse

TAP_IS_OLD = timedelta(seconds=30)


@dataclass
class LiveKitServer(Asking):
    name, title, link = "livekit", "LiveKit", Link.LIVEKIT

    def ask(self, known: None) -> Verdict:
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
    return ill(gettext_noop("LiveKit does not answer. Start it, or correct LIVEKIT_URL."))


@dataclass
class Entrance(Asking):
    name, title, link = "gateway", _("Call entrance"), Link.ENTRANCE

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
