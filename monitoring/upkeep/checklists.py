"""The three checklists: first setting up, security, monitoring."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.upkeep.models import Confirmation
from monitoring.upkeep.point import STALE, Evidence, Point, Shown, World, no
from monitoring.upkeep.points_of_monitoring import MONITORING
from monitoring.upkeep.points_of_security import SECURITY
from monitoring.upkeep.points_of_setup import SETUP
from veyra.look import link
from veyra.models import User

log = logging.getLogger(__name__)

LISTS: Sequence[tuple[str | Promise, Sequence[Point]]] = (
    (gettext_lazy("Setting up"), SETUP),
    (gettext_lazy("Security"), SECURITY),
    (gettext_lazy("Monitoring"), MONITORING),
)
POINTS = {point.name: point for _title, points in LISTS for point in points}
# What opens the pages that mend points.
OPENS = {
    "maintenance": "monitoring.view_jobrun",
    "maintenance-job": "monitoring.view_jobrun",
    "diagnosis": "monitoring.view_recoveryaction",
    "health-page": "monitoring.view_healthcheck",
    "health-check": "monitoring.view_healthcheck",
    "alarm-channels": "monitoring.view_alertchannel",
    "incident-rules": "monitoring.view_rulesetting",
    "log-errors": "monitoring.view_logerror",
    "admin:telephony_phonenumber_changelist": "telephony.view_phonenumber",
    "admin:veyra_securityevent_changelist": "veyra.view_securityevent",
}
BROKEN = _("This could not be looked at (%(error)s).")


@dataclass(frozen=True)
class Checklist:
    title: str | Promise
    points: Sequence[Shown]

    @property
    def fine(self) -> int:
        return sum(each.is_fine for each in self.points)


def look(now: datetime, user: User | None = None) -> list[Checklist]:
    """All points, computed now. `user`: who reads it, and gets links to what he may open."""
    world = World(now)
    return [
        Checklist(title, [see(point, world, user) for point in points]) for title, points in LISTS
    ]


def see(point: Point, world: World, user: User | None = None) -> Shown:
    confirmed = world.confirmed.get(point.name) if point.asks else None
    is_stale = confirmed is not None and world.now - confirmed.at > STALE
    may_open = user is None or user.has_perm(OPENS[point.fix])
    address = link(point.fix, *point.fix_args) if may_open else ""
    return Shown(point, _evidence(point, world), confirmed, is_stale, address)


def _evidence(point: Point, world: World) -> Evidence:
    try:
        return point.look(world)
    except Exception as error:  # one that cannot be looked at hides no other
        log.exception("the point %s of a checklist could not be looked at", point.name)
        return no(BROKEN, error=type(error).__name__)


def is_for_people(name: str) -> bool:
    """Is there something at this point that a person has to look at?"""
    return name in POINTS and bool(POINTS[name].asks)


def confirm(name: str, user: User, note: str, now: datetime) -> Confirmation:
    """This person has looked, and it is so."""
    known = user.get_full_name() or user.username
    return Confirmation.objects.create(point=name, at=now, by=user, name=known, note=note)
