"""What every QuerySet that a door uses begins with."""

from typing import Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models

from veyra.models import User

M = TypeVar("M", bound=models.Model, covariant=True)


class VisibleQuerySet(models.QuerySet[M]):
    """Rows that a person may see. Today every member of staff sees every row of his permission."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self if user.is_authenticated and user.is_active else self.none()


class KeepableQuerySet(VisibleQuerySet[M]):
    """Rows that can be archived (veyra.models.Keepable)."""

    def kept(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)
