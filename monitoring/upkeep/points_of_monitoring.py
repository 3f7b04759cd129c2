"""The checklist of monitoring."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.test import RequestFactory
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.alarms.models import AlertChannel
from monitoring.health.models import HealthCheck
from monitoring.incidents.rulebook import BY_SLUG
from monitoring.machines import health
from monitoring.metrics import scraping
from monitoring.upkeep.point import Evidence, Point, World, no, yes

# Channels are tried each week.
TRIED = timedelta(days=8)
LOG_FILE = "livekit_system.log"
# Something is always said within this time.
SILENT = timedelta(hours=24)


def _doors(world: World) -> Evidence:
    """Asked as a machine asks it."""
    answer = health(RequestFactory().get("/health"))
    told = json.loads(answer.content)
    if not told.get("checks"):
        return no(_("/health tells of no check."))
    return yes(_("/health tells of %(count)s checks."), count=len(told["checks"]))


def _prometheus(world: World) -> Evidence:
    if scraping.is_read():
        return yes(_("Prometheus has read the figures within the last five minutes."))
    return no(
        _(
            "No Prometheus reads the figures. Start it with deploy/prometheus/prometheus.yml, or by"
            " docker compose."
        )
    )


def _grafana(world: World) -> Evidence:
    folder = Path(settings.BASE_DIR) / "deploy" / "grafana" / "dashboards"
    found = [path for path in sorted(folder.glob("*.json")) if _panels(path)]
    if not found:
        return no(_("There is no dashboard in deploy/grafana."))
    return yes(_("Dashboards that come with Veyra: %(count)s."), count=len(found))


def _panels(path: Path) -> int:
    try:
        return len(json.loads(path.read_text())["panels"])
    except (ValueError, KeyError, OSError):
        return 0


def _rules(world: World) -> Evidence:
    off = [slug for slug, row in world.rules.items() if slug in BY_SLUG and not row.is_enabled]
    critical = [slug for slug in off if BY_SLUG[slug].severity == 1]
    if critical:
        titles = ", ".join(str(BY_SLUG[slug].title) for slug in critical)
        return no(_("Critical rules are switched off: %(titles)s."), titles=titles)
    count = len(BY_SLUG) - len(off)
    return yes(_("%(count)s rules are watched, all critical ones among them."), count=count)


def _limits(world: World) -> Evidence:
    changed = HealthCheck.objects.exclude(thresholds={}).count()
    return yes(_("Checks whose limits your staff set: %(count)s."), count=changed)


def _logs(world: World) -> Evidence:
    path = Path(settings.LOGS) / LOG_FILE
    if not path.exists():
        return no(_("The log %(file)s is not written."), file=str(path))
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if world.now - written > SILENT:
        return no(_("Nothing was written to %(file)s for a day."), file=str(path))
    return yes(_("Programs write to %(file)s."), file=str(path))


def _tried(world: World) -> Evidence:
    rows = list(AlertChannel.objects.usable())
    if not rows:
        return no(_("There is no alarm channel that could be tried."))
    since = world.now - TRIED
    bad = [row.name for row in rows if row.worked_at is None or row.worked_at < since]
    if bad:
        names = ", ".join(sorted(bad))
        return no(_("No message went out within a week over: %(names)s."), names=names)
    return yes(_("A message went out over each of %(count)s channels this week."), count=len(rows))


MONITORING: Sequence[Point] = (
    Point(
        "doors",
        gettext_lazy("Machines can ask how the line is"),
        _doors,
        "health-page",
        gettext_lazy("How the line is"),
    ),
    Point(
        "prometheus",
        gettext_lazy("Prometheus is set up"),
        _prometheus,
        "health-page",
        gettext_lazy("How the line is"),
    ),
    Point(
        "grafana",
        gettext_lazy("There is a Grafana dashboard"),
        _grafana,
        "health-page",
        gettext_lazy("How the line is"),
        asks=gettext_lazy("I have opened the dashboard, and its figures move."),
    ),
    Point(
        "rules",
        gettext_lazy("Alarm rules are set up"),
        _rules,
        "incident-rules",
        gettext_lazy("What is an incident"),
    ),
    Point(
        "channels",
        gettext_lazy("People are told"),
        lambda world: world.finds("channels"),
        "alarm-channels",
        gettext_lazy("Alarms"),
    ),
    Point(
        "limits",
        gettext_lazy("Limits were looked over"),
        _limits,
        "health-page",
        gettext_lazy("How the line is"),
        asks=gettext_lazy("I have looked at the limits of the checks, and they fit our line."),
    ),
    Point(
        "logs",
        gettext_lazy("Programs write logs"),
        _logs,
        "log-errors",
        gettext_lazy("Errors of the programs"),
    ),
    Point(
        "alarms-tried",
        gettext_lazy("Alarms were tried"),
        _tried,
        "alarm-channels",
        gettext_lazy("Alarms"),
    ),
)
