"""Where a person is logged in, when he was last there, and how that is ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from veyra import live
from veyra.models import User

# A page asks every few seconds; it is enough to know who was there within these.
OFTEN = timedelta(minutes=2)
SYSTEMS: tuple[tuple[str, str], ...] = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android")),
    *(("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux")),
)
# Each says of itself that it is also the ones after it.
BROWSERS: tuple[tuple[str, str | Promise], ...] = (
    *(("YaBrowser", _("Yandex Browser")), ("Edg", "Edge"), ("OPR", "Opera")),
    *(("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari")),
)


@dataclass(frozen=True)
class Place:
    """One session, as its owner reads it."""

    pk: int
    browser: str | Promise
    system: str
    address: str
    began: datetime
    seen: datetime
    is_here: bool = False


def live_of(*users: int) -> "QuerySet[Any]":
    """Sessions of these people that still open pages."""
    kept = Session.objects.filter(
        session_key=OuterRef("session_key"), expire_date__gt=timezone.now()
    )
    found: QuerySet[Any] = UserSession.objects.filter(Exists(kept), user_id__in=users)
    return found


def others_of(user: User, here: str | None) -> "QuerySet[Any]":
    """Without the one that asks."""
    return live_of(user.pk).exclude(session_key=here)


def places(user: User, here: str | None) -> list[Place]:
    """`here`: the key of the session that asks. The one seen last comes first."""
    return [
        Place(
            pk=row.pk,
            browser=named(row.user_agent, BROWSERS) or _("a browser"),
            system=str(named(row.user_agent, SYSTEMS)),
            address=row.ip,
            began=row.created_at,
            seen=row.last_seen_at,
            is_here=row.session_key == here,
        )
        for row in live_of(user.pk).order_by("-last_seen_at", "-pk")
    ]


def named(told: str, names: Any) -> "str | Promise":
    """Of what a browser says of itself: the first name that is in it."""
    return next((name for sign, name in names if sign in told), "")


def end(rows: "QuerySet[Any]") -> int:
    """Their pages ask for a login at the next click, and the sockets of their people close."""
    ended = list(rows.values_list("session_key", "user_id", "pk"))
    Session.objects.filter(session_key__in=[key for key, _user, _pk in ended]).delete()
    UserSession.objects.filter(pk__in=[pk for _key, _user, pk in ended]).delete()
    for user in {user for _key, user, _pk in ended}:
        live.changed("rights", user)
    return len(ended)


def end_one(user: User, here: str | None, pk: int) -> int:
    """Of his own; the one that he sits in is ended by logging out."""
    return end(others_of(user, here).filter(pk=pk))


class SeenMiddleware:
    """Notes when each session was there last, at most once in OFTEN for each web process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and cache.add(f"seen:{key}", 1, OFTEN.total_seconds()):
            UserSession.objects.filter(session_key=key).update(last_seen_at=timezone.now())
        return self.get_response(request)
