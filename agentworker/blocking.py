"""Whom no assistant answers, as staff decided."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet


class BlockedCallerQuerySet(VisibleQuerySet["BlockedCaller"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(models.Q(until=None) | models.Q(until__gt=now))

    def with_digits(self, part: str) -> Self:
        return self.filter(number__contains=part)

    def texts(self, now: datetime) -> frozenset[str]:
        """Every spelling of every number that is blocked now."""
        found = self.in_force(now).values_list("spellings", flat=True)
        return frozenset(text for spellings in found for text in spellings)


class BlockedCaller(models.Model):
    """A number whose calls are ended before anybody speaks, for a while or for good."""

    number = models.CharField(_("number"), max_length=100, unique=True)
    # The texts by which the number may arrive: ["+79161234567", "79161234567", …].
    spellings = models.JSONField(default=list, editable=False)
    # Null: for good.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    blocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who blocked"),
    )
    blocked_at = models.DateTimeField(_("blocked"), auto_now=True)

    objects = BlockedCallerQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked caller")
        verbose_name_plural = _("blocked callers")
        ordering = ["-blocked_at"]

    def __str__(self) -> str:
        return self.number
