"""What doors for programs are made of."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db.models import Model
from django.utils import translation
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.views import APIView

from veyra import audit
from veyra.models import User

M = TypeVar("M", bound=Model)


def rights_on(row: str, **more: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The rights of the usual actions on "telephony.trunk", and of others."""
    app, model = row.split(".")
    view, add, change, delete = (
        (f"{app}.{verb}_{model}",) for verb in ("view", "add", "change", "delete")
    )
    usual = {"list": view, "retrieve": view, "create": add, "partial_update": change}
    return {**usual, "destroy": delete, **more}


class Door(APIView):
    """In the language of the account; without one, that of Accept-Language."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.perform_authentication(request)
        if isinstance(request.user, User):
            audit.acts(request.user)
        chosen = getattr(request.user, "language", "")
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
        super().initial(request, *args, **kwargs)

    @property
    def person(self) -> User:
        """Who asks; Rights let nobody else in."""
        return cast("User", self.request.user)


class Rows(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door, viewsets.GenericViewSet[M]):
    """A door to the rows of one kind that who asks may see, without what is archived.

    `queryset` says which kind: `Model.objects.none()`.
    """

    lookup_value_converter = "int"
    ordering: tuple[str, ...] = ("-pk",)
    # One of the two says by what a list is narrowed down.
    filterset_fields: Sequence[str] | None = None
    filterset_class: Any = None

    def get_queryset(self) -> Any:
        """With `visible_to` and `kept` of the kind's own QuerySet."""
        rows: Any = super().get_queryset().model._default_manager
        seen = rows.visible_to(self.request.user)
        return seen.kept() if hasattr(seen, "kept") else seen


class Names(Rows[M]):
    """Likewise, of rows that are named by a UUID."""

    lookup_value_converter = "uuid"
