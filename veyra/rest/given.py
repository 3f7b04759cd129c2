"""What programs send."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request


class Given(serializers.Serializer[Any]):
    """The body of a request. A field that it has not is refused, not passed over: whoever mistypes
    a name would think that it was saved.
    """

    @classmethod
    def of(cls, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """Its values by name; with `partial` only those that were sent. Raises ValidationError."""
        body = cls(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        found: dict[str, Any] = body.validated_data
        return found

    def to_internal_value(self, data: Any) -> Any:
        names = map(str, data) if isinstance(data, Mapping) else ()
        if unknown := [name for name in names if name not in self.fields]:
            said = _("There is no field of this name here.")
            raise serializers.ValidationError({name: [said] for name in unknown})
        return super().to_internal_value(data)
