"""A call that somebody said he would make from his own phone, to see how calls arrive."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.scope import OfNumbersQuerySet


class ExpectedCallQuerySet(OfNumbersQuerySet["ExpectedCall"]):
    def with_number(self) -> Self:
        """With the number and its connection."""
        return self.select_related("number__trunk")

    def asked_before(self, moment: datetime) -> Self:
        return self.filter(asked_at__lt=moment)


class ExpectedCall(models.Model):
    """Telephone `caller` (E.164) will call `number`. What came of it is read from the facts.

    It is somebody's own telephone: arrivals.forget deletes the row after a day.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.ForeignKey(
        "telephony.PhoneNumber", on_delete=models.CASCADE, related_name="expected_calls"
    )
    caller = models.CharField(max_length=32)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    # The newest fact of that moment: the call's own facts come after it.
    after_event = models.BigIntegerField(default=0)

    objects = ExpectedCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("expected call")
        verbose_name_plural = _("expected calls")
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return str(self.id)
