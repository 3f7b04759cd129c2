"""Errors of our programs in groups, and files for whoever helps from outside."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.logs.groups import Group
from monitoring.made_file import MadeFile, MadeFileQuerySet
from veyra.querysets import VisibleQuerySet


class LogErrorQuerySet(VisibleQuerySet["LogError"]):
    def newest(self) -> Self:
        return self.order_by("-last_at")

    def unsettled(self) -> Self:
        """Nobody said that it is dealt with, or it came again since."""
        return self.filter(
            models.Q(settled_at=None) | models.Q(settled_at__lt=models.F("last_at"))
        ).newest()

    def settled(self) -> Self:
        return self.filter(settled_at__gte=models.F("last_at")).newest()

    def add(self, group: Group) -> None:
        """Count them, whoever of the programs met them. Raises DatabaseError."""
        told = {
            name: getattr(group, name)
            for name in ("level", "logger", "words", "place", "program", "host", "sample")
        }
        counts = {"count": group.count, "first_at": group.first_at, "last_at": group.last_at}
        row, is_new = self.get_or_create(key=group.key, defaults=told | counts)
        if not is_new:
            more = models.F("count") + group.count
            self.filter(pk=row.pk).update(**told, count=more, last_at=group.last_at)

    def drop_oldest(self, most: int) -> None:
        """Keep so many kinds of errors, those that came last."""
        surplus = self.count() - most
        if surplus > 0:
            oldest = self.order_by("last_at").values_list("pk", flat=True)[:surplus]
            self.filter(pk__in=list(oldest)).delete()

    def before(self, moment: datetime) -> Self:
        return self.filter(last_at__lt=moment)


class LogError(models.Model):
    """Errors of one kind: the same words, logger and place in the code. Kept: the last one."""

    # Of logger, words, kind of exception and place (monitoring.logs.groups).
    key = models.CharField(max_length=32, unique=True)
    level = models.CharField(max_length=8)
    logger = models.CharField(max_length=120)
    # The message before its values are put in.
    words = models.CharField(max_length=300)
    # "ValueError in telephony/journal.py:120"; "": no exception.
    place = models.CharField(max_length=200, blank=True)
    # Whose it was last, and on which host.
    program = models.CharField(max_length=40)
    host = models.CharField(max_length=150)
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"), db_index=True)
    # The last one as it stands in the log: without numbers and secrets.
    sample = models.JSONField(default=dict)
    # Somebody said so; it shows again when it comes again.
    settled_at = models.DateTimeField(null=True)

    objects = LogErrorQuerySet.as_manager()

    class Meta:
        verbose_name = _("error of a program")
        verbose_name_plural = _("errors of programs")
        ordering: ClassVar[list[str]] = ["-last_at"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.key

    def settle(self, now: datetime) -> None:
        """Dealt with: hidden until it comes again."""
        self.settled_at = now
        self.save(update_fields=["settled_at"])

    @property
    def details(self) -> list[tuple[str, Any]]:
        """What else its line says; the long text of an exception apart."""
        return [(name, value) for name, value in self.sample.items() if name != "exception"]


class SupportBundle(MadeFile):
    """Everything that somebody who helps from outside asks for first, in one file."""

    FOLDER = "support"

    objects = MadeFileQuerySet["SupportBundle"].as_manager()

    class Meta(MadeFile.Meta):
        verbose_name = _("support bundle")
        verbose_name_plural = _("support bundles")
        default_permissions = ("add",)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"veyra-support-{self.asked_at:%Y-%m-%d-%H%M}.zip"

    @property
    def ending(self) -> str:
        return "zip"
