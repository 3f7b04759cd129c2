"""How a connection signs in, on its page and in the list of connections."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from telephony import signing
from telephony.models import Registration, Trunk

# Fields of the page, and those of them that only one of the two ways has.
LOGIN = ("signs_in", "register_at", "register_login", "new_register_password", "sign_ins")
ADDRESS = ("who_may_call", "username", "new_password", "remove_login")
WAY_DETAILS = ("register_proxy", "register_transport", "number_in")
WAY = ("way", *LOGIN[:-1], "who_may_call", "addresses", *ADDRESS[1:], "sign_ins")
CONDITIONS = {
    **dict.fromkeys((*LOGIN, *WAY_DETAILS), "way == 'login'"),
    **dict.fromkeys(ADDRESS, "way != 'login'"),
}
# How often static/veyra/standing.js looks at a badge of this tone again.
PACE = {"good": "signed", "wait": "warning", "bad": "danger", "off": "info"}
SHOWN = 20


class SignsIn:
    """A part of the connections' admin."""

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """The column is there as long as a connection signs in."""
        columns: Sequence[Any] = super().get_list_display(request)  # type: ignore[misc]  # of the admin that it is a part of
        lines = Trunk.objects.visible_to(request.user).kept().exclude(register_at="")
        return (*columns, "signs_in") if lines.exists() else columns

    @admin.display(description=_("sign-in to the provider"))
    def signs_in(self, trunk: Trunk) -> SafeString | str:
        shown = signing.of(trunk)
        if shown is None:
            return "—"
        context = {"trunk": trunk, "signing": shown, "pace": PACE[shown.tone]}
        return render_to_string("telephony/_signs_in.html", context)

    @admin.display(description=_("how it signed in before"))
    def sign_ins(self, trunk: Trunk) -> SafeString | str:
        rows = Registration.objects.of(trunk).exclude(over_at=None)[:SHOWN]
        return render_to_string("telephony/_sign_ins.html", {"trunk": trunk, "rows": rows})
