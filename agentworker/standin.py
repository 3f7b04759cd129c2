"""Rooms into which the voice of last resort is asked: a row each, carried out by `standby`."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from veyra.models import Pulse
from veyra.querysets import VisibleQuerySet


class StandInQuerySet(VisibleQuerySet["StandIn"]):
    def to_do(self, now: datetime) -> Self:
        """The oldest first. Of what was asked long ago, the watchdog knows better by now."""
        rows = self.filter(over_at=None, asked_at__gte=now - TOO_LATE)
        return rows.order_by("asked_at", "pk")

    def forgotten(self, now: datetime) -> Self:
        """Whose process died, or could not write down that they are over."""
        return self.filter(over_at=None, asked_at__lt=now - TOO_LATE)

    def spoken_lately(self, now: datetime) -> Self:
        """Where a caller began to hear it, whether or not it is over."""
        return self.filter(asked_at__gte=now - TOO_LATE).exclude(spoke_at=None)

    def busy_in(self, room_sids: Iterable[str], now: datetime) -> set[str]:
        """Of these rooms, those in which it speaks, or soon will."""
        begun = models.Q(asked_at__gte=now - PATIENCE)
        if Pulse.is_felt(PULSE, PULSE_IS_OLD):
            begun |= ~models.Q(spoke_at=None)
        rows = self.to_do(now).filter(begun, room_sid__in=list(room_sids))
        return set(rows.values_list("room_sid", flat=True))


# The sign of life of the process that carries it out.
PULSE, PULSE_IS_OLD = "standby", timedelta(seconds=4)
# Whoever was asked begins to speak within a second; who has not by then is away.
PATIENCE = timedelta(seconds=5)
# All is said by then, also after another process has taken over.
TOO_LATE = timedelta(seconds=30)


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

    @classmethod
    def ask(
        cls, room_sid: str, room_name: str, language: str, *, mid_call: bool, will_call_back: bool
    ) -> None:
        """Have it said soon; once more where it was said before and somebody is still there."""
        values = {
            "room_name": room_name,
            "language": language,
            "mid_call": mid_call,
            "will_call_back": will_call_back,
            "asked_at": timezone.now(),
            "over_at": None,
            "spoke_at": None,
            "error": "",
        }
        cls.objects.update_or_create(room_sid=room_sid, defaults=values)
