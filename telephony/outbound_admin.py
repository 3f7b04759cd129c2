"""Calls that somebody asked for, and what was not allowed: rows that machines write."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from telephony.call_admin import moment
from telephony.models import OutboundCall
from telephony.numbers import pretty
from veyra.admin import CountedChangeList, MachineRowAdmin
from veyra.models import SecurityEvent

STATES = {
    OutboundCall.State.WAITING: "warning",
    OutboundCall.State.DIALLED: "success",
    OutboundCall.State.REFUSED: "danger",
    OutboundCall.State.FAILED: "danger",
}


class OutboundCallList(CountedChangeList):
    def url_for_result(self, result: Any) -> str:
        """A call out is read on its own page."""
        return reverse("call-out-one", args=[result.pk])


@admin.register(OutboundCall)
class OutboundCallAdmin(MachineRowAdmin):
    list_display = ("when", "to", "agent", "asked_by", "shown_state", "why")
    list_filter = ("state", "trunk", "agent")
    list_select_related = ("agent", "asked_by")
    search_fields = ("to_number",)
    date_hierarchy = "asked_at"
    show_full_result_count = False
    purpose = _("Calls that were asked for, and what became of each. “Call a number” places one.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboundCall]:
        return OutboundCall.objects.visible_to(request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OutboundCallList

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return redirect(f"/calls-out/{object_id}/")

    @admin.display(description=_("asked"), ordering="asked_at")
    def when(self, row: OutboundCall) -> str:
        return moment(row.asked_at)

    @admin.display(description=_("whom to call"), ordering="to_number")
    def to(self, row: OutboundCall) -> SafeString:
        return format_html('<span class="vy-number">{}</span>', pretty(row.to_number))

    @display(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("state"), label=STATES, ordering="state"
    )
    def shown_state(self, row: OutboundCall) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @admin.display(description=_("why"))
    def why(self, row: OutboundCall) -> str:
        return str(row.sentence) or "—"


@admin.register(SecurityEvent)
class SecurityEventAdmin(MachineRowAdmin):
    list_display = fields = readonly_fields = ("at", "kind", "user", "what")
    list_filter = ("kind", "user")
    list_select_related = ("user",)
    date_hierarchy = "at"
    purpose = _(
        "What somebody tried and was not allowed to do, such as dear calls, and callers who were"
        " let in though their address is in no list."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SecurityEvent]:
        return SecurityEvent.objects.visible_to(request.user)

    @admin.display(description=_("in words"))
    def what(self, row: SecurityEvent) -> str:
        return str(row.sentence)
