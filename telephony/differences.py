"""What LiveKit has that is not what was saved here, as the last look found it."""

import uuid
from collections.abc import Iterable
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet


class DifferenceQuerySet(VisibleQuerySet["Difference"]):
    def of_source(self, source: uuid.UUID | None) -> Self:
        return self.filter(source=source)

    def of_sources(self, sources: Iterable[uuid.UUID]) -> Self:
        return self.filter(source__in=sources)

    def changed_by_hand(self) -> Self:
        """Objects of ours that wait for a person's decision."""
        return self.filter(whose=Difference.Whose.OURS, restore_at=None)

    def with_ids(self, livekit_ids: Iterable[str]) -> Self:
        return self.filter(livekit_id__in=list(livekit_ids))

    def counts(self) -> dict[str, int]:
        """How many wait for a person: "changed", "connections" and "rules" that nobody manages."""
        free = self.not_ours()
        return {
            "changed": self.changed_by_hand().count(),
            "connections": free.filter(kind=Difference.Kind.TRUNK).count(),
            "rules": free.filter(kind=Difference.Kind.RULE).count(),
        }

    def being_decided(self) -> Self:
        """Somebody decided; the next look at LiveKit does it."""
        return self.exclude(restore_at=None)

    def that_take_calls(self) -> Self:
        return self.exclude(kind=Difference.Kind.OUTBOUND)

    def not_ours(self) -> Self:
        """Nobody manages them here, and nobody said that this is right."""
        return self.filter(whose=Difference.Whose.NOBODY, ignored_at=None, restore_at=None)

    def ignored(self) -> Self:
        return self.filter(whose=Difference.Whose.NOBODY).exclude(ignored_at=None)

    def of_other_installations(self) -> Self:
        return self.filter(whose=Difference.Whose.ANOTHER)

    def restore(self) -> int:
        """A person wants what is saved here; the next look at LiveKit puts it there."""
        return self.filter(whose=Difference.Whose.OURS).update(restore_at=timezone.now())

    def to_restore(self) -> frozenset[str]:
        return frozenset(self.exclude(restore_at=None).values_list("livekit_id", flat=True))


class Difference(models.Model):
    """An object in LiveKit that is not as saved here: changed there by hand, or not ours."""

    class Whose(models.TextChoices):
        OURS = "ours", _("changed in LiveKit")
        NOBODY = "nobody", _("not managed by Veyra")
        ANOTHER = "another", _("of another Veyra")

    class Kind(models.TextChoices):
        TRUNK = "trunk", _("provider connection")
        RULE = "rule", _("who answers")
        OUTBOUND = "outbound", _("connection for calls out")

    livekit_id = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    whose = models.CharField(max_length=8, choices=Whose.choices)
    name = models.CharField(max_length=200, blank=True)
    # Of an object of ours: its key in our mark, and the saved row that it comes from.
    key = models.CharField(max_length=100, blank=True)
    source = models.UUIDField(null=True, db_index=True)
    # Fields in words: [{"label": sentence, "ours": sentence, "theirs": sentence}], as JSON.
    fields = models.JSONField(default=list)
    # Of what is there now: what a person decides about must be what he was shown.
    fingerprint = models.CharField(max_length=32)
    since = models.DateTimeField(default=timezone.now)
    restore_at = models.DateTimeField(null=True)
    ignored_at = models.DateTimeField(null=True)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering: ClassVar[list[str]] = ["kind", "name", "livekit_id"]

    def __str__(self) -> str:
        return self.name or self.livekit_id
