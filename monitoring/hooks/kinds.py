"""What other programs can be told of."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.models import User


class Kind(models.TextChoices):
    CALL_STARTED = "call.started", _("A call begins")
    CALL_ANSWERED = "call.answered", _("A call is answered")
    CALL_ENDED = "call.ended", _("A call is over")
    TRANSCRIPT_READY = "transcript.ready", _("What was said in a call can be read")
    RECORDING_READY = "recording.ready", _("A recording can be heard")
    RECORDING_MISSING = "recording.missing", _("A recording is missing")
    INCIDENT_OPENED = "incident.opened", _("An incident begins")
    INCIDENT_CLOSED = "incident.closed", _("An incident is over")
    CALLBACK_ASKED = "callback.asked", _("Somebody is to be called back")
    TEST = "test", _("Trial")


# Who has a program told of it must himself be allowed to read it. A trial is sent by a button.
READS: Mapping[Kind, str] = {
    Kind.CALL_STARTED: "telephony.view_call",
    Kind.CALL_ANSWERED: "telephony.view_call",
    Kind.CALL_ENDED: "telephony.view_call",
    Kind.TRANSCRIPT_READY: "agentworker.view_session",
    Kind.RECORDING_READY: "recordings.view_recording",
    Kind.RECORDING_MISSING: "recordings.view_recording",
    Kind.INCIDENT_OPENED: "monitoring.view_incident",
    Kind.INCIDENT_CLOSED: "monitoring.view_incident",
    Kind.CALLBACK_ASKED: "telephony.view_callback",
}


def offered(user: User) -> list[Kind]:
    """Those that he may choose."""
    return [kind for kind, right in READS.items() if user.has_perm(right)]
