"""Changes of the line that wait for their day, and what became of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.routing.edit import Edit
from veyra.models import User
from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence


class ScheduledChangeQuerySet(VisibleQuerySet["ScheduledChange"]):
    def waiting(self) -> Self:
        waiting = self.filter(state="waiting").select_related("author")
        return waiting.order_by("takes_effect_at", "pk")

    def due(self, now: datetime) -> Self:
        return self.waiting().filter(takes_effect_at__lte=now)

    def news_for(self, user: User) -> Self:
        """What became of his changes, and he does not know yet."""
        return self.filter(author=user, told_at=None, state__in=["done", "failed"]).order_by("pk")

    def told(self, rows: Iterable["ScheduledChange"], at: datetime) -> None:
        self.filter(pk__in=[row.pk for row in rows]).update(told_at=at)

    def settle(self, pk: int, state: str, at: datetime, outcome: list[Sentence]) -> bool:
        """False: somebody else settled it first."""
        stored = [sentence.to_json() for sentence in outcome]
        mine = self.filter(pk=pk, state="waiting")
        return mine.update(state=state, settled_at=at, outcome=stored) == 1


class ScheduledChange(models.Model):
    """An Edit that is carried out at a moment that its author chose."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Took effect")
        FAILED = "failed", _("Was not carried out")
        CANCELLED = "cancelled", _("Cancelled")

    # telephony.routing.edit.Edit as JSON; passwords in it are ciphertext.
    edit = models.JSONField()
    # Names of the rows that it changes, as its author saw them.
    title = models.CharField(_("what changes"), max_length=200)
    takes_effect_at = models.DateTimeField(_("takes effect on"), db_index=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("author"),
    )
    made_at = models.DateTimeField(_("saved at"), auto_now_add=True)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING, db_index=True
    )
    settled_at = models.DateTimeField(null=True)
    # Sentences: what changed for callers, or why it was not carried out.
    outcome = models.JSONField(default=list)
    # When its author was told what became of it.
    told_at = models.DateTimeField(null=True)

    objects = ScheduledChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned change")
        verbose_name_plural = _("planned changes")
        ordering: ClassVar[list[Any]] = ["-takes_effect_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def as_edit(self) -> Edit:
        return Edit.from_json(self.edit)

    @property
    def sentences(self) -> list[Sentence]:
        return [Sentence.from_json(each) for each in self.outcome]
