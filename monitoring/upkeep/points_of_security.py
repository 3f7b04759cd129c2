"""The checklist of security."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.alarms.models import AlertChannel
from monitoring.upkeep import keys, monthly
from monitoring.upkeep.point import Evidence, Point, World, no, yes
from veyra.livekit import tokens
from veyra.models import User
from veyra.secrets import PREFIX, EncryptedTextField
from veyra.security import SecurityEvent

MONTH, NIGHTS = timedelta(days=35), timedelta(days=2)
SHORTEST = 32
LONGEST_TOKEN = timedelta(minutes=10)
LOGGER = "django.security"


def _keys(world: World) -> Evidence:
    if len(settings.LIVEKIT_API_SECRET) < SHORTEST:
        return no(_("LIVEKIT_API_SECRET is shorter than %(count)s characters."), count=SHORTEST)
    for model, name in _secret_fields():
        stored = model._default_manager.annotate(stored=Cast(name, models.TextField()))
        stored = stored.exclude(stored=None).exclude(stored="")
        stored = stored.exclude(stored__startswith=PREFIX)
        if stored.exists():
            return no(
                _("A secret lies in the clear in the database (%(where)s). Enter it once more."),
                where=f"{model._meta.label}.{name}",
            )
    return yes(_("All secrets in the database are encrypted, and LiveKit's is long enough."))


def _secret_fields() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field.name


def _encrypted(world: World) -> Evidence:
    for name in ("PUBLIC_URL", "LIVEKIT_PUBLIC_URL"):
        if not monthly.is_private(getattr(settings, name)):
            return no(_("%(name)s is not encrypted: it must begin with https or wss."), name=name)
    if monthly.is_of_this_computer(settings.PUBLIC_URL):
        return yes(_("Browsers of this computer alone reach Veyra; nothing goes over a network."))
    return yes(_("Browsers reach Veyra and LiveKit by encrypted connections only."))


def _rotation(world: World) -> Evidence:
    minutes = round(tokens.VALID_FOR.total_seconds() / 60)
    if tokens.VALID_FOR > LONGEST_TOKEN:
        return no(_("Access tokens are valid for %(minutes)s minutes."), minutes=minutes)
    old = [name for name, days in keys.ages(world.now).items() if days > monthly.KEY_DAYS]
    if old:
        names = ", ".join(sorted(old))
        return no(_("These keys are older than a year: %(names)s."), names=names)
    return yes(
        _("Access tokens end after %(minutes)s minutes, and no key is older than a year."),
        minutes=minutes,
    )


def _audit(world: World) -> Evidence:
    return _was_done(world, "security", MONTH)


def _leaks(world: World) -> Evidence:
    return _was_done(world, "leaks", NIGHTS)


def _was_done(world: World, name: str, within: timedelta) -> Evidence:
    run = world.runs.get(name)
    if run is None or run.finished_at is None:
        return no(_("It has not been done yet."))
    if world.now - run.finished_at > within:
        days = (world.now - run.finished_at).days
        return no(_("It was done %(days)s days ago, which is too long."), days=days)
    return Evidence(bool(run.ok), run.says)


def _alarms(world: World) -> Evidence:
    rule = world.rules.get("login_attack")
    if rule is not None and not rule.is_enabled:
        return no(_("The rule about attacks on logins is switched off."))
    count = AlertChannel.objects.usable().count()
    if not count:
        return no(
            _("Attacks on logins are noticed, but nobody is told: there is no alarm channel.")
        )
    return yes(_("Attacks on logins are told over %(count)s alarm channels."), count=count)


def _rights(world: World) -> Evidence:
    active = User.objects.filter(is_active=True)
    without = active.filter(is_superuser=False, groups=None).values_list("username", flat=True)
    if names := sorted(without):
        return no(_("These accounts have no role: %(names)s."), names=", ".join(names))
    if idle := monthly.unused(world.now):
        return no(
            _("Nobody has used these accounts for 90 days: %(names)s."), names=", ".join(idle)
        )
    return yes(_("%(count)s accounts have roles, and all are in use."), count=active.count())


def _logs(world: World) -> Evidence:
    if not logging.getLogger(LOGGER).isEnabledFor(logging.WARNING):
        return no(_("Warnings about security are not logged. Correct the settings of logging."))
    since = world.now - timedelta(days=30)
    return yes(
        _("In 30 days %(refused)s refusals and %(changes)s changes by staff were written down."),
        refused=SecurityEvent.objects.filter(at__gte=since).count(),
        changes=LogEntry.objects.filter(action_time__gte=since).count(),
    )


SECURITY: Sequence[Point] = (
    Point(
        "keys",
        gettext_lazy("API keys are protected"),
        _keys,
        "maintenance-job",
        gettext_lazy("Look over security"),
        ("security",),
    ),
    Point(
        "encrypted",
        gettext_lazy("Connections are encrypted (WSS)"),
        _encrypted,
        "diagnosis",
        gettext_lazy("Diagnosis"),
    ),
    Point(
        "rotation",
        gettext_lazy("Tokens and keys are exchanged"),
        _rotation,
        "maintenance-job",
        gettext_lazy("Age of the keys"),
        ("keys",),
    ),
    Point(
        "audit",
        gettext_lazy("Security is looked over each month"),
        _audit,
        "maintenance-job",
        gettext_lazy("Look over security"),
        ("security",),
    ),
    Point(
        "security-alarms",
        gettext_lazy("Attacks are told"),
        _alarms,
        "alarm-channels",
        gettext_lazy("Alarms"),
    ),
    Point(
        "leaks",
        gettext_lazy("Leaks are looked for"),
        _leaks,
        "maintenance",
        gettext_lazy("Maintenance"),
    ),
    Point(
        "rights",
        gettext_lazy("Everybody has the rights that he needs, and no more"),
        _rights,
        "maintenance-job",
        gettext_lazy("Who may do what"),
        ("access",),
        asks=gettext_lazy("I have read the list of accounts, and each of them needs its role."),
    ),
    Point(
        "security-logs",
        gettext_lazy("Security is logged"),
        _logs,
        "admin:veyra_securityevent_changelist",
        gettext_lazy("Security events"),
    ),
)
