"""What monitoring remembers between two looks."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.alarms.models import AlertChannel, Delivery, EscalationStep, Told, Watch
from monitoring.callfile import CallFile
from monitoring.erasure import CallerFile, Erasure
from monitoring.filters import SavedFilter
from monitoring.incidents.models import (
    Contact,
    Incident,
    IncidentCall,
    IncidentNote,
    RuleSetting,
    Silence,
    Suspicion,
)
from monitoring.mailing import Letter, Mailing
from monitoring.recovery.models import RecoveryAction

__all__ = [
    "AlertChannel",
    "CallFile",
    "CallerFile",
    "Contact",
    "Delivery",
    "Erasure",
    "EscalationStep",
    "HealthCheck",
    "Incident",
    "IncidentCall",
    "IncidentNote",
    "Letter",
    "Mailing",
    "RecoveryAction",
    "RuleSetting",
    "SavedFilter",
    "Silence",
    "Suspicion",
    "Told",
    "Watch",
]


class HealthCheck(models.Model):
    """Since when a check says what it says. Written only when that changes."""

    class Status(models.TextChoices):
        OK = "ok", _("Well")
        FAILED = "failed", _("Not well")
        OFF = "off", _("Not used")
        STARTING = "starting", _("Starting")

    name = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=8, choices=Status.choices)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("health check")
        verbose_name_plural = _("health checks")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
