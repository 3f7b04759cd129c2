"""Filters of lists."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

# What a column of ids can hold.
LARGEST = 2**63 - 1


@extend_schema_field(OpenApiTypes.INT64)
class Id(filters.NumberFilter):  # type: ignore[misc]  # it ships no types
    """The id of another row; one that no column can hold is refused, not looked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST, decimal_places=0, **kwargs)


class Matching(filters.CharFilter):  # type: ignore[misc]  # as above
    """What the search of their page finds: `matching` of the rows' own QuerySet."""

    def filter(self, qs: Any, value: str) -> Any:
        return qs.matching(value) if value else qs
