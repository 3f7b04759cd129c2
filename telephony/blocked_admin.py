"""The list of callers who are blocked, where each can be let in again."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from agentworker.models import BlockedCaller
from telephony import blocking
from telephony.call_admin import moment, unbroken
from telephony.numbers import part_of_any_spelling, pretty
from veyra.admin import CountedChangeList, MachineRowAdmin
from veyra.models import User

BLOCKS = "telephony.block_caller"
LIST = "admin:agentworker_blockedcaller_changelist"


class BlockedList(CountedChangeList):
    """Each row knows whether this person may let its caller in."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        for row in self.result_list:
            row.may_let_in = request.user.has_perm(BLOCKS)


@admin.register(BlockedCaller)
class BlockedCallerAdmin(MachineRowAdmin):
    """Filled on the pages of calls. Who may block may also undo it; others may be let read it."""

    purpose = _(
        "Callers whose calls are ended before anybody speaks. “Block this caller” on the page of a"
        " call puts a number here."
    )
    list_display = ("who", "term", "blocked_by", "when", "hands")
    list_display_links = None
    list_select_related = ("blocked_by",)
    list_before_template = "telephony/blocked_form.html"
    search_fields = ("number",)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm(BLOCKS) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlockedCaller]:
        if not isinstance(request.user, User):
            return BlockedCaller.objects.none()
        return blocking.seen_by(request.user).in_force(timezone.now())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BlockedList]:
        return BlockedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BlockedCaller], search_term: str
    ) -> tuple[QuerySet[BlockedCaller], bool]:
        """ "8 916 12" finds the numbers with these digits, however they are written."""
        text = search_term.strip()
        found = queryset.with_digits(part_of_any_spelling(text)) if text else queryset  # type: ignore[attr-defined]  # of BlockedCallerQuerySet
        return found, False

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return redirect(LIST)

    def get_urls(self) -> list[URLPattern]:
        undo = self.admin_site.admin_view(require_POST(self.let_in_view))
        return [path("<int:pk>/let-in/", undo, name="blocked-let-in"), *super().get_urls()]

    def let_in_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.has_perm(BLOCKS):
            raise PermissionDenied
        row = get_object_or_404(blocking.seen_by(user), pk=pk)
        note = gettext("Let the caller call again.")
        LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=note)
        row.delete()
        told = gettext("%(number)s can call again.") % {"number": pretty(row.number)}
        messages.success(request, told)
        return redirect(LIST)

    @admin.display(description=_("who called"), ordering="number")
    def who(self, row: BlockedCaller) -> SafeString:
        return unbroken(pretty(row.number))

    @admin.display(description=_("until"), ordering="until")
    def term(self, row: BlockedCaller) -> str:
        return moment(row.until) if row.until else gettext("for good")

    @admin.display(description=_("blocked"), ordering="blocked_at")
    def when(self, row: BlockedCaller) -> str:
        return moment(row.blocked_at)

    @admin.display(description="")
    def hands(self, row: Any) -> SafeString | str:
        return render_to_string("telephony/_blocked_hands.html", {"row": row})
