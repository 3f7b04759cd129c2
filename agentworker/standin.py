"""Rooms into which the voice of last resort is asked: a row each, carried out by `standby`."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet


class StandInQuerySet(VisibleQuerySet["StandIn"]):
    def to_do(self) -> Self:
        """The oldest first."""
        return self.filter(over_at=None).order_by("asked_at", "pk")

    def busy_in(self, room_sids: Iterable[str], asked_since: datetime) -> Self:
        """Those that speak, or were asked since then and soon will."""
        begun = models.Q(asked_at__gte=asked_since) | ~models.Q(spoke_at=None)
        return self.to_do().filter(begun, room_sid__in=list(room_sids))


class StandIn(models.Model):
    """A room whose caller nobody else talks to: he is told so, and then the call is ended."""

    room_sid = models.CharField(_("id of the room"), max_length=64, unique=True)
    room_name = models.CharField(_("room"), max_length=200)
    language = models.CharField(_("language"), max_length=8)
    # He was cut off in the middle of a talk; somebody will call him back.
    mid_call = models.BooleanField(default=False)
    will_call_back = models.BooleanField(default=False)
    asked_at = models.DateTimeField(_("asked"))
    # When he began to hear it.
    spoke_at = models.DateTimeField(_("began to speak"), null=True)
    over_at = models.DateTimeField(_("over"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    objects = StandInQuerySet.as_manager()

    class Meta:
        verbose_name = _("last resort")
        verbose_name_plural = _("last resorts")
        ordering = ["-asked_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["asked_at"], condition=models.Q(over_at=None), name="stand_in_to_do"
            )
        ]

    def __str__(self) -> str:
        return self.room_sid
