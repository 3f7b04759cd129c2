"""What other programs can be told of."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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


# Those that staff choose from; a trial is sent by a button.
CHOICES = [(kind.value, kind.label) for kind in Kind if kind != Kind.TEST]
