"""Pages of assistants, and of what they did."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from agentworker import assistant_admin  # noqa: F401  # registers its pages
from agentworker.models import Session, Turn
from veyra.admin import MachineRowAdmin


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
    list_display = ("started_at", "agent", "kind", "ended_at", "close_reason")
    search_fields = ("=job_id", "=room_sid", "=sip_call_id")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.visible_to(request.user).select_related("version__agent")

    @admin.display(description=_("Assistant"))
    def agent(self, session: Session) -> str:
        return str(session.version.agent) if session.version else "—"

    @admin.display(description=_("Kind"))
    def kind(self, session: Session) -> str:
        return str(_("trial") if session.is_trial else _("call"))
