"""What monitoring remembers between two looks."""

from monitoring.access.models import AccessToken
from monitoring.alarms.models import AlertChannel, Delivery, EscalationStep, Told, Watch
from monitoring.callfile import CallFile
from monitoring.erasure import CallerFile, Erasure
from monitoring.filters import SavedFilter
from monitoring.health.models import HealthCheck, HealthPoint
from monitoring.hooks.models import Hook, HookDelivery, HookEvent
from monitoring.incidents.models import (
    Contact,
    Incident,
    IncidentCall,
    IncidentNote,
    RuleSetting,
    Silence,
    Suspicion,
)
from monitoring.logs.models import LogError, SupportBundle
from monitoring.mailing import Letter, Mailing
from monitoring.metrics.models import Tally
from monitoring.notices.models import Notice, NumberNotice
from monitoring.people_page.models import Invite
from monitoring.recovery.models import RecoveryAction
from monitoring.upkeep.models import Backup, Confirmation, JobRun, KnownKey

__all__ = [
    "AccessToken",
    "AlertChannel",
    "Backup",
    "CallFile",
    "CallerFile",
    "Confirmation",
    "Contact",
    "Delivery",
    "Erasure",
    "EscalationStep",
    "HealthCheck",
    "HealthPoint",
    "Hook",
    "HookDelivery",
    "HookEvent",
    "Incident",
    "IncidentCall",
    "IncidentNote",
    "Invite",
    "JobRun",
    "KnownKey",
    "Letter",
    "LogError",
    "Mailing",
    "Notice",
    "NumberNotice",
    "RecoveryAction",
    "RuleSetting",
    "SavedFilter",
    "Silence",
    "SupportBundle",
    "Suspicion",
    "Tally",
    "Told",
    "Watch",
]
