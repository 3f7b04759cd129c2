"""What went wrong, for programs and who reads their logs: application/problem+json (RFC 9457)."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from veyra.sentences import Sentence

MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """It is not done. `detail` is a sentence; `errors` by the field that each is about."""

    def __init__(
        self,
        status: int,
        detail: Sentence | str,
        errors: Mapping[str, Iterable[str]] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(str(detail))
        self.status_code = status
        self.errors = {name: list(map(str, said)) for name, said in (errors or {}).items()}
        self.more = more


class ProblemSerializer(serializers.Serializer[Any]):
    """`detail` is a sentence in the language of the key's owner, or of Accept-Language. `errors`:
    what is wrong with each field of the body, "" with all of them together.
    """

    type = serializers.CharField(help_text="Always about:blank: the status says what it is.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField()
    changes = serializers.ListField(child=serializers.CharField(), required=False)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)
    token = serializers.CharField(
        required=False, help_text="Sent back as ?seen=, it says yes to the warnings."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """With `errors`, a name that Serializer has for itself."""
        said = serializers.ListField(child=serializers.CharField())
        return super().get_fields() | {"errors": serializers.DictField(child=said, required=False)}


def handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an error that a door raised; None: it is a fault of ours, and a 500."""
    found = _known(error)
    if found is None:
        return None
    set_rollback()
    headers = {}
    if auth := getattr(found, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if wait := getattr(found, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return answer(found, headers)


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, Http404):
        return exceptions.NotFound(_("There is no such thing here, or it is not for you to see."))
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    return error if isinstance(error, exceptions.APIException) else None


def broken() -> HttpResponse:
    """A fault of ours, which the log tells."""
    said = _("Something broke on our side, and is in our log. Ask again in a minute.")
    told = {"type": "about:blank", "title": HTTPStatus(500).phrase, "status": 500, "detail": said}
    return JsonResponse(told, status=500, content_type=MEDIA_TYPE)


def answer(error: exceptions.APIException, headers: Mapping[str, str]) -> Response:
    status = error.status_code
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _sentence(error),
    }
    if errors := _errors(error):
        body["errors"] = errors
    body |= getattr(error, "more", {})
    return Response(body, status=status, headers=dict(headers), content_type=MEDIA_TYPE)


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return _("Something in the request is not right. See “errors”.")
    return str(error.detail)


def _errors(error: exceptions.APIException) -> dict[str, list[str]]:
    if isinstance(error, exceptions.ValidationError):
        return flat(error.detail)
    return getattr(error, "errors", {})


def flat(detail: Any, name: str = "") -> dict[str, list[str]]:
    """DRF's tree of errors, each under the way to its field: "numbers.0"."""
    if isinstance(detail, Mapping):
        pairs = [(key, value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(each, (Mapping, list)) for each in detail):
        pairs = list(enumerate(detail))
    else:
        said = detail if isinstance(detail, list) else [detail]
        return {name: [str(each) for each in said]}
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        own = "" if key == "non_field_errors" else str(key)
        found |= flat(value, ".".join(filter(None, (name, own)))) if value else {}
    return found
