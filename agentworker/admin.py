"""Pages of assistants, and of what they did."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from agentworker import assistant_admin  # noqa: F401  # registers its pages
from agentworker.models import Session, Turn
from veyra.admin import MachineRowAdmin

# What a job says of its end -> in words.
ENDINGS = {
    "caller left": _("The caller left."),
    "goodbye": _("The assistant said goodbye."),
    "silence": _("The caller said nothing for long."),
    "outside the hours": _("It is closed; the caller was told so."),
    "handed over": _("A colleague took the call."),
    "nobody came": _("Nobody came into the conversation."),
    "another assistant is in the room": _("Another assistant spoke already."),
    "trial is over": _("The trial was over."),
    "shutdown": _("The program of the assistants was stopped."),
    "error": _("Something of the assistant broke."),
    "failed": _("The assistant could not start."),
    "failed, left to the last resort": _("The assistant could not start."),
}


class ReadOnlyInline(TabularInline):  # type: ignore[misc]  # unfold ships no types
    """Rows that nobody changes here."""

    extra = 0
    can_delete = False
    tab = True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model.objects.visible_to(request.user)  # type: ignore[no-any-return]  # unfold ships no types


class TurnInline(ReadOnlyInline):
    model = Turn
    fields = readonly_fields = ("at", "speaker", "text", "digit", "seconds", "delay_ms")


@admin.register(Session)
class SessionAdmin(MachineRowAdmin):
    purpose = _("Each talk of an assistant with a caller. The first call fills it.")
    inlines = (TurnInline,)
    list_display = ("started_at", "agent", "kind", "ended_at", "why")
    search_fields = ("=job_id", "=room_sid", "=sip_call_id")
    ordering = ("-pk",)
    own = ("version", "started_at", "ended_at", "why", "summary", "outcome", "shown_noted")
    ids = ("error", "job_id", "worker", "room_name", "room_sid", "sip_call_id", "participant_sid")
    readonly_fields = (*own, *ids)
    fieldsets = (
        (None, {"fields": own}),
        (_("Details"), {"classes": ("collapse",), "fields": ids}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.visible_to(request.user).select_related("version__agent")

    @admin.display(description=_("Assistant"))
    def agent(self, session: Session) -> str:
        return str(session.version.agent) if session.version else "—"

    @admin.display(description=_("Kind"))
    def kind(self, session: Session) -> str:
        return str(_("trial") if session.is_trial else _("call"))

    @admin.display(description=_("why it ended"))
    def why(self, session: Session) -> str:
        return str(ENDINGS.get(session.close_reason, session.close_reason))

    @admin.display(description=_("noted"))
    def shown_noted(self, session: Session) -> SafeString | str:
        asked = session.version.noting if session.version else []
        labels = {str(each["name"]): each["label"] for each in asked}
        told = ((labels.get(name, name), text) for name, text in session.noted.items())
        return format_html_join("", "<p>{}: {}</p>", told) or "—"
