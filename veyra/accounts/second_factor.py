"""Who needs a second factor, and until when he may put it off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from veyra.models import User
from veyra.people import forbidden, opened_by_a_person

# Recovery codes alone are none: they run out.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# The first person on a fresh machine has a line to connect first.
PUT_OFF = timedelta(days=7)
# Whoever owes one may open these: to set it up, to answer the first questions, and to leave.
OPEN_TO_HIM = ("/account/", "/setup/", "/language/", "/admin/logout/", "/admin/login/", "/i18n/")


def factors_of(user: User) -> "QuerySet[Any]":
    found: QuerySet[Any] = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS)
    return found


def all_of(user: User) -> list[Any]:
    """Recovery codes, too."""
    return list(Authenticator.objects.filter(user_id=user.pk).order_by("pk"))


def is_needed_by(user: User) -> bool:
    """By his role, whether or not he has one. settings.SECOND_FACTOR_ROLES: names of groups."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles:
        return False
    return user.is_superuser or user.groups.filter(name__in=roles).exists()


def is_needed_as(role: str) -> bool:
    """By whoever has this role."""
    return role in settings.SECOND_FACTOR_ROLES


def is_owed_by(user: User) -> bool:
    """He needs one and has none. One query."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles:
        return False
    needs = Q(is_superuser=True) | Q(groups__name__in=roles)
    have = Authenticator.objects.filter(type__in=FACTORS).values("user_id")
    return User.objects.filter(needs, pk=user.pk).exclude(pk__in=have).exists()


def put_off_until(user: User) -> datetime | None:
    """Only a superuser may, whom a command made: whoever is invited sets it up at once."""
    return user.date_joined + PUT_OFF if user.is_superuser else None


def days_left(user: User, now: datetime) -> int:
    """In which he may put it off; 0: it is due."""
    until = put_off_until(user)
    if until is None or until <= now:
        return 0
    return (until - now).days + 1


class SecondFactorMiddleware:
    """Whoever owes a second factor is led to the page that sets it up, and gets nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not is_due(request, user):
            return self.get_response(request)
        if request.method == "GET" and opened_by_a_person(request):
            wanted = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('second-factor')}?{wanted}")
        return forbidden(request, PermissionError())


def is_due(request: HttpRequest, user: User) -> bool:
    return not request.path.startswith(OPEN_TO_HIM) and keeps_out(request.session, user)


def keeps_out(session: Any, user: User) -> bool:
    """Does he owe one, and may put it off no more? Doors without middleware ask this themselves. A
    session that was begun by a second factor asks nothing.
    """
    if not settings.SECOND_FACTOR_ROLES:
        return False
    known = get_authentication_records(SimpleNamespace(session=session), user)
    if any(one.get("method") == "mfa" for one in known):
        return False
    return is_owed_by(user) and not days_left(user, timezone.now())
