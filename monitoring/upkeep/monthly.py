"""What is done each month."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.health.models import HealthPoint
from monitoring.upkeep import keys, restoring
from monitoring.upkeep.engine import engine
from monitoring.upkeep.job import Job, Outcome, Period, done, wrong
from recordings.models import Storage
from telephony.models import Call, Trunk
from veyra.models import User
from veyra.security import FailedLogin, SecurityEvent
from veyra.sentences import Sentence

MONTH = timedelta(days=30)
# A person who was not here for so long needs no account.
UNUSED = timedelta(days=90)
# Days after which a key should be another one.
KEY_DAYS = 365


def _security(now: datetime) -> Outcome:
    weak = list(_weak())
    events = SecurityEvent.objects.filter(at__gte=now - MONTH)
    kinds = events.order_by().values_list("kind").annotate(many=Count("pk"))
    msgid = _("%(many)s times in 30 days: %(what)s")
    seen = [
        Sentence(msgid, {"many": many, "what": str(SecurityEvent.Kind(kind).label)})
        for kind, many in kinds
    ]
    failed = sum(FailedLogin.objects.values_list("count", flat=True))
    seen.append(Sentence(_("Failed logins of the last day: %(count)s."), {"count": failed}))
    if weak:
        return wrong(_("Weak points: %(count)s."), [*weak, *seen], count=len(weak))
    return done(_("No weak point was found."), seen)


def _weak() -> Iterator[Sentence]:
    for name, url in (
        ("PUBLIC_URL", settings.PUBLIC_URL),
        ("LIVEKIT_PUBLIC_URL", settings.LIVEKIT_PUBLIC_URL),
    ):
        if not is_private(url):
            yield Sentence(_("%(name)s is not encrypted: use https or wss."), {"name": name})
    for trunk in Trunk.objects.kept().filter(addresses="", username=""):
        values = {"name": trunk.name}
        yield Sentence(_("“%(name)s” has neither addresses nor a login: anybody may call."), values)
    for storage in Storage.objects.filter(is_encrypted=False, recordings__isnull=False).distinct():
        msgid = _("Recordings in the storage “%(name)s” are not encrypted.")
        yield Sentence(msgid, {"name": str(storage)})
    if settings.DEBUG:
        yield Sentence(_("DEBUG is on: error pages tell strangers too much."))


def is_private(url: str) -> bool:
    """Encrypted, or seen by this computer alone."""
    return url.startswith(("https://", "wss://")) or is_of_this_computer(url)


def is_of_this_computer(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1")


def _key_ages(now: datetime) -> Outcome:
    ages = keys.ages(now)
    msgid = _("%(name)s is in use for %(days)s days.")
    details = [Sentence(msgid, {"name": name, "days": days}) for name, days in sorted(ages.items())]
    old = [name for name, days in ages.items() if days > KEY_DAYS]
    if old:
        return wrong(
            _("These keys are older than a year: %(names)s. Plan a day to exchange them."),
            details,
            names=", ".join(sorted(old)),
        )
    return done(_("No key is older than a year."), details)


def _access(now: datetime) -> Outcome:
    people = User.objects.filter(is_active=True).prefetch_related("groups").order_by("username")
    details = [_person(each) for each in people]
    idle = unused(now)
    values = {"count": len(details), "names": ", ".join(idle)}
    if idle:
        return wrong(
            _(
                "Accounts that nobody has used for 90 days: %(names)s. Switch off those that nobody"
                " needs."
            ),
            details,
            **values,
        )
    return done(
        _("%(count)s accounts, all of them in use. Read who may do what."), details, **values
    )


def unused(now: datetime) -> list[str]:
    """Names of accounts that nobody used for long."""
    found = []
    for each in User.objects.filter(is_active=True).order_by("username"):
        if (each.last_login or each.date_joined) < now - UNUSED:
            found.append(each.username)
    return found


def _person(user: User) -> Sentence:
    roles = [group.name for group in user.groups.all()]
    values = {
        "name": user.username,
        "roles": ", ".join(["*"] * user.is_superuser + roles) or "—",
        "at": restoring.shown(user.last_login) if user.last_login else "—",
    }
    return Sentence(_("%(name)s: %(roles)s; last login %(at)s"), values)


def _capacity(now: datetime) -> Outcome:
    calls = Call.objects.filter(is_demo=False)
    this = calls.filter(started_at__gte=now - MONTH).count()
    before = calls.filter(started_at__gte=now - 2 * MONTH, started_at__lt=now - MONTH).count()
    details = [
        Sentence(
            _("Calls in the last 30 days: %(this)s; in the 30 days before: %(before)s."),
            {"this": this, "before": before},
        ),
        Sentence(_("The database takes %(mb)s MB."), {"mb": round(engine().size() / 1e6, 1)}),
    ]
    points = list(HealthPoint.objects.of("disk", now - 3 * MONTH).values_list("at", "value"))
    left = days_left([(at, value) for at, value in points if value is not None])
    if left is not None and left < 60:
        msgid = _("At this pace the disk is full in %(days)s days. Give it more room.")
        return wrong(msgid, details, days=left)
    return done(_("There is room for more than 60 days at this pace."), details)


def days_left(points: Sequence[tuple[datetime, float]]) -> int | None:
    """Until what is free, in per cent, is used up; None: it does not shrink, or nobody knows. Pure.

    By the straight line that is nearest to all points, which must span a week.
    """
    if len(points) < 2 or points[-1][0] - points[0][0] < timedelta(days=7):
        return None
    days = [(at - points[-1][0]).total_seconds() / 86400 for at, _value in points]
    values = [value for _at, value in points]
    middle, mean = sum(days) / len(days), sum(values) / len(values)
    square = sum((day - middle) ** 2 for day in days)
    slope = sum((d - middle) * (v - mean) for d, v in zip(days, values, strict=True)) / square
    return int(max(0.0, -values[-1] / slope)) if slope < 0 else None


JOBS: Sequence[Job] = (
    Job(
        name="security",
        title=gettext_lazy("Look over security"),
        does=gettext_lazy("Weak points of the settings, and what was tried and refused."),
        period=Period.MONTHLY,
        run=_security,
    ),
    Job(
        name="keys",
        title=gettext_lazy("Age of the keys"),
        does=gettext_lazy("Reminds you to exchange keys that are older than a year."),
        period=Period.MONTHLY,
        run=_key_ages,
    ),
    Job(
        name="access",
        title=gettext_lazy("Who may do what"),
        does=gettext_lazy("All accounts with their roles and last logins, to be read by a person."),
        period=Period.MONTHLY,
        run=_access,
        sees="veyra.view_user",
    ),
    Job(
        name="capacity",
        title=gettext_lazy("How long the room lasts"),
        does=gettext_lazy("Calls, database and disk: how they grow, and until when it is enough."),
        period=Period.MONTHLY,
        run=_capacity,
    ),
)
