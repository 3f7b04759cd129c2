"""The list of numbers: found by any spelling, from and to files."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from telephony.hours_views import SEES
from telephony.models import PhoneNumber
from telephony.number_views import BRINGS
from telephony.wizard_views import MAKES_LINES


class NumberFiles:
    """A part of the numbers' admin."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PhoneNumber], search_term: str
    ) -> tuple[QuerySet[PhoneNumber], bool]:
        """ "8 (499) 112", "+7499112" and "499 112" find +74991124148; so do words of its label."""
        rows, doubled = super().get_search_results(request, queryset, "")  # type: ignore[misc]  # of the admin that it is a part of
        text = search_term.strip()
        return (rows.matching(text) if text else rows), doubled

    def has_hours_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEES)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("Opening hours"),
        permissions=["hours"],
        icon="schedule",
        url_path="hours",
    )
    def hours(self, request: HttpRequest, *args: Any) -> HttpResponse:
        return redirect("hours")

    def has_bring_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(BRINGS)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("From a file, to a file"),
        permissions=["bring"],
        icon="table",
        url_path="file",
    )
    def file(self, request: HttpRequest, *args: Any) -> HttpResponse:
        return redirect("numbers-file")


class Wizard:
    """A part of the connections' admin."""

    filled_by: tuple[str, str | Promise] | None = ("connect", _("Connect a provider"))

    def has_connect_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(MAKES_LINES)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("Connect a provider"),
        permissions=["connect"],
        icon="cable",
        url_path="wizard",
    )
    def wizard(self, request: HttpRequest, *args: Any) -> HttpResponse:
        return redirect("connect")
