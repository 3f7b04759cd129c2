"""What stands before a page of ours: who may open it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from veyra.models import User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, User, P], HttpResponseBase]


def staff_page(*permissions: str) -> Callable[[Page[P]], Callable[..., HttpResponseBase]]:
    """A page for staff who have every one of `permissions`; it is given the person.

    Nobody logged in: to the login. Logged in without the right: 403.
    """

    def guard(page: Page[P]) -> Callable[..., HttpResponseBase]:
        @wraps(page)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, User):
                return redirect_to_login(request.get_full_path())
            if not (user.is_staff and user.has_perms(permissions)):
                raise PermissionDenied
            return page(request, user, *args, **kwargs)

        return guarded

    return guard
