"""What staff asked to be done to a call, and what came of it."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.facts import Call
from telephony.scope import OfCallsQuerySet
from veyra.sentences import Sentence

if TYPE_CHECKING:  # it imports us
    from telephony.models import Trunk


class CallActionQuerySet(OfCallsQuerySet["CallAction"]):
    def waiting(self) -> Self:
        """To be done, the oldest first."""
        return self.filter(state=CallAction.State.WAITING).order_by("asked_at", "pk")

    def of_kinds(self, kinds: Collection[str]) -> Self:
        return self.filter(kind__in=list(kinds))

    def transfers_since(self, moment: datetime, trunk: "Trunk") -> Self:
        """Of calls of this connection; those that came to nothing are left out."""
        asked = self.of_kinds([CallAction.Kind.TRANSFER]).filter(asked_at__gte=moment)
        return asked.filter(call__trunk=trunk).exclude(state=CallAction.State.FAILED)

    def begun_before(self, moment: datetime) -> Self:
        """Taken to be done by then, and nobody has said what came of it."""
        return self.filter(state=CallAction.State.DOING, claimed_at__lt=moment)

    def of(self, call: Call) -> Self:
        """The newest first, each with who asked."""
        return self.filter(call=call).select_related("asked_by").order_by("-asked_at", "-pk")


class CallAction(models.Model):
    """Something that a person asked to be done to a call: done at most once."""

    class Kind(models.TextChoices):
        HANG_UP = "hang_up", _("Hang up")
        TRANSFER = "transfer", _("Transfer")
        INTRODUCE = "introduce", _("Transfer to a colleague")
        HINT = "hint", _("Hint")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DOING = "doing", _("Being done")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    call = models.ForeignKey(
        Call, on_delete=models.CASCADE, related_name="actions", verbose_name=_("call")
    )
    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    # Of a transfer {"target": E.164}, of a hint {"text": …}, of an introduction {"note": …} with
    # {"colleague": pk} or {"team": pk}. No secrets.
    params = models.JSONField(default=dict, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who asked"),
    )
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    # Whoever asks twice with one ticket (a double click) asks once.
    ticket = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    # When it was taken to be done: from then on it is never done again.
    claimed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    # What came of it, as (msgid, parameters).
    result = models.JSONField(default=dict, blank=True)

    objects = CallActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("action on a call")
        verbose_name_plural = _("actions on calls")
        ordering = ["-asked_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["asked_at"],
                condition=models.Q(state__in=["waiting", "doing"]),
                name="action_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ticket}"

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.result)

    @property
    def is_open(self) -> bool:
        """Nobody knows yet what comes of it."""
        return self.state in (self.State.WAITING, self.State.DOING)
