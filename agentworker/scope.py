"""Whose calls a person sees: everybody's, or those to the numbers of some places.

Each QuerySet with rows of numbers or calls begins there (`ScopedQuerySet`). Which rows belong to a
number is each app's own knowledge.
"""

from abc import ABCMeta, abstractmethod
from typing import Any, Protocol, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models

from veyra.models import User
from veyra.querysets import VisibleQuerySet

M = TypeVar("M", bound=models.Model, covariant=True)

# Primary keys of places; None: everything. Of no place at all he sees nothing.
Scope = frozenset[int] | None

# Owners, engineers and auditors see everything, whatever they were given.
SEES_ALL = "agentworker.view_every_number"


def scope_of(user: User | AnonymousUser) -> Scope:
    """One query for each object of a person: like his rights, it is read once."""
    if not isinstance(user, User) or user.is_superuser:
        return None
    if "_scope" not in user.__dict__:
        user.__dict__["_scope"] = _read(user)
    found: Scope = user.__dict__["_scope"]
    return found


def _read(user: User) -> Scope:
    given: Any = user.place_accesses  # of agentworker.hours.access
    places = list(given.values_list("place", flat=True))
    if not places or user.has_perm(SEES_ALL):
        return None
    return frozenset(place for place in places if place is not None)


class Bounded(Protocol):
    def within(self, places: frozenset[int], user: User) -> Self: ...


B = TypeVar("B", bound=Bounded)


def bounded(rows: B, user: User | AnonymousUser) -> B:
    """Those that this person sees; for `visible_to`."""
    scope = scope_of(user)
    if scope is None or not isinstance(user, User):
        return rows
    return rows.within(scope, user)


class ScopedQuerySet(VisibleQuerySet[M], metaclass=ABCMeta):
    """Rows that belong to numbers of ours."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return bounded(super().visible_to(user), user)

    @abstractmethod
    def within(self, places: frozenset[int], user: User) -> Self:
        """Those that this person sees who sees only these places."""
