"""The list of people who are to be called back."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from telephony.call_admin import moment, unbroken
from telephony.models import CallBack
from telephony.numbers import pretty
from veyra.admin import CountedChangeList, VeyraAdmin
from veyra.models import User

CALLS_OUT = "telephony.add_outboundcall"
CHANGES = "telephony.change_callback"
SEES_CALLS = "telephony.view_call"
LIST = "admin:telephony_callback_changelist"


class CallBackList(CountedChangeList):
    """Each row knows which of its buttons this person may press."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        rights = {
            "may_dial": request.user.has_perm(CALLS_OUT),
            "may_mark": request.user.has_perm(CHANGES),
            "may_open": request.user.has_perm(SEES_CALLS),
        }
        for row in self.result_list:
            row.rights = rights


class StandsFilter(admin.SimpleListFilter):
    """Who waits, unless somebody asks for the others."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("done", _("done")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        waiting, *others = super().choices(changelist)
        yield {**waiting, "display": _("waiting")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.done() if self.value() == "done" else queryset.waiting()


@admin.register(CallBack)
class CallBackAdmin(VeyraAdmin):
    """Calls that came to nothing fill it; people write a note, and mark what they did."""

    purpose = _(
        "People who called and whom nobody talked to, or not to the end. While the list is empty,"
        " nobody waits for a call from you."
    )
    # What may be done stands where no screen is too narrow for it.
    list_display = ("who", "hands", "message", "why", "times", "when", "shown_number", "note")
    list_filter = (StandsFilter,)
    list_filter_submit = False
    list_before_template = "telephony/call_back_form.html"
    search_fields = ("caller", "note")
    fields = ("who", "message", "shown_number", "why", "times", "first_at", "last_at", "note")
    readonly_fields = ("who", "message", "shown_number", "why", "times", "first_at", "last_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallBack]:
        return CallBack.objects.visible_to(request.user).shown()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CallBackList]:
        return CallBackList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CallBack], search_term: str
    ) -> tuple[QuerySet[CallBack], bool]:
        """ "8 916 12" finds the numbers with these digits, however they are written."""
        text = search_term.strip()
        return (queryset.matching(text) if text else queryset), False  # type: ignore[attr-defined]  # of CallBackQuerySet

    def get_urls(self) -> list[URLPattern]:
        mark = self.admin_site.admin_view(require_POST(self.mark_view))
        own = [
            path("<int:pk>/done/", mark, {"done": True}, name="call-back-done"),
            path("<int:pk>/undone/", mark, {"done": False}, name="call-back-undone"),
        ]
        return [*own, *super().get_urls()]

    def mark_view(self, request: HttpRequest, pk: int, done: bool) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.has_perm(CHANGES):
            raise PermissionDenied
        row = get_object_or_404(CallBack.objects.visible_to(user), pk=pk)
        if row.mark(user, done=done):
            told = (
                gettext("Marked as called back.") if done else gettext("Marked as not called back.")
            )
            LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=told)
        else:
            told = gettext(
                "Somebody was faster, or this person has called once more and waits in another"
                " line. The list shows how it stands now."
            )
            messages.warning(request, told)
        return redirect(_back(request))

    @admin.display(description=_("who called"), ordering="caller")
    def who(self, row: CallBack) -> SafeString:
        return unbroken(pretty(row.caller))

    @admin.display(description=_("our number"))
    def shown_number(self, row: CallBack) -> SafeString | str:
        return unbroken(str(row.number)) if row.number else ""

    @admin.display(description=_("why"))
    def why(self, row: CallBack) -> str:
        return str(row.why)

    @admin.display(description=_("last called"), ordering="last_at")
    def when(self, row: CallBack) -> str:
        return moment(row.last_at)

    @admin.display(description="")
    def hands(self, row: Any) -> SafeString:
        """What may be done: call, mark, look at the call."""
        return render_to_string("telephony/_call_back_hands.html", {"row": row, **row.rights})


def _back(request: HttpRequest) -> str:
    """The list as it was filtered."""
    wanted = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else reverse(LIST)
