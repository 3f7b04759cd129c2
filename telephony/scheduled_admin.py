"""Changes that wait for their day: what each will mean, what became of it, and a way to cancel."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from telephony import changes
from telephony.models import ScheduledChange
from veyra.admin import MachineRowAdmin
from veyra.models import User


@admin.register(ScheduledChange)
class ScheduledChangeAdmin(MachineRowAdmin):
    list_display = ("title", "takes_effect_at", "state_badge", "author")
    list_filter = ("state",)
    list_select_related = ("author",)
    fields = ("title", "takes_effect_at", "state_badge", "meaning", "author", "made_at")
    readonly_fields = fields
    actions = ("cancel",)
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

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("telephony.change_scheduledchange")

    @admin.action(description=gettext_lazy("Cancel these changes"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, rows: QuerySet[ScheduledChange]) -> None:
        done = sum(changes.cancel(row) for row in rows)
        late = len(rows) - done
        if done:
            said = ngettext("%(n)s change was cancelled.", "%(n)s changes were cancelled.", done)
            messages.success(request, said % {"n": done})
        if late:
            messages.warning(request, _("What took effect already cannot be cancelled."))

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
            found = changes.preview(row.as_edit)
            said = [*found.errors, *found.warnings, *found.changes]
        listed = format_html_join("", "<div>{}</div>", ((str(each),) for each in said))
        return listed or _("Nothing changes for callers.")
