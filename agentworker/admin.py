"""Pages of assistants, and of what they did."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from agentworker.forms import AgentForm
from agentworker.models import Agent, AgentVersion, Language, Session, Turn, Worker, with_newest
from agentworker.services import save_words
from veyra.admin import MachineRowAdmin, VeyraAdmin
from veyra.models import User

HEARING = _("It hears that people speak, and does not understand words: add a recogniser.")


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


class VersionInline(ReadOnlyInline):
    model = AgentVersion
    verbose_name_plural = _("what it said before")
    fields = readonly_fields = ("number", "created_at", "created_by", "language", "greeting")
    ordering = ("-number",)


@admin.register(Agent)
class AgentAdmin(VeyraAdmin):
    form = AgentForm
    inlines = (VersionInline,)
    list_display = ("name", "spoken_language", "version", "changed")
    search_fields = ("name",)
    purpose = _("Who talks with callers: what it says first, and what it answers.")
    fieldsets = (
        (None, {"fields": ("name", "language")}),
        (
            _("What it says"),
            {
                "fields": ("greeting", "menu", "rules", "fallback", "goodbye"),
                "description": HEARING,
            },
        ),
        (_("Recording"), {"fields": ("recording", "consent")}),
    )

    def get_inlines(self, request: HttpRequest, obj: Any) -> Sequence[Any]:
        return self.inlines if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_newest(Agent.objects.visible_to(request.user))

    def save_model(
        self, request: HttpRequest, obj: Agent, form: "ModelForm[Agent]", change: bool
    ) -> None:
        if change:
            obj.revision += 1
            # Only what this form has: others may archive or unpublish at the same moment.
            obj.save(update_fields=["name", "recording", "revision"])
        else:
            super().save_model(request, obj, form, change)
        if isinstance(form, AgentForm):
            save_words(obj, form.words(), request.user if isinstance(request.user, User) else None)

    @admin.display(description=_("Language"))
    def spoken_language(self, agent: Agent) -> str:
        language = getattr(agent, "newest_language", None)
        return str(Language(language).label) if language else "—"

    @admin.display(description=_("Version"))
    def version(self, agent: Agent) -> str:
        number = str(getattr(agent, "newest_number", None) or "—")
        if agent.is_published:
            return number
        return str(_("%(version)s · not published") % {"version": number})

    @admin.display(description=_("Changed"))
    def changed(self, agent: Agent) -> Any:
        return getattr(agent, "newest_at", None)


class TurnInline(ReadOnlyInline):
    model = Turn
    fields = readonly_fields = ("at", "speaker", "text", "digit", "seconds", "delay_ms")


@admin.register(Session)
class SessionAdmin(MachineRowAdmin):
    purpose = _("Each talk of an assistant with a caller. The first call fills it.")
    inlines = (TurnInline,)
    list_display = ("started_at", "agent", "ended_at", "close_reason")
    search_fields = ("=job_id", "=room_sid", "=sip_call_id")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.visible_to(request.user).select_related("version__agent")

    @admin.display(description=_("Assistant"))
    def agent(self, session: Session) -> str:
        return str(session.version.agent) if session.version else "—"


@admin.register(Worker)
class WorkerAdmin(MachineRowAdmin):
    purpose = _("The programs that run assistants. One appears here when it is started.")
    list_display = ("name", "seen_at", "registered", "draining", "calls", "capacity")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        return Worker.objects.visible_to(request.user)

    @admin.display(description=_("calls now"))
    def calls(self, worker: Worker) -> int:
        return len(worker.jobs)
