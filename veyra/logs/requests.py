"""Every request has an id, which stands in each line that is logged meanwhile and in its answer."""

from typing import TYPE_CHECKING, Any

import structlog
from django_structlog.middlewares import RequestMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"


class RequestIds(RequestMiddleware):
    """Of the address only its path is told: what is searched for may be a number. Nor is it asked
    who the person is where the page did not ask: that would be a query more.
    """

    def handle_response(self, request: "HttpRequest", response: "HttpResponse") -> None:
        bound = structlog.contextvars.get_contextvars().get("request_id")
        if bound:
            response[HEADER] = bound
        super().handle_response(request, response)

    @staticmethod
    def format_request(request: "HttpRequest") -> str:
        return f"{request.method} {request.path}"

    @staticmethod
    def bind_user_id(request: "HttpRequest") -> None:
        person: Any = getattr(request, "_cached_user", None)
        if person is not None and person.pk:
            structlog.contextvars.bind_contextvars(user_id=person.pk)
