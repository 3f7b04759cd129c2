"""Places with their hours, the numbers that belong to each, and closures."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from agentworker.hours import week
from agentworker.hours.calendar import Calendar, days_off, days_on
from agentworker.hours.state import Shut, Timetable
from agentworker.scope import ScopedQuerySet, bounded, scope_of
from veyra.models import Keepable, User
from veyra.querysets import KeepableQuerySet, VisibleQuerySet

# Days off are kept for this year and so many more.
YEARS = 3


class Announcement(models.Model):
    """Words that somebody of us said himself: sound, never changed. Kept here, since workers and
    pages share no disk.
    """

    # A WAV file: mono, 16 bit.
    wav = models.BinaryField()
    seconds = models.FloatField()
    made_at = models.DateTimeField(auto_now_add=True)

    objects = VisibleQuerySet["Announcement"].as_manager()

    class Meta:
        verbose_name = _("recorded message")
        verbose_name_plural = _("recorded messages")

    def __str__(self) -> str:
        return str(self.pk)


class Outside(models.TextChoices):
    """What callers meet outside the hours."""

    MESSAGE = "message", _("a message, and then the call ends")
    AGENT = "agent", _("another assistant")
    PEOPLE = "people", _("a person")


class PlaceQuerySet(KeepableQuerySet["Place"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return bounded(super().visible_to(user), user)

    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(pk__in=places)


class Place(Keepable):
    """Numbers and assistants that work by the same hours: a shop, an office, a clinic."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    time_zone = models.CharField(_("time zone"), max_length=64)
    # As week.to_json has it.
    week: "models.JSONField[Any, Any]" = models.JSONField(_("hours"), default=list)
    # {"2026-12-31": [["09:00", "15:00"]], …}: days with hours of their own, or with none.
    exceptions: "models.JSONField[Any, Any]" = models.JSONField(
        _("other days"), default=dict, blank=True
    )
    calendar = models.CharField(
        _("holidays"), max_length=2, choices=Calendar.choices, default=Calendar.RUSSIA, blank=True
    )
    # The calendar's days as ISO dates, up to the end of `days_known_to`.
    days_off: "models.JSONField[Any, Any]" = models.JSONField(default=list, editable=False)
    # Days of a weekend that are worked, likewise.
    days_on: "models.JSONField[Any, Any]" = models.JSONField(default=list, editable=False)
    days_known_to = models.PositiveSmallIntegerField(default=0, editable=False)
    outside = models.CharField(
        _("outside the hours"), max_length=8, choices=Outside.choices, default=Outside.MESSAGE
    )
    # Said outside the hours; empty, and without sound: a sentence of ours.
    message = models.TextField(_("message"), max_length=500, blank=True)
    sound = models.ForeignKey(
        Announcement, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    stand_in = models.ForeignKey(
        "agentworker.Agent",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("another assistant"),
    )
    # Whom telephony rings ("colleague:<key>", "team:<key>"); "": whom the rule names for need.
    people = models.CharField(_("who is rung"), max_length=50, blank=True)

    objects = PlaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(archived_at=None),
                name="place_name_once",
                violation_error_message=_("There are already opening hours with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def audit_text(column: str, value: Any, name: str) -> str | None:
        if column == "week":
            return week.in_one_line(week.from_json(value))
        if column == "exceptions":
            return week.days_in_one_line(week.exceptions_of(value))
        return None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def learn_days_off(self, year: int) -> bool:
        """Note the calendar's days from this year on; are they others than before?"""
        years = range(year, year + YEARS)
        off = [day.isoformat() for day in days_off(self.calendar, years)]
        on = [day.isoformat() for day in days_on(self.calendar, years)]
        is_new = (self.days_off, self.days_on, self.days_known_to) != (off, on, years[-1])
        self.days_off, self.days_on, self.days_known_to = off, on, years[-1]
        return is_new

    def names_of_days(self, year: int) -> dict[date, str]:
        """The days off from this year on, as somebody reads them."""
        return dict(days_off(self.calendar, range(year, year + YEARS)))

    def worked_from(self, year: int) -> Sequence[date]:
        """The days of a weekend that are worked, from this year on."""
        return days_on(self.calendar, range(year, year + YEARS))

    def timetable(self, moment: datetime) -> Timetable:
        """As it holds around the moment."""
        year = moment.astimezone(self.zone).year
        if year <= self.days_known_to:
            off = {date.fromisoformat(day): "" for day in self.days_off}
            on: Sequence[date] = list(map(date.fromisoformat, self.days_on))
        else:
            off, on = self.names_of_days(year), self.worked_from(year)
        own = week.exceptions_of(self.exceptions)
        return Timetable(self.zone, week.from_json(self.week), own, off, on)


class NumberPlaceQuerySet(ScopedQuerySet["NumberPlace"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(place__in=places)

    def called(self, texts: Collection[str]) -> Self:
        """Whose number is one of these."""
        return self.filter(number__in=texts).exclude(number="")

    def of_keys(self, keys: Iterable[Any]) -> Self:
        return self.filter(key__in=list(keys))


class NumberPlace(models.Model):
    """A number of ours that belongs to a place, or that was closed: known here by its key and text
    alone, since who it belongs to otherwise is telephony's matter.
    """

    # PhoneNumber.key
    key = models.UUIDField(unique=True)
    # E.164 or an extension; "": it is in the archive.
    number = models.CharField(max_length=32, db_index=True)
    place = models.ForeignKey(Place, null=True, on_delete=models.SET_NULL, related_name="numbers")

    objects = NumberPlaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("number of a place")
        verbose_name_plural = _("numbers of places")

    def __str__(self) -> str:
        return str(self.key)


class ClosureQuerySet(ScopedQuerySet["Closure"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        """His places' and their numbers'; and those of assistants and of the line, which concern
        everybody.
        """
        his = models.Q(place__in=places) | models.Q(number__place__in=places)
        return self.filter(his | models.Q(place=None, number=None))

    def changeable_by(self, user: User | AnonymousUser) -> Self:
        """Who sees only some places does not open what is closed for others as well."""
        rows = self.visible_to(user)
        of_all = models.Q(place=None, number=None)
        return rows if scope_of(user) is None else rows.exclude(of_all)

    def not_over(self, now: datetime) -> Self:
        """Those that hold now or will."""
        later = models.Q(until=None) | models.Q(until__gt=now)
        return self.filter(later, opened_at=None)

    def in_force(self, now: datetime) -> Self:
        return self.not_over(now).filter(begins__lte=now)

    def shown(self) -> Self:
        return self.select_related("place", "number", "agent", "made_by").order_by("begins", "pk")


class Closure(models.Model):
    """Closed from a moment on, whatever the hours say: one number, a place, an assistant; or, where
    it names none, the whole line.
    """

    place = models.ForeignKey(
        Place, null=True, blank=True, on_delete=models.CASCADE, related_name="closures"
    )
    number = models.ForeignKey(
        NumberPlace, null=True, blank=True, on_delete=models.CASCADE, related_name="closures"
    )
    agent = models.ForeignKey(
        "agentworker.Agent", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    begins = models.DateTimeField(_("from"))
    # Null: until somebody opens.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    # As of a place.
    message = models.TextField(_("message"), max_length=500, blank=True)
    sound = models.ForeignKey(
        Announcement, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who closed"),
    )
    made_at = models.DateTimeField(auto_now_add=True)
    # When somebody opened before its time.
    opened_at = models.DateTimeField(null=True, editable=False)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = ClosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ["-begins"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["begins"], condition=models.Q(opened_at=None), name="closure_not_opened"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_of_all(self) -> bool:
        return not (self.place_id or self.number_id or self.agent_id)

    @property
    def shut(self) -> Shut:
        return Shut(self.pk, self.begins, self.until)
