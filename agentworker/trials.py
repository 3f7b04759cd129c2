"""Somebody of us talks to an assistant to try it. No call, and in no figures."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.models import User
from veyra.querysets import VisibleQuerySet


class TrialQuerySet(VisibleQuerySet["Trial"]):
    def of_user(self, user: User) -> Self:
        return self.filter(asked_by=user)

    def since(self, moment: datetime) -> Self:
        return self.filter(began_at__gte=moment)

    def before(self, moment: datetime) -> Self:
        return self.filter(began_at__lt=moment)


class Trial(models.Model):
    """One talk: by voice, in a room of its own, or by text, line by line."""

    class Way(models.TextChoices):
        VOICE = "voice", _("by voice")
        TEXT = "text", _("by text")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(
        "agentworker.Agent", on_delete=models.CASCADE, related_name="trials", verbose_name=_("who")
    )
    # As Brief.trial says it.
    what = models.CharField(max_length=20)
    way = models.CharField(max_length=5, choices=Way.choices)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    began_at = models.DateTimeField(auto_now_add=True, db_index=True)
    # What its mind remembers, as agentworker.rehearsal wrote it.
    memory: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    is_over = models.BooleanField(default=False)

    objects = TrialQuerySet.as_manager()

    class Meta:
        verbose_name = _("trial of an assistant")
        verbose_name_plural = _("trials of assistants")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return str(self.pk)


class TrialLineQuerySet(models.QuerySet["TrialLine"]):
    def waiting(self, stale: datetime) -> Self:
        """To be answered: taken by nobody, or before `stale` by somebody who must have died."""
        free = models.Q(taken_at=None) | models.Q(taken_at__lt=stale)
        return self.filter(free, done_at=None).order_by("pk")


class TrialLine(models.Model):
    """What somebody says or presses, and what came of it. Neither: the talk begins."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="lines")
    text = models.TextField(blank=True)
    key = models.CharField(max_length=1, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    taken_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    # agentworker.rehearsal.Answer as a mapping
    answer: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    # Why there is none (veyra.sentences.Sentence as a mapping).
    trouble: "models.JSONField[Any, Any]" = models.JSONField(default=dict)

    objects = TrialLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a trial")
        verbose_name_plural = _("lines of trials")
        ordering = ["pk"]
        indexes = (
            models.Index(
                fields=["id"], condition=models.Q(done_at=None), name="trial_line_unanswered"
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)
