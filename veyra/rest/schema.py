"""How the doors for programs are described: OpenAPI, with the errors that each may answer."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from veyra.rest.given import Given
from veyra.rest.once import HEADER
from veyra.rest.problems import MEDIA_TYPE, ProblemSerializer

EVERYWHERE = (400, 401, 403, 404, 406, 429)
WITH_BODY = (409, 413, 415, 422, 503)
KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The same key within 24 hours is answered the same, and nothing is done twice.",
)


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "veyra.rest.auth.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as above
    target_class = "veyra.rest.auth.StaffSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class Schema(AutoSchema):
    """Every door answers problems in the same form."""

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        return [*found, KEY] if self.method == "POST" else found

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        found: dict[str, Any] = super()._map_basic_serializer(  # type: ignore[no-untyped-call]  # as above
            serializer, direction
        )
        kind = serializer if isinstance(serializer, type) else type(serializer)
        return found | ({"additionalProperties": False} if issubclass(kind, Given) else {})

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        wrong = EVERYWHERE if self.method == "GET" else EVERYWHERE + WITH_BODY
        if self.method == "GET":
            wrong = (*wrong, 503)
        for status in wrong:
            described = self._get_response_for_code(  # type: ignore[no-untyped-call]  # as above
                ProblemSerializer, str(status), [MEDIA_TYPE]
            )
            found.setdefault(str(status), described)
        return found
