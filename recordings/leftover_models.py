"""Files of recordings that no recording names: what is to go from the storages, sooner or later."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models

from veyra.querysets import VisibleQuerySet


class LeftoverQuerySet(VisibleQuerySet["Leftover"]):
    def of(self, recordings: Sequence[uuid.UUID]) -> Self:
        return self.filter(recording__in=recordings).select_related("storage")

    def due(self, now: datetime) -> Self:
        found = self.filter(not_before__lte=now).select_related("storage")
        return found.order_by("not_before", "pk")


class Leftover(models.Model):
    """A file that is being written, or one in whose place there is another.

    Its row is there before the file is, and goes when a recording names the file, or when the
    storage has deleted it: whoever is killed in between leaves no sound that nobody knows of.
    """

    recording = models.UUIDField(db_index=True)
    storage = models.ForeignKey("recordings.Storage", on_delete=models.PROTECT, related_name="+")
    file = models.CharField(max_length=300)
    # Until then somebody may be writing it.
    not_before = models.DateTimeField()

    objects = LeftoverQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["not_before"], name="leftover_due"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
