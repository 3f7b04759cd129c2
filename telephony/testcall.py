"""Calls to our own numbers that we place ourselves."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.scope import OfNumbersQuerySet

if TYPE_CHECKING:  # it imports us
    from telephony.models import PhoneNumber


class TestCallQuerySet(OfNumbersQuerySet["TestCall"]):
    def of_number(self, number: "PhoneNumber") -> Self:
        return self.filter(number=number)

    def with_sound(self) -> Self:
        """What they heard is kept."""
        return self.exclude(heard="")

    def by_itself(self) -> Self:
        """Placed without a person who listens, so that the line is known to work."""
        return self.exclude(why="hand")

    def to_judge(self) -> Self:
        """Over, and it is not known yet whether our words arrived and a recording was made."""
        return self.by_itself().filter(state="done", judged_at=None).select_related("number")

    def judged(self, since: datetime) -> Self:
        """Those that were placed by themselves since then and of which all is known, in order."""
        return self.by_itself().filter(judged_at__gte=since).order_by("asked_at")


class TestCall(models.Model):
    """ "Call this line now": a call that we place ourselves, and what it heard."""

    __test__ = False  # not a test case, whatever its name looks like to pytest

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CALLING = "calling", _("Calling")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Why(models.TextChoices):
        """Who wanted it. All but the first speak, too, and are judged without a person."""

        HAND = "hand", _("somebody listens to it")
        NIGHTLY = "nightly", _("every night")
        CHANGE = "change", _("after a change")
        ASKED = "asked", _("somebody checks the line")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.ForeignKey(
        "telephony.PhoneNumber", on_delete=models.CASCADE, related_name="test_calls"
    )
    why = models.CharField(_("why"), max_length=7, choices=Why.choices, default=Why.HAND)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    # What came of it, as (msgid, parameters).
    result = models.JSONField(default=dict, blank=True)
    # What the caller heard, WAV; relative to MEDIA_ROOT.
    heard = models.CharField(max_length=200, blank=True)
    # Seconds after the call was placed: {"answer", "greeting", "said"}; "voice": how long the
    # assistant was heard; and whether it "heard" us and a recording was made ("recorded", null: no
    # recording was due).
    measured = models.JSONField(default=dict, blank=True)
    # When all of that was known.
    judged_at = models.DateTimeField(null=True)
    # What the line was like (telephony.testcalls.line_now).
    line = models.CharField(max_length=64, blank=True)

    objects = TestCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("test call")
        verbose_name_plural = _("test calls")
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return str(self.id)
