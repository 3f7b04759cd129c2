"""Does sound pass? The address that we tell providers, and the packets that come and go."""

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.models import Speaker, Turn
from monitoring.health.base import (
    NETWORK_SECONDS,
    Asking,
    Limit,
    Link,
    Verdict,
    ill,
    off,
    warn,
    well,
)
from monitoring.health.checks.line import gateway_url
from telephony.models import Call, HostAddress, Leg, Trunk
from telephony.reasons import Reason
from telephony.routing.addresses import hosts, network
from veyra.livekit.config import AUTO
from veyra.livekit.probe import text_of


@dataclass
class Addresses(Asking):
    """Providers send sound to the address that the gateway names: PUBLIC_IP."""

    name, title, link, period = "addresses", _("Our address"), Link.ENTRANCE, 30

    def known(self, now: datetime) -> bool:
        """Does a provider call from outside our own networks?"""
        trunks = Trunk.objects.filter(is_active=True, archived_at=None, is_demo=False)
        texts = [part for trunk in trunks for part in trunk.addresses.split()]
        texts += [trunk.register_at for trunk in trunks if trunk.register_at]
        names = set(hosts(tuple(texts)))
        known = HostAddress.objects.of(names).values_list("address", flat=True)
        return any(is_outside(text) for text in (*texts, *known))

    def ask(self, known: bool) -> Verdict:
        if settings.LIVEKIT_SIMULATED or not settings.SIP_TEST_TO:
            return off(gettext_noop("Without a call entrance no sound passes here."))
        if not known:
            return well(gettext_noop("All providers are in our own network."))
        if settings.PUBLIC_IP != AUTO and not is_outside(settings.PUBLIC_IP or "127.0.0.1"):
            return warn(
                gettext_noop(
                    "Providers from outside are told the address %(ours)s, which only our own"
                    " network reaches: callers would hear nothing. Set PUBLIC_IP to the address of"
                    " this server in the internet, or to auto, and start Veyra again."
                ),
                ours=settings.PUBLIC_IP or "127.0.0.1",
            )
        return self._by_name()

    def _by_name(self) -> Verdict:
        """Providers call SIP_HOST: it has to lead to the address that sound goes to."""
        found = addresses_of(settings.SIP_HOST)
        if settings.PUBLIC_IP != AUTO and found and settings.PUBLIC_IP not in found:
            return warn(
                gettext_noop(
                    "Providers call %(name)s, which leads to %(found)s, but our address is"
                    " %(ours)s. Correct the name's record, SIP_HOST or PUBLIC_IP."
                ),
                name=settings.SIP_HOST,
                found=", ".join(sorted(found)),
                ours=settings.PUBLIC_IP,
            )
        return well(gettext_noop("Providers are told an address that they reach."))


def is_outside(text: str) -> bool:
    """An address or a network of the internet; host names are none."""
    cidr = network(text)
    return cidr is not None and ipaddress.ip_network(cidr).network_address.is_global


def addresses_of(host: str) -> set[str]:
    try:
        return {str(answer[4][0]) for answer in socket.getaddrinfo(host, None)}
    except OSError:
        return set()


@dataclass(frozen=True)
class Heard:
    """What calls tell of sound."""

    # A telephone call is answered, and was so for a while before.
    talks: bool
    # Calls of the last minutes that the gateway ended since no sound came.
    timeouts: int
    # So many callers in a row of whom nobody heard anything, the newest first.
    mute: int


@dataclass(frozen=True)
class Packets:
    """What the gateway counted by then (seconds of a clock that is never set)."""

    at: float
    received: float
    sent: float


@dataclass
class Sound(Asking):
    """By the gateway's figures while a call is answered, and by what was heard of callers."""

    name, title, link = "media", _("Sound of calls"), Link.ENTRANCE
    limits = (
        Limit(
            "mute",
            _("Callers in a row without a word"),
            _("After so many answered calls in which nobody heard the caller this is told."),
            default=3,
            least=2,
            most=100,
        ),
    )

    def known(self, now: datetime) -> Heard:
        telephone = Call.objects.exclude(direction=Call.Direction.BROWSER).filter(is_demo=False)
        ended = telephone.filter(ended_at__gt=now - NEWS)
        talks = telephone.filter(state=Call.State.ANSWERED, answered_at__lt=now - SETTLED)
        timeouts = ended.filter(reason=Reason.MEDIA_TIMEOUT)
        # A longer talk that ended otherwise had sound: what was cut off before is over.
        talked = ended.filter(answered_at__lte=F("ended_at") - TALKED)
        sound = talked.exclude(reason=Reason.MEDIA_TIMEOUT).order_by("-ended_at").first()
        if sound:
            timeouts = timeouts.filter(ended_at__gt=sound.ended_at)
        return Heard(
            talks=talks.exists(),
            timeouts=timeouts.count(),
            mute=mute_in_a_row(now, int(self.limit("mute"))),
        )

    def ask(self, known: Heard) -> Verdict:
        if settings.LIVEKIT_SIMULATED or not settings.SIP_TEST_TO:
            return off(gettext_noop("Without a call entrance no sound passes here."))
        low, high = settings.RTP_PORTS
        ports = f"{low}-{high}"
        before, after = samples.note(packets())
        if known.talks and before and after and after.at - before.at < FRESH_SECONDS:
            if after.received == before.received:
                return ill(NOTHING_COMES, ports=ports)
            if after.sent == before.sent:
                return ill(NOTHING_GOES, ports=ports)
        if known.timeouts:
            return ill(TIMEOUTS, count=known.timeouts, ports=ports)
        if known.mute >= self.limit("mute"):
            return warn(MUTE, count=known.mute, ports=ports)
        return well(gettext_noop("Sound comes and goes, as far as calls show it."))


NOTHING_COMES = gettext_noop(
    "Callers are not heard: UDP %(ports)s does not reach us. Open these ports in the firewall, and"
    " look whether PUBLIC_IP is the address of this server."
)
NOTHING_GOES = gettext_noop(
    "Callers hear nothing: the call entrance sends no sound, though a call is answered. Start the"
    " call entrance and the workers again; look whether UDP %(ports)s may leave this server."
)
TIMEOUTS = gettext_noop(
    "Calls were cut off since no sound came from the caller (%(count)s in the last minutes): UDP"
    " %(ports)s does not reach us, or the provider's network is broken. Open these ports in the"
    " firewall, and look whether PUBLIC_IP is the address of this server."
)
MUTE = gettext_noop(
    "Nobody heard anything of the last %(count)s callers. Call the line yourself; if you are not"
    " heard, UDP %(ports)s does not reach us."
)
# Facts older than this say nothing of now.
NEWS = timedelta(minutes=15)
# A call that was answered so long ago sends sound, and did when the figures were last read.
SETTLED = timedelta(seconds=14)
# Between two readings that may be compared.
FRESH_SECONDS = 60.0
TALKED = timedelta(seconds=15)
PACKETS = re.compile(r'^livekit_sip_packets_rtp\{[^}]*op="(recv|send)"[^}]*\} (\S+)$', re.MULTILINE)


def mute_in_a_row(now: datetime, most: int) -> int:
    """Of the newest calls that lasted a while: how many pass before one whose caller was heard."""
    calls = Call.objects.answered().filter(
        direction=Call.Direction.INBOUND, is_test=False, is_demo=False, ended_at__gt=now - NEWS
    )
    recent = calls.order_by("-ended_at").only("answered_at", "ended_at")[: most * 2]
    long = [each for each in recent if _talked(each) > TALKED][:most]
    heard = _heard([each.pk for each in long])
    count = 0
    for call in long:
        if call.pk in heard:
            break
        count += 1
    return count


def _talked(call: Call) -> timedelta:
    return call.ended_at - call.answered_at if call.ended_at and call.answered_at else timedelta()


def _heard(calls: Collection[UUID]) -> set[UUID]:
    """Those whose caller said or pressed something."""
    legs = dict(Leg.objects.filter(call__in=calls).values_list("sip_call_id", "call"))
    spoke = Turn.objects.filter(session__sip_call_id__in=[each for each in legs if each])
    said = spoke.filter(speaker=Speaker.CALLER).values_list("session__sip_call_id", flat=True)
    return {legs[each] for each in said.distinct()}


def packets() -> Packets | None:
    """None: the gateway's figures cannot be read."""
    if not settings.SIP_METRICS_PORT:
        return None
    told = text_of(gateway_url(settings.SIP_METRICS_PORT) + "metrics", NETWORK_SECONDS)
    if told is None or told[0] != 200:
        return None
    counts = {"recv": 0.0, "send": 0.0}
    for way, count in PACKETS.findall(told[1]):
        counts[way] += float(count)
    return Packets(time.monotonic(), counts["recv"], counts["send"])


class Samples:
    """The last reading of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Packets | None = None

    def note(self, new: Packets | None) -> tuple[Packets | None, Packets | None]:
        """The reading before, and this one."""
        with self._lock:
            before, self._last = self._last, new
            return before, new


samples = Samples()
