"""Our own people, whom calls can be given to: each with a telephone, or a browser that rings."""

import uuid
from typing import ClassVar, NamedTuple

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from agentworker.hours.week import Hours, short_days
from telephony.numbers import pretty
from veyra import audit
from veyra.models import Keepable, User
from veyra.querysets import KeepableQuerySet, VisibleQuerySet


class ColleagueQuerySet(KeepableQuerySet["Colleague"]):
    def of_user(self, user: User) -> "Colleague | None":
        """Who this person is among our people; None: nobody whom calls are given to. One query for
        as long as the object of the person lives.
        """
        row: Colleague | None = getattr(user, "colleague", None)
        return row if row and not row.archived_at else None

    def say(self, user: User, *, away: bool) -> bool:
        """He is here, or away. False: he is nobody of ours."""
        same = self.kept().filter(user=user).exclude(away=away)
        for row in same:
            audit.record(row, {"away": [row.away, away]})
        same.update(away=away)
        return self.kept().filter(user=user).exists()


class Colleague(Keepable):
    """Somebody of ours whom a call can be given to: his browser rings, or his telephone, or both.

    A telephone that is nobody's own (a switchboard, a doctor on call) is one, too.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    # Whose browser rings.
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="colleague",
        verbose_name=_("login"),
    )
    # E.164, or "": then only the browser rings.
    phone = models.CharField(_("telephone"), max_length=32, blank=True)
    in_browser = models.BooleanField(_("rings in the browser"), default=True)
    # Of `Weekday`; empty: every day.
    days = models.CharField(_("working days"), max_length=7, blank=True)
    begins = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("until"), null=True, blank=True)
    # He says so himself, from any page.
    away = models.BooleanField(_("away"), default=False)

    objects = ColleagueQuerySet.as_manager()

    class Meta:
        verbose_name = _("colleague")
        verbose_name_plural = _("colleagues")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def audit_text(column: str, value: str, name: str) -> str | None:
        return short_days(value) if column == "days" else None

    @property
    def hours(self) -> Hours:
        return Hours(self.days, self.begins, self.ends)

    @property
    def rings_in_browser(self) -> bool:
        """At some time. What else he needs for it the page itself asks (`monitoring.bell`)."""
        user = self.user if self.in_browser else None
        return user is not None and user.is_active and user.is_staff

    @property
    def can_be_reached(self) -> bool:
        """At some time, in some way."""
        return not self.archived_at and bool(self.phone or self.rings_in_browser)

    @property
    def pretty_phone(self) -> str:
        return pretty(self.phone) if self.phone else ""


class Team(Keepable):
    """Colleagues who are rung one after the other."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)

    objects = KeepableQuerySet["Team"].as_manager()

    class Meta:
        verbose_name = _("group of colleagues")
        verbose_name_plural = _("groups of colleagues")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


# For how many seconds one person is rung before the next is.
SECONDS, SHORTEST, LONGEST = 15, 5, 60


class Member(models.Model):
    """A colleague's place in a group."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
    colleague = models.ForeignKey(
        Colleague, on_delete=models.CASCADE, related_name="places", verbose_name=_("colleague")
    )
    # Who is first is rung first.
    place = models.PositiveSmallIntegerField(_("place"), default=1)
    seconds = models.PositiveSmallIntegerField(
        _("seconds to ring"),
        default=SECONDS,
        validators=[MinValueValidator(SHORTEST), MaxValueValidator(LONGEST)],
    )

    objects = VisibleQuerySet["Member"].as_manager()

    class Meta:
        verbose_name = _("place in a group")
        verbose_name_plural = _("places in a group")
        ordering = ["place", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["team", "colleague"],
                name="member_once",
                violation_error_message=_("This colleague is in the group already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.colleague_id)


def person_or_team(colleague: str, team: str) -> models.CheckConstraint:
    """Of two foreign keys of a row at most one is set: a person is named, or a group, or nobody."""
    both = models.Q(**{f"{colleague}__isnull": False, f"{team}__isnull": False})
    return models.CheckConstraint(condition=~both, name=f"%(class)s_{colleague}_or_{team}")


class Found(NamedTuple):
    """Whom a rule or a transfer names, in the order in which they are rung."""

    colleague: int
    seconds: int


def people_of(colleague: Colleague | None, team: Team | None) -> list[Found]:
    """Who is not archived; nobody where neither is named."""
    if colleague:
        return [] if colleague.archived_at else [Found(colleague.pk, SECONDS)]
    if team is None or team.archived_at:
        return []
    rows = team.members.filter(colleague__archived_at=None).order_by("place", "pk")
    return [Found(pk, seconds) for pk, seconds in rows.values_list("colleague", "seconds")]
