"""What a rule has its callers meet while every place of an assistant is taken."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WhenFull(models.TextChoices):
    QUEUE = "queue", _("callers wait with music, and hear their place in the queue")
    CALL_BACK = "call_back", _("callers hear an apology, and press 1 to be called back")
    PEOPLE = "people", _("the person or group named above is rung")
