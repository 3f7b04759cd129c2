"""The checklist of the first setting up."""

from collections.abc import Sequence
from datetime import timedelta
from importlib import metadata

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.health.base import Status
from monitoring.upkeep import weekly
from monitoring.upkeep.point import Evidence, Point, World, no, yes
from telephony.models import PublishedObject, PublishedState, TestCall
from veyra.state import KEYS_FILE

SHORTEST_SECRET = 32
# Checks that ran within this time are fresh.
FRESH = timedelta(minutes=5)
TRIED = timedelta(days=30)
# Of LiveKit's own examples: everybody knows them.
KNOWN = {"devkey", "secret"}


def _packages(world: World) -> Evidence:
    wanted = dict(weekly.locked())
    missing, other = [], []
    for name, version in wanted.items():
        try:
            if metadata.version(name) != version:
                other.append(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if other:
        return no(
            _("Other versions than those that Veyra was tried with: %(names)s."),
            names=", ".join(sorted(other)),
        )
    count = len(wanted) - len(missing)
    return yes(_("%(count)s packages are installed in the versions that were tried."), count=count)


def _environment(world: World) -> Evidence:
    wrong = [each for each in run_checks() if each.level >= ERROR]
    if wrong:
        return no(_("A setting cannot be used: %(why)s"), why=f"{wrong[0].msg} {wrong[0].hint}")
    return yes(_("All settings can be used."))


def _files(world: World) -> Evidence:
    """Keys of this installation alone, in a file that nobody else may read."""
    path = settings.STATE / KEYS_FILE
    if path.exists() and path.stat().st_mode & 0o077:
        return no(
            _("Others may read the file %(file)s. Allow it to its owner only."), file=str(path)
        )
    weak = {settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET} & KNOWN
    if weak or not (settings.SECRET_KEY and settings.FIELD_KEYS):
        return no(_("A key is missing, or is one of LiveKit's examples that everybody knows."))
    return yes(_("Keys and configuration of this installation are made, and private."))


def _sip(world: World) -> Evidence:
    numbers = PublishedObject.objects.filter(kind=PublishedObject.Kind.NUMBER)
    live = numbers.filter(state=PublishedState.LIVE).count()
    if not live:
        return no(_("No number is live yet: nobody can call."))
    failed = PublishedObject.objects.filter(state=PublishedState.FAILED).count()
    if failed:
        return no(_("%(count)s parts of the line could not be published."), count=failed)
    entrance = world.findings["gateway"]
    if entrance.status not in (Status.OK, Status.OFF):
        return Evidence(False, entrance.sentence)
    return yes(_("Numbers that are live: %(count)s."), count=live)


def _checks(world: World) -> Evidence:
    found = list(world.findings.values())
    old = [each for each in found if each.checked_at is None or world.now - each.checked_at > FRESH]
    if old:
        return no(
            _("%(old)s of %(count)s checks were not made within the last five minutes."),
            old=len(old),
            count=len(found),
        )
    return yes(_("%(count)s checks were made within the last five minutes."), count=len(found))


def _tested(world: World) -> Evidence:
    since = world.now - TRIED
    last = TestCall.objects.filter(asked_at__gte=since).exclude(
        state__in=(TestCall.State.WAITING, TestCall.State.CALLING)
    )
    found = last.order_by("-asked_at").first()
    if found is None:
        return no(_("No test call was made within 30 days."))
    if found.state != TestCall.State.DONE:
        return no(_("The last test call did not succeed."))
    return yes(_("The last test call was answered."))


SETUP: Sequence[Point] = (
    Point(
        "packages",
        gettext_lazy("All dependencies are installed"),
        _packages,
        "maintenance-job",
        gettext_lazy("Look over programs"),
        ("parts",),
    ),
    Point(
        "environment",
        gettext_lazy("Environment variables are set"),
        _environment,
        "diagnosis",
        gettext_lazy("Diagnosis"),
    ),
    Point(
        "files",
        gettext_lazy("Configuration files are made"),
        _files,
        "diagnosis",
        gettext_lazy("Diagnosis"),
    ),
    Point(
        "livekit",
        gettext_lazy("LiveKit's API can be reached"),
        lambda world: world.finds("livekit"),
        "health-check",
        gettext_lazy("What to do"),
        ("livekit",),
    ),
    Point(
        "line",
        gettext_lazy("The telephone line is set up"),
        _sip,
        "admin:telephony_phonenumber_changelist",
        gettext_lazy("Numbers"),
    ),
    Point(
        "checks",
        gettext_lazy("Health checks run"),
        _checks,
        "health-page",
        gettext_lazy("How the line is"),
    ),
    Point(
        "watching",
        gettext_lazy("Monitoring is set up"),
        lambda world: world.finds("schedule", "lookout"),
        "health-page",
        gettext_lazy("How the line is"),
    ),
    Point(
        "tested",
        gettext_lazy("The line was tried"),
        _tested,
        "admin:telephony_phonenumber_changelist",
        gettext_lazy("Call one of the numbers"),
    ),
)
