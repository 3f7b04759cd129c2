"""What was done to heal the line, by whom, and what came of it."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence


class RecoveryActionQuerySet(VisibleQuerySet["RecoveryAction"]):
    def of(self, step: str, target: str, since: datetime) -> Self:
        """What this step did to `target` since then, or is doing."""
        return self.filter(step=step, target=target, at__gte=since)

    def open(self) -> Self:
        """What is waited for."""
        return self.filter(ok=None)

    def shown(self) -> Self:
        return self.select_related("by", "incident").order_by("-at")


class RecoveryAction(models.Model):
    """One step that was carried out. `ok` is null while it goes on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # A name in monitoring.recovery.steps.STEPS, and what it was done to; "": there is only one.
    step = models.CharField(_("step"), max_length=40)
    target = models.CharField(_("what with"), max_length=200, blank=True)
    incident = models.ForeignKey(
        "monitoring.Incident", null=True, on_delete=models.SET_NULL, related_name="steps"
    )
    # Null: the line healed itself.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who"),
    )
    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    ok = models.BooleanField(_("worked"), null=True)
    sentence = models.JSONField(default=dict)

    objects = RecoveryActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("recovery step")
        verbose_name_plural = _("recovery steps")
        ordering = ["-at"]
        default_permissions = ("add", "view")
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["step", "target", "at"], name="recovery_step_at")
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.target}".strip()

    @property
    def says(self) -> Sentence:
        """What came of it, or what is waited for."""
        if self.ok is None and not self.sentence:
            return Sentence(gettext_noop("It is being done."))
        return Sentence.from_json(self.sentence)
