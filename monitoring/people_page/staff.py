"""Who may log in, with which role: read for the page, and changed so that an owner remains."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_noop

from agentworker.hours import access
from agentworker.models import Place
from monitoring import roles
from monitoring.people_page import leaving, words
from monitoring.people_page.models import Invite
from monitoring.people_page.words import OWNER
from veyra import audit, live
from veyra.accounts import links, second_factor, sessions
from veyra.audit import Action
from veyra.models import ApiKey, SecurityEvent, User

NEW_OWNER = gettext_noop("%(name)s is an owner now: may do everything.")
FACTOR_RESET = gettext_noop("%(by)s reset the second factor of %(name)s.")


class LastOwnerError(Exception):
    """Without him nobody could do everything."""


@dataclass(frozen=True)
class Person:
    """One line of the page. `seen`: None, he was never there."""

    user: User
    role: str
    seen: datetime | None
    has_factor: bool
    owes_factor: bool
    logins: int

    @property
    def name(self) -> str:
        return self.user.get_full_name() or self.user.get_username()

    @property
    def role_words(self) -> str | Promise:
        return words.called(self.role)


def members() -> "QuerySet[User]":
    """Who may log in to the desk, or could before he was switched off."""
    return User.objects.filter(is_staff=True).prefetch_related("groups")


def everybody() -> list[Person]:
    """Who may log in comes first. A fixed number of queries."""
    groups = Prefetch("groups", Group.objects.order_by("name"))
    users = list(
        User.objects.filter(is_staff=True).prefetch_related(groups).order_by("-is_active", "pk")
    )
    factors = Authenticator.objects.filter(type__in=second_factor.FACTORS)
    having = set(factors.values_list("user_id", flat=True))
    there = {
        row["user_id"]: row
        for row in sessions.live_of(*[user.pk for user in users])
        .values("user_id")
        .annotate(count=Count("pk"), seen=Max("last_seen_at"))
        .order_by()
    }
    return [_person(user, user.pk in having, there.get(user.pk, {})) for user in users]


def _person(user: User, has_factor: bool, there: dict[str, Any]) -> Person:
    role = role_of(user)
    seen = [at for at in (user.last_login, there.get("seen")) if at]
    return Person(
        user=user,
        role=role,
        seen=max(seen, default=None),
        has_factor=has_factor,
        owes_factor=not has_factor and second_factor.is_needed_as(role),
        logins=there.get("count", 0),
    )


def one(user: User) -> Person:
    there = sessions.live_of(user.pk).aggregate(count=Count("pk"), seen=Max("last_seen_at"))
    return _person(user, second_factor.factors_of(user).exists(), there)


def role_of(user: User) -> str:
    """The name of his group; "" where he has none of ours. A superuser is an owner."""
    if user.is_superuser:
        return OWNER
    names = {group.name for group in user.groups.all()}
    return next((role for role in (OWNER, *words.ROLES) if role in names), "")


def owners() -> "QuerySet[User]":
    """Who may do everything, and can log in."""
    may = Q(is_superuser=True) | Q(groups__name=OWNER)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct()


def _keep_an_owner(user: User) -> None:
    """Within a transaction: two who let each other go at once wait for one another."""
    list(Group.objects.select_for_update().filter(name=OWNER))
    if owners().filter(pk=user.pk).exists() and not owners().exclude(pk=user.pk).exists():
        raise LastOwnerError


def _take_back_invites(user: User) -> None:
    """Who may invite nobody any more must not come back by a link that he made for himself."""
    Invite.objects.filter(made_by=user, used_at=None).delete()


def keys_of(user: User) -> int:
    """How many keys of services he made: he may know them, and they stay when he leaves."""
    return ApiKey.objects.filter(made_by=user, is_service=True).count()


@transaction.atomic
def give_role(user: User, role: str) -> None:
    """Instead of the one that he had. Raises LastOwnerError."""
    before = role_of(user)
    if role == before:
        return
    if before == OWNER:
        _keep_an_owner(user)
        _take_back_invites(user)
    roles.make()
    if user.is_superuser:
        user.is_superuser = False
        user.save(update_fields=["is_superuser"])
    user.groups.set(Group.objects.filter(name=role))
    audit.record(user, {"role": [str(words.called(before)), str(words.called(role))]})
    if role == OWNER:
        SecurityEvent.note(SecurityEvent.Kind.NEW_OWNER, user, NEW_OWNER, name=user.get_username())
    live.changed("rights", user.pk)


@transaction.atomic
def give_places(user: User, places: Iterable[Place]) -> None:
    """Whose numbers and calls he sees; none: those of all."""
    before = sorted(place.name for place in access.places_of(user))
    wanted = list(places)
    after = sorted(place.name for place in wanted)
    if before != after:
        access.give(user, wanted)
        audit.record(user, {"places": [", ".join(before), ", ".join(after)]})


@transaction.atomic
def reset_factor(user: User, by: User) -> None:
    """He logs in by his password alone, and sets up a new one."""
    if not links.drop_second_factor(user):
        return
    values = {"by": by.get_username(), "name": user.get_username()}
    SecurityEvent.note(SecurityEvent.Kind.FACTOR_OFF, by, FACTOR_RESET, **values)
    audit.record(user, {"second_factor": ["True", "False"]})


@transaction.atomic
def new_link(user: User) -> str:
    """By which he sets a new password: whoever has it is he, so it is written down who made it."""
    audit.record(user, {"password_link": ["False", "True"]})
    return links.new_password(user)


@transaction.atomic
def end_logins(user: User) -> int:
    """How many."""
    count = sessions.end(sessions.live_of(user.pk))
    if count:
        audit.record(user, {"logins": [str(count), "0"]})
    return count


@transaction.atomic
def switch(user: User, is_on: bool) -> None:
    """May he log in? Raises LastOwnerError."""
    if not is_on:
        _keep_an_owner(user)
        _take_back_invites(user)
        sessions.end(sessions.live_of(user.pk))
    if user.is_active != is_on:
        user.is_active = is_on
        user.save(update_fields=["is_active"])
        audit.record(user, {"is_active": [str(not is_on), str(is_on)]})
        live.changed("rights", user.pk)


@transaction.atomic
def remove(user: User) -> None:
    """What he did keeps his name where it is written down. Raises LastOwnerError."""
    _keep_an_owner(user)
    _take_back_invites(user)
    sessions.end(sessions.live_of(user.pk))
    audit.record(user, {"username": [user.get_username(), ""]}, Action.DELETE)
    live.changed("rights", user.pk)
    leaving.keep_name(user)
    user.delete()
