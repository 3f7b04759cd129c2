"""The table of who changed what: django-auditlog's, in a model of ours."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Max, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # it imports us
    from django.contrib.auth.models import AnonymousUser

    from veyra.models import User

# What stands in place of a secret, before and after.
MASK = "***"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """As veyra.querysets.VisibleQuerySet, which imports the models."""
        return self if user.is_authenticated and user.is_active else self.none()

    def between(self, since: datetime, until: datetime) -> Self:
        return self.filter(timestamp__gte=since, timestamp__lte=until)

    def older_than(self, moment: datetime) -> Self:
        return self.filter(timestamp__lt=moment)

    def of_row(self, row: models.Model) -> Self:
        kind = ContentType.objects.get_for_model(row)
        return self.filter(content_type=kind, object_pk=str(row.pk))

    def by_somebody(self) -> Self:
        """Without what a program of ours did by itself."""
        return self.exclude(actor=None, actor_email=None)

    def newest_first(self) -> Self:
        return self.select_related("actor", "content_type").order_by("-timestamp", "-pk")

    def newest_of(self, entries: "list[AuditEntry]") -> "dict[tuple[int, str], AuditEntry]":
        """The last thing that happened to each of their rows. One query."""
        kinds = {entry.content_type_id for entry in entries}
        keys = {entry.object_pk for entry in entries}
        same = self.filter(content_type__in=kinds, object_pk__in=keys).order_by()
        last = same.values("content_type", "object_pk").annotate(last=Max("pk")).values("last")
        return {entry.row: entry for entry in self.filter(pk__in=last)}

    def naming(self, texts: "set[str]") -> Self:
        """Those in which one of these texts stands, such as the digits of a number."""
        found = Q(pk__in=[])
        for text in texts:
            found |= Q(object_repr__contains=text) | Q(as_text__contains=text)
        return self.annotate(as_text=Cast("changes", models.TextField())).filter(found)


class AuditEntry(AbstractLogEntry):  # type: ignore[misc]  # auditlog ships no types
    """That a row was added, changed or deleted: by whom, from where, and what it was before.

    `changes`: {column: [before, after]} as JSON holds them, another row by its primary key, a
    secret as MASK; of a list of other rows {"added": [pk], "removed": [pk]}.
    `additional_data`: {"undoes": pk of the entry that was undone} or {"planned": true}.
    """

    objects = LogEntryManager.from_queryset(AuditEntryQuerySet)()

    class Meta(AbstractLogEntry.Meta):  # type: ignore[misc]  # auditlog ships no types
        verbose_name = _("change by staff")
        verbose_name_plural = _("changes by staff")
        ordering = ["-timestamp", "-pk"]
        default_permissions = ("view",)
        # "view_": whoever audits reads everything, and this is the way to take it along.
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("view_audit_export", _("may take what staff did as a file"))
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["content_type", "object_pk"], name="audit_of_row")
        ]

    def __str__(self) -> str:
        return str(self.object_repr)

    @property
    def row(self) -> tuple[int, str]:
        """Which row it is about."""
        return self.content_type_id, self.object_pk

    @property
    def told(self) -> dict[str, Any]:
        return self.changes or {}

    @property
    def undoes(self) -> int | None:
        """The entry that this one undid."""
        return (self.additional_data or {}).get("undoes")

    @property
    def was_planned(self) -> bool:
        return bool((self.additional_data or {}).get("planned"))

    @property
    def has_secret(self) -> bool:
        return any(MASK in pair for pair in self.told.values() if isinstance(pair, list))
