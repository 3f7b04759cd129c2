"""Changes that wait for their day: what each will mean, what became of it, and a way to cancel."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from telephony import changes
from telephony.models import ScheduledChange
from veyra.admin import MachineRowAdmin
from veyra.models import User

CANCEL = {
    "title": gettext_lazy("Cancel this change"),
    "description": gettext_lazy("The line stays as it is."),
    "form_class": None,
    "form_submit_text": gettext_lazy("Cancel this change"),
}


@admin.register(ScheduledChange)
class ScheduledChangeAdmin(MachineRowAdmin):
    list_display = ("title", "takes_effect_at", "state_badge", "author")
    list_filter = ("state",)
    list_select_related = ("author",)
    fields = ("title", "takes_effect_at", "state", "meaning", "author", "made_at")
    readonly_fields = fields
    actions = ("cancel",)
    actions_detail = ("cancel_this",)
    purpose = gettext_lazy(
        "Changes of the line that were saved for later. Open a number or a row of “Who answers”"
        " and give the moment under “When it takes effect”."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledChange]:
        return ScheduledChange.objects.visible_to(request.user)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if isinstance(request.user, User):
            for sentence in changes.news(request.user):
                messages.info(request, str(sentence))
        return super().changelist_view(request, extra_context)

    def has_cancel_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """On the page of a change: while it waits."""
        if not request.user.has_perm("telephony.change_scheduledchange"):
            return False
        return object_id is None or ScheduledChange.objects.waiting().filter(pk=object_id).exists()

    @admin.action(description=gettext_lazy("Cancel these changes"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, rows: QuerySet[ScheduledChange]) -> None:
        done = sum(changes.cancel(row) for row in rows)
        late = len(rows) - done
        if done:
            said = ngettext("%(n)s change was cancelled.", "%(n)s changes were cancelled.", done)
            messages.success(request, said % {"n": done})
        if late:
            messages.warning(request, _("What took effect already cannot be cancelled."))

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Cancel this change"), permissions=["cancel"], dialog=CANCEL
    )
    def cancel_this(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self.cancel(request, ScheduledChange.objects.visible_to(request.user).filter(pk=object_id))
        url = reverse("admin:telephony_scheduledchange_changelist")
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return redirect(url)

    @display(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("state"),
        label={"waiting": "warning", "done": "success", "failed": "danger", "cancelled": "info"},
    )
    def state_badge(self, row: ScheduledChange) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @admin.display(description=gettext_lazy("what it means for callers"))
    def meaning(self, row: ScheduledChange) -> SafeString | str:
        """What it would do now, or what came of it."""
        said = row.sentences
        if row.state == ScheduledChange.State.WAITING:
            found, fault = changes.preview(row.as_edit), changes.author_fault(row)
            said = [fault] if fault else [*found.errors, *found.warnings, *found.changes]
        listed = format_html_join("", "<div>{}</div>", ((str(each),) for each in said))
        return listed or _("Nothing changes for callers.")
