"""Searches of the list of calls that people keep, each for himself or for everybody."""

from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.deletion import Collector
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from veyra.models import User
from veyra.querysets import VisibleQuerySet

SHARES = "monitoring.share_savedfilter"
LONGEST_QUERY = 2000
# Of one person.
MOST = 50
# Where in the list a person was, and what the admin adds for itself.
PASSING = {"p", "all", "e", "_popup", "_to_field", "_changelist_filters", "_facets"}


def tidy(query: str) -> str:
    """What a search of the list looks for, always written in the same way; "" for everything.

    Raises ValueError where it has too many parts.
    """
    pairs = parse_qsl(query.replace("\x00", ""), max_num_fields=100)
    kept = [(name, value) for name, value in pairs if name not in PASSING and value.strip()]
    # Parts of one name keep their order.
    return urlencode(sorted(kept, key=lambda pair: pair[0]))


def leave_shared(
    collector: Collector, field: models.ForeignKey[Any, Any], rows: Any, using: str
) -> None:
    """`on_delete`: with a person go the filters that he kept for himself."""
    models.CASCADE(collector, field, rows.filter(is_shared=False), using)
    models.SET_NULL(collector, field, rows.filter(is_shared=True), using)


class SavedFilterQuerySet(VisibleQuerySet["SavedFilter"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """His own, and those that others keep for everybody."""
        seen = super().visible_to(user)
        return seen.filter(Q(owner_id=user.pk) | Q(is_shared=True)).order_by("name", "pk")

    def changeable_by(self, user: User) -> Self:
        """His own; with the right to keep filters for all, everything that he sees."""
        seen = self.visible_to(user)
        return seen if user.has_perm(SHARES) else seen.filter(owner=user)


class SavedFilter(models.Model):
    """A search of the list of calls by name. `query`: as `tidy` writes it."""

    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=LONGEST_QUERY)
    # Null: he was deleted.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=leave_shared, related_name="saved_filters"
    )
    is_shared = models.BooleanField(_("for everybody"), default=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        # Whoever sees the list keeps filters for himself: there is one right, to keep them for all.
        default_permissions = ()
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("share_savedfilter", gettext_noop("may keep filters of calls for everybody")),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def keep(cls, owner: User, name: str, query: str, *, is_shared: bool) -> bool:
        """A filter of this name that he has already then looks for this. For everybody only with
        the right to it. False: he has too many.
        """
        mine = cls.objects.filter(owner=owner)
        if mine.count() >= MOST and not mine.filter(name=name).exists():
            return False
        values = {"query": query, "is_shared": is_shared and owner.has_perm(SHARES)}
        cls.objects.update_or_create(owner=owner, name=name, defaults=values)
        return True
