"""Upkeep: what was done when, the backups that there are, and what people confirmed."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence


class BackupQuerySet(VisibleQuerySet["Backup"]):
    def good(self) -> Self:
        """Whose files are still there; the newest first."""
        return self.filter(ok=True, removed_at=None).order_by("-at")

    def shown(self) -> Self:
        return self.order_by("-at")

    def named(self, name: str) -> Self:
        return self.filter(name=name)


class Backup(models.Model):
    """One backup. `ok` is null while it is being made."""

    at = models.DateTimeField(_("begun"), db_index=True)
    finished_at = models.DateTimeField(null=True)
    ok = models.BooleanField(_("worked"), null=True)
    # The name of its file; "": there is none.
    name = models.CharField(_("file"), max_length=80, blank=True)
    size = models.PositiveBigIntegerField(_("size"), null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    where = models.CharField(_("where"), max_length=500, blank=True)
    # Where a second one lies, far from this server; "": nowhere.
    copy = models.CharField(_("copy"), max_length=500, blank=True)
    sentence = models.JSONField(default=dict)
    # When it was last restored for trial, and all was there.
    proven_at = models.DateTimeField(null=True)
    # Its time was over.
    removed_at = models.DateTimeField(null=True)

    objects = BackupQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        ordering = ["-at"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name

    @property
    def says(self) -> Sentence:
        return Sentence.from_json(self.sentence)


class JobRunQuerySet(VisibleQuerySet["JobRun"]):
    def of(self, name: str) -> Self:
        return self.filter(name=name)

    def waiting(self) -> Self:
        """Asked for by somebody and not begun; the oldest first."""
        return self.filter(started_at=None).order_by("at")

    def open(self) -> Self:
        """Begun, and not ended."""
        return self.filter(finished_at=None).exclude(started_at=None)

    def newest(self) -> Self:
        return self.select_related("by").order_by("-at", "-pk")

    def ended(self) -> Self:
        return self.exclude(finished_at=None)

    def latest_of_each(self) -> "dict[str, JobRun]":
        """The last one of each name that was begun or asked for. One query."""
        last = self.order_by().values("name").annotate(last=models.Max("pk")).values("last")
        return {row.name: row for row in self.filter(pk__in=last).select_related("by")}

    def last_ended_of_each(self) -> "dict[str, JobRun]":
        return self.ended().latest_of_each()

    def before(self, moment: datetime) -> Self:
        return self.filter(at__lt=moment)


class JobRun(models.Model):
    """A job of upkeep that was done, is being done, or that somebody asked for."""

    name = models.CharField(max_length=40)
    at = models.DateTimeField(_("when"))
    # Null: it waits for a worker.
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    ok = models.BooleanField(_("worked"), null=True)
    sentence = models.JSONField(default=dict)
    # Sentences, for who wants to know more.
    details = models.JSONField(default=list)
    # Null: it was its time.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who"),
    )

    objects = JobRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("upkeep job")
        verbose_name_plural = _("upkeep jobs")
        ordering = ["-at"]
        default_permissions = ("add", "view")
        indexes: ClassVar[list[Any]] = [models.Index(fields=["name", "-at"], name="job_run_newest")]
        constraints: ClassVar[list[Any]] = [
            # Who presses twice asks once.
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(started_at=None), name="job_asked_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def says(self) -> Sentence:
        return Sentence.from_json(self.sentence)

    @property
    def tells(self) -> list[Sentence]:
        return [Sentence.from_json(each) for each in self.details]

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class ConfirmationQuerySet(VisibleQuerySet["Confirmation"]):
    def newest_of_each(self) -> "dict[str, Confirmation]":
        """By point. One query."""
        last = self.order_by().values("point").annotate(last=models.Max("pk")).values("last")
        return {row.point: row for row in self.filter(pk__in=last).select_related("by")}


class Confirmation(models.Model):
    """Somebody says that a point of a checklist is so, which no program can see."""

    point = models.CharField(max_length=40, db_index=True)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who"),
    )
    # Who it was, even when the account is gone.
    name = models.CharField(max_length=150)
    note = models.CharField(_("what you saw"), max_length=300, blank=True)

    objects = ConfirmationQuerySet.as_manager()

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        ordering = ["-at"]
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return self.point


class KnownKey(models.Model):
    """Since when a key of this installation is in use; of the key itself only a mark."""

    name = models.CharField(max_length=40)
    mark = models.CharField(max_length=16)
    since = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["name", "mark"], name="key_known_once")
        ]

    def __str__(self) -> str:
        return self.name
