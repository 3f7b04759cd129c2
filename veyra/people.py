"""The person's own language and time zone on every page, and the questions of the first login."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from veyra.models import User


class PersonMiddleware:
    """Pages speak the person's language and show times in his zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        if user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        zone = zoneinfo.ZoneInfo(user.time_zone) if user.time_zone else None
        with timezone.override(zone):
            return self.get_response(request)
