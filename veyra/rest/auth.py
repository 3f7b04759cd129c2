"""Who asks, a program with a key or a person who is logged in; what he may, and how often."""

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NoReturn

from django.utils import timezone
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from veyra.models import ApiKey, User
from veyra.rest.keys import START

if TYPE_CHECKING:  # it imports us
    from rest_framework.views import APIView


class KeyAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """`Authorization: Bearer <secret>`. A key that is over stays in the list; it lets nobody in."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiKey]:
        secret = token.decode("ascii", "replace")
        found = hash_token(secret)
        for row in ApiKey.objects.named_so(secret[:START]):
            if compare_digest(found, row.digest):
                return self._checked(row, timezone.now())
        self._refuse(_("No such key. Make one on the page “Keys for programs”."))

    def _checked(self, row: ApiKey, now: datetime) -> tuple[User, ApiKey]:
        user: User = row.user
        if row.is_over(now):
            self._refuse(_("This key has run out. Make another one."))
        if not user.is_active or not (user.is_staff or row.is_service):
            self._refuse(_("The account of this key may not come in any more."))
        return user, row

    def _refuse(self, why: str) -> NoReturn:
        raise AuthenticationFailed(why)


class StaffSession(SessionAuthentication):
    """A person in his browser: staff alone, as everywhere."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        return found if found and getattr(found[0], "is_staff", False) else None

    def authenticate_header(self, request: Request) -> str:
        """Without one, who is not logged in would be told that he may not: 403 instead of 401."""
        return "Session"


class KeyThrottle(BaseThrottle):
    """So many requests of a key in a minute; a person's page is not counted."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        key = request.auth
        return key.take(timezone.now()) if isinstance(key, ApiKey) else True

    def wait(self) -> float:
        return 60.0 - timezone.now().second


class Rights(BasePermission):
    """Each action of a door names the rights that it asks for; one that names none is closed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not isinstance(user, User):
            return False
        asked = self.asked(view)
        self.message = _("The role of this account does not allow this.")
        return bool(asked) and user.has_perms(asked)

    @staticmethod
    def asked(view: "APIView") -> tuple[str, ...]:
        rights: Mapping[str, tuple[str, ...]] = getattr(view, "rights", {})
        action = getattr(view, "action", None) or "list"
        # To ask what a door takes is to look.
        return rights.get("list" if action == "metadata" else action, ())
