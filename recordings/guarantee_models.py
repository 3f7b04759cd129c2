"""How many calls of a day had to be recorded, and how many are."""

from datetime import date
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from agentworker.scope import ScopedQuerySet
from veyra.models import User


class GuaranteeDayQuerySet(ScopedQuerySet["GuaranteeDay"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        """None: they are figures of the whole line."""
        return self.none()

    def up_to(self, day: date, count: int) -> Self:
        """The last so many days, the newest first."""
        return self.filter(day__lte=day).order_by("-day")[:count]


class GuaranteeDay(models.Model):
    """A day as the line's time zone has it, counted again while anything of it may still change.

    It stays when its calls and recordings are deleted.
    """

    day = models.DateField(_("day"), unique=True)
    # Calls that had to be recorded: those that are, as they should; those whose sound lacks
    # something; those without it; and those whose end was not known when it was counted.
    due = models.PositiveIntegerField(_("had to be recorded"), default=0)
    whole = models.PositiveIntegerField(_("recorded"), default=0)
    flawed = models.PositiveIntegerField(_("recorded with a flaw"), default=0)
    missing = models.PositiveIntegerField(_("not recorded"), default=0)
    open = models.PositiveIntegerField(_("not known yet"), default=0)
    counted_at = models.DateTimeField(auto_now=True)

    objects = GuaranteeDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of recordings")
        verbose_name_plural = _("days of recordings")
        ordering = ["-day"]

    def __str__(self) -> str:
        return self.day.isoformat()
