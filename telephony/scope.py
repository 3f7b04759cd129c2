"""Which numbers and calls are those of some places (agentworker.scope)."""

from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q

from agentworker.models import NumberPlace
from agentworker.scope import ScopedQuerySet
from veyra.models import User

M = TypeVar("M", bound=models.Model, covariant=True)


def numbers(places: frozenset[int], path: str = "") -> Q:
    """Rows whose `path` leads to a number of these places."""
    kept = NumberPlace.objects.filter(place__in=places).order_by()
    return Q(**{f"{path}__key__in" if path else "key__in": kept.values("key")})


def calls(places: frozenset[int], user: User, path: str = "") -> Q:
    """Rows whose `path` leads to a call to, or from, a number of these places; or to one for which
    this person was rung: whom a rule names in need has to find the caller, wherever he called.
    """
    from telephony.ring import Ring  # it stands on calls itself

    rung = Ring.objects.filter(Q(colleague__user=user) | Q(taken_by__user=user)).order_by()
    number = f"{path}__number" if path else "number"
    return numbers(places, number) | Q(**{f"{path or 'pk'}__in": rung.values("call")})


class OfNumbersQuerySet(ScopedQuerySet[M]):
    """Rows that name a number of ours, by this path."""

    NUMBER: ClassVar = "number"

    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(numbers(places, self.NUMBER))


class OfCallsQuerySet(ScopedQuerySet[M]):
    """Rows that name a call, by this path."""

    CALL: ClassVar = "call"

    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(calls(places, user, self.CALL))
