"""The description of the doors for programs, as a page and as a file, and what is at no door."""

from typing import NoReturn

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from veyra.doors import staff_page
from veyra.models import User
from veyra.rest.doors import Door

# Who may come in reads how; nobody else learns what there is.
schema = SpectacularAPIView.as_view(
    permission_classes=[IsAuthenticated], renderer_classes=[OpenApiJsonRenderer2]
)
_page = SpectacularSwaggerView.as_view(url_name="schema", permission_classes=[IsAuthenticated])


@staff_page()
def docs(request: HttpRequest, user: User) -> HttpResponseBase:
    return _page(request)


@extend_schema(exclude=True)
class Nothing(Door):
    """Told to programs as all else is: as a problem, not as a page."""

    permission_classes = [IsAuthenticated]

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        super().initial(request, *args, **kwargs)
        said = _("There is no such door. See /api/v1/docs/; addresses end with a slash.")
        raise NotFound(said)
