"""What callers will say to an assistant, and what must happen then: kept, and played before its
draft is published.
"""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.models import User
from veyra.querysets import VisibleQuerySet


class Scenario(models.Model):
    """Lines of a caller. `steps` is as agentworker.steps reads it."""

    agent = models.ForeignKey(
        "agentworker.Agent", on_delete=models.CASCADE, related_name="scenarios"
    )
    name = models.CharField(_("name"), max_length=100)
    steps: "models.JSONField[Any, Any]" = models.JSONField(_("what happens"), default=list)
    # The conversation that it was made of (Session.job_id), or "".
    job_id = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = VisibleQuerySet["Scenario"].as_manager()

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ["pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["agent", "name"],
                name="scenario_name_once",
                violation_error_message=_("There is already a scenario with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ScenarioRunQuerySet(VisibleQuerySet["ScenarioRun"]):
    def waiting(self, stale: datetime) -> Self:
        """To be played: taken by nobody, or before `stale` by somebody who must have died."""
        free = models.Q(taken_at=None) | models.Q(taken_at__lt=stale)
        return self.filter(free, verdict=ScenarioRun.Verdict.WAITING).order_by("pk")

    def going_on(self) -> Self:
        return self.filter(verdict=ScenarioRun.Verdict.WAITING)

    def of_user(self, user: User) -> Self:
        return self.filter(asked_by=user)

    def since(self, moment: datetime) -> Self:
        return self.filter(asked_at__gte=moment)

    def newest_of(self, scenarios: Any) -> Self:
        """The newest of each of these scenarios (rows or a query of them)."""
        newer = ScenarioRun.objects.filter(
            scenario=models.OuterRef("scenario"), pk__gt=models.OuterRef("pk")
        )
        return self.filter(~models.Exists(newer), scenario__in=scenarios)


class ScenarioRun(models.Model):
    """One play of a scenario with a draft or a version, and what came of it."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("Being played")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")
        # It could not be played to its end: that says nothing about the assistant's words.
        BROKEN = "broken", _("Could not be played")

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="runs")
    # Those that were asked for together.
    batch = models.UUIDField(default=uuid.uuid4, db_index=True)
    # As Brief.trial says it, and what exactly was played (agentworker.playing.digest).
    what = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=7, choices=Verdict.choices, default=Verdict.WAITING)
    # Step by step, as agentworker.verdicts wrote it.
    told: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    # Why it could not be played (veyra.sentences.Sentence as a mapping).
    trouble: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    took_ms = models.PositiveIntegerField(null=True)

    objects = ScenarioRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("play of a scenario")
        verbose_name_plural = _("plays of scenarios")
        ordering = ["-pk"]
        indexes = (
            models.Index(
                fields=["id"],
                condition=models.Q(verdict="waiting"),
                name="scenario_run_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.scenario} {self.pk}"
