"""What every check found last, and what it found before."""

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.sentences import Sentence


class HealthCheck(models.Model):
    """A check: what it says, since when, and the limits that staff gave it."""

    class Status(models.TextChoices):
        OK = "ok", _("Well")
        WARNING = "warning", _("Look at it soon")
        FAILED = "failed", _("Not well")
        OFF = "off", _("Not used")
        STARTING = "starting", _("Starting")

    name = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.STARTING)
    since = models.DateTimeField()
    # Null: nothing has looked yet.
    checked_at = models.DateTimeField(null=True)
    sentence = models.JSONField(default=dict)
    # What was measured, in the check's own unit; null where there is nothing to measure.
    value = models.FloatField(null=True)
    # Only those limits that staff changed, by name.
    thresholds = models.JSONField(_("limits"), default=dict, blank=True)
    # The last point of its history.
    pointed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("health check")
        verbose_name_plural = _("health checks")
        ordering = ["name"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.name


class HealthPointQuerySet(models.QuerySet["HealthPoint"]):
    def of(self, name: str, since: datetime) -> "HealthPointQuerySet":
        """The history of a check, oldest first."""
        return self.filter(name=name, at__gte=since).order_by("at")

    def changes(self) -> "HealthPointQuerySet":
        return self.filter(grade=HealthPoint.Grade.CHANGE)

    def past(self, grade: int, before: datetime) -> "HealthPointQuerySet":
        return self.filter(grade__lte=grade, at__lt=before)


class HealthPoint(models.Model):
    """One moment of a check's history. How long it is kept is decided when it is written."""

    class Grade(models.IntegerChoices):
        MINUTE = 1
        TEN_MINUTES = 2
        HOUR = 3
        # The check began to say something else.
        CHANGE = 4

    name = models.CharField(max_length=40)
    at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=HealthCheck.Status.choices)
    value = models.FloatField(null=True)
    grade = models.PositiveSmallIntegerField(choices=Grade.choices)
    # Only of a change.
    sentence = models.JSONField(default=dict)

    objects = HealthPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("moment of a check")
        verbose_name_plural = _("moments of checks")
        default_permissions = ()
        indexes = [
            models.Index(fields=["name", "at"], name="healthpoint_name_at"),
            models.Index(fields=["grade", "at"], name="healthpoint_grade_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> Sentence:
        return Sentence.from_json(self.sentence)

    @property
    def as_point(self) -> dict[str, Any]:
        """For a chart: seconds of the epoch, the value, and the status."""
        return {"at": int(self.at.timestamp()), "value": self.value, "status": self.status}
