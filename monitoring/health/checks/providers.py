"""Are providers there, do they let us in, and do they call?"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

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
from telephony.models import Call, Registration, Trunk
from veyra.livekit.probe import options_answer
from veyra.models import Pulse

State = Registration.State
TURNED_AWAY = (State.REFUSED, State.SILENT, State.UNKNOWN, State.WRONG)
# A provider that answered our question within this time is missed when it does not.
ANSWERS = timedelta(days=7)
PORT = 5060
SIDE_BY_SIDE = 32


@dataclass(frozen=True)
class Provider:
    """`answered`: it has said something to OPTIONS lately; some never do."""

    pk: int
    name: str
    address: str
    answered: bool
    # How its sign-in stands; "": it needs none.
    sign_in: str

    @property
    def pulse(self) -> str:
        return f"provider:{self.pk}"


@dataclass(frozen=True)
class Known:
    providers: Sequence[Provider]
    # Hours since the last call from outside; None: there has been none.
    quiet: float | None


@dataclass
class Providers(Asking):
    name, title, link, unit = "provider", _("Providers"), Link.PROVIDER, _("h since a call")
    period = 20
    limits = (
        Limit(
            "quiet",
            _("Hours without a call"),
            _(
                "Where nobody calls for so long, this says so: the provider may send calls"
                " elsewhere. 0: never, for a line that is seldom called."
            ),
            default=0,
            least=0,
            most=1000,
        ),
    )

    def known(self, now: datetime) -> Known:
        trunks = Trunk.objects.filter(is_active=True, archived_at=None, is_demo=False)
        states = dict(Registration.objects.open().values_list("trunk", "state"))
        felt = set(Pulse.felt("provider:", ANSWERS))
        found = [
            Provider(
                trunk.pk,
                trunk.name,
                trunk.out_address or trunk.register_at,
                f"provider:{trunk.pk}" in felt,
                states.get(trunk.pk, "") if trunk.register_at else "",
            )
            for trunk in trunks.order_by("name")
        ]
        calls = Call.objects.filter(direction=Call.Direction.INBOUND, is_test=False, is_demo=False)
        last = calls.order_by("-started_at").values_list("started_at", flat=True).first()
        return Known(found, (now - last).total_seconds() / 3600 if last else None)

    def ask(self, known: Known) -> Verdict:
        if not known.providers:
            return off(gettext_noop("No provider is connected yet."))
        if out := [each.name for each in known.providers if each.sign_in in TURNED_AWAY]:
            return ill(
                gettext_noop(
                    "%(names)s: the provider does not take our sign-in, so its calls do not reach"
                    " us. The provider connection says why, and what to correct."
                ),
                known.quiet,
                names=", ".join(out),
            )
        asked = [each for each in known.providers if each.address]
        here = there(asked)
        verdict = self._judge(known, [each for each in asked if each not in here])
        return replace(verdict, felt=tuple(each.pulse for each in here))

    def _judge(self, known: Known, silent: Sequence[Provider]) -> Verdict:
        if missed := [each.name for each in silent if each.answered]:
            return ill(
                gettext_noop(
                    "%(names)s: the provider does not answer any more, though it used to. Look"
                    " whether this server reaches the internet, and ask the provider."
                ),
                known.quiet,
                names=", ".join(missed),
            )
        quiet = self.limit("quiet")
        if quiet and known.quiet is not None and known.quiet > quiet:
            return warn(
                gettext_noop(
                    "Nobody has called for %(hours)s hours. Call the number from your own"
                    " telephone; if it does not ring here, ask the provider where it sends calls."
                ),
                known.quiet,
                hours=round(known.quiet),
            )
        return well(gettext_noop("Providers are reachable, as far as they answer."), known.quiet)


def there(providers: Sequence[Provider]) -> list[Provider]:
    """Those that say something. Side by side: each that is silent takes its time."""
    if not providers:
        return []
    with ThreadPoolExecutor(min(len(providers), SIDE_BY_SIDE), "provider") as threads:
        said = list(threads.map(lambda each: answers(each.address), providers))
    return [each for each, here in zip(providers, said, strict=True) if here]


def answers(address: str) -> bool:
    """Whatever it says, somebody is there. `address` is host or host:port."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        host, port = address, str(PORT)
    return bool(options_answer(host.strip("[]"), int(port), NETWORK_SECONDS))
