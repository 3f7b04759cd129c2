"""A file with calls, made in the background for the person who asked for it."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.models import User
from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence

TAKES = ("telephony.view_call", "monitoring.add_callfile")


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "call-files"


class CallFileQuerySet(VisibleQuerySet["CallFile"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Everybody sees what he asked for himself."""
        return super().visible_to(user).filter(made_by_id=user.pk)

    def open(self) -> Self:
        """They wait to be made, or are being made."""
        return self.filter(state__in=[CallFile.State.WAITING, CallFile.State.DOING])

    def ready(self) -> Self:
        return self.filter(state=CallFile.State.DONE)

    def waiting(self) -> Self:
        return self.filter(state=CallFile.State.WAITING).order_by("asked_at")

    def silent_since(self, moment: datetime) -> Self:
        """Begun, and not heard of since then."""
        return self.filter(state=CallFile.State.DOING, seen_at__lt=moment)

    def asked_before(self, moment: datetime) -> Self:
        return self.filter(asked_at__lt=moment)


class CallFile(models.Model):
    """`query`: the search of the list whose calls are in it (monitoring.filters.tidy)."""

    class Form(models.TextChoices):
        CSV = "csv", "CSV"
        EXCEL = "xlsx", "Excel"

    class State(models.TextChoices):
        WAITING = "waiting", _("waits its turn")
        DOING = "doing", _("is being made")
        DONE = "done", _("ready")
        FAILED = "failed", _("not made")
        CANCELLED = "cancelled", _("cancelled")

    # Of what the form on the page says (filing.ask): pressed twice, it is asked for once.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="call_files"
    )
    form = models.CharField(max_length=4, choices=Form.choices)
    query = models.TextField(blank=True)
    # Of its headings and words; its times are those of the person.
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(auto_now_add=True)
    # The last sign of life of whoever makes it.
    seen_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    # Calls; null until they are counted.
    total = models.PositiveIntegerField(null=True)
    written = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    # A Sentence: why it could not be made, or what it lacks.
    error = models.JSONField(default=dict)

    objects = CallFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file with calls")
        verbose_name_plural = _("files with calls")
        ordering = ["-asked_at"]
        default_permissions = ("add",)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As it is called where it is saved."""
        return f"calls-{self.asked_at:%Y-%m-%d-%H%M}-{self.pk.hex[:4]}.{self.form}"

    @property
    def path(self) -> Path:
        return folder() / f"{self.pk}.{self.form}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.DOING)

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)

    @property
    def percent(self) -> int | None:
        """How far it is; None until that is known."""
        if self.total is None:
            return None
        return min(100, 100 * self.written // self.total) if self.total else 100

    def tell(self, **now: Any) -> bool:
        """Write how it stands, if it is still to be made. False: stop, somebody cancelled it."""
        still = CallFile.objects.filter(pk=self.pk, state=self.State.DOING)
        return bool(still.update(**now))
