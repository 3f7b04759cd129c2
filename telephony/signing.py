"""How connections that sign in at their provider stand, in words, for every page that shows it."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.utils.translation import gettext as _

from telephony.models import Registration, Trunk
from telephony.routing.registering import AWAY
from veyra.kamailio.config import INSTALL, program
from veyra.models import Pulse

State = Registration.State
Tone = Literal["good", "wait", "bad", "off"]
TONES: dict[str, Tone] = {State.REGISTERED: "good", State.TRYING: "wait"}

PULSE = "registrar"
PULSE_IS_OLD = timedelta(seconds=15)


@dataclass(frozen=True)
class Signing:
    """A badge (label and tone) and the sentence beside it: how it stands, and what to do.

    `is_ours`: what is wrong is on our side, not in what was typed.
    """

    label: str
    tone: Tone
    text: str
    is_ours: bool = False

    @property
    def is_in(self) -> bool:
        return self.tone == "good"

    @property
    def is_wrong(self) -> bool:
        return self.tone == "bad"


def attach(trunks: Collection[Trunk]) -> None:
    """Give each connection `signing`: as many queries for a hundred of them as for one."""
    found = _look_up(trunks)
    for trunk in trunks:
        trunk.__dict__["signing"] = found.get(trunk.pk)


def of(trunk: Trunk) -> Signing | None:
    """How this connection's sign-in stands; None where it does not sign in."""
    if "signing" not in trunk.__dict__:
        attach([trunk])
    found: Signing | None = trunk.__dict__["signing"]
    return found


def _look_up(trunks: Collection[Trunk]) -> dict[int, Signing]:
    signing = [trunk for trunk in trunks if trunk.register_at]
    if not signing:
        return {}
    rows = {row.trunk_id: row for row in Registration.objects.open().filter(trunk__in=signing)}
    runs = Pulse.is_felt(PULSE, PULSE_IS_OLD)
    return {trunk.pk: _shown(trunk, rows.get(trunk.pk), runs) for trunk in signing}


def _shown(trunk: Trunk, row: Registration | None, runs: bool) -> Signing:
    if trunk.archived_at or not trunk.is_active:
        return Signing(_("Off"), "off", _("The connection is not in use, so we do not sign in."))
    if not runs or (row and row.state == State.AWAY):
        return Signing(str(State.AWAY.label), "bad", _away(), is_ours=True)
    if row is None:
        return Signing(str(State.TRYING.label), "wait", _("Saved. We sign in in a moment."))
    return Signing(str(row.get_state_display()), TONES.get(row.state, "bad"), str(row.sentence))


def _away() -> str:
    if line := _lacking():
        return _(
            "Signing in needs a program that is not installed on this computer. Ask whoever looks"
            " after it to run this line, and then to start Veyra again: %(line)s"
        ) % {"line": line}
    return _(AWAY)


def to_install() -> str:
    """The line that installs what signing in needs; "" where it is there."""
    return "" if Pulse.is_felt(PULSE, PULSE_IS_OLD) else _lacking()


def lacks() -> dict[str, Any]:
    """What this installation lacks, for a page about signing in."""
    return {"to_install": to_install(), "is_shut_in": is_shut_in()}


def is_shut_in() -> bool:
    """We listen on this machine alone, so no provider elsewhere can be signed in at."""
    return ipaddress.ip_address(settings.SIP_LISTEN).is_loopback


def _lacking() -> str:
    return "" if program() else INSTALL
