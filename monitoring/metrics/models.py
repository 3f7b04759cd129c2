"""The running totals: calls may be a million, and a scrape reads one row."""

from typing import Any

from django.db import models


class Tally(models.Model):
    """One row, with the key 1. Written by monitoring.metrics.counting alone."""

    # monitoring.metrics.totals.Totals
    totals = models.JSONField(default=dict)
    # Answers up to this key are counted.
    turn = models.BigIntegerField(default=0)
    # The newest of a moment; whoever was storing an older one then has done so since.
    next_turn = models.BigIntegerField(default=0)
    next_turn_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.counted_at)

    @classmethod
    def told(cls) -> dict[str, Any]:
        """The totals as they were counted last."""
        return next(iter(cls.objects.values_list("totals", flat=True)), {})
