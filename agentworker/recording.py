"""What is recorded, in the words of who decides: on an assistant, and on a rule before it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RecordingPolicy(models.TextChoices):
    ALWAYS = "always", _("always")
    NEVER = "never", _("never")
    PRESSED = "pressed", _("when a supervisor presses the button")
    AGREED = "agreed", _("after the caller has agreed")

    @classmethod
    def of_call(cls, rule: str, assistant: str) -> "RecordingPolicy":
        """What holds for a call: its rule's word goes before the assistant's. A word that is not
        known records nothing.
        """
        found = rule or assistant
        return cls(found) if found in cls.values else cls.NEVER
