"""The page of an assistant: its sections, its draft, and its versions."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agentworker import reading, writing
from agentworker.forms import SECTIONS, SPOKEN, AgentForm
from agentworker.models import Agent, Company, Language, with_newest
from agentworker.services import drop_draft
from agentworker.starting import OWN, STARTS
from veyra.admin import VeyraAdmin
from veyra.models import User

SEE, CHANGE = "agentworker.view_agent", "agentworker.change_agent"
# Which pages an assistant has: (label, name of its URL, the right to it).
PAGES = (
    (gettext_lazy("Assistant"), "admin:agentworker_agent_change", SEE),
    (gettext_lazy("Try it"), "assistant-try", CHANGE),
    (gettext_lazy("Scenarios"), "assistant-scenarios", SEE),
    (gettext_lazy("Versions"), "admin:agentworker_agent_versions", SEE),
)
# Of the page of a new one: kept, and not published. On the page of another: published, too.
KEEP, PUBLISH = "_keep", "_publish"


def pages_of(agent: Agent, request: HttpRequest) -> list[dict[str, Any]]:
    """The row of links above each of them."""
    allowed = [each for each in PAGES if request.user.has_perm(each[2])]
    found = [(label, reverse(name, args=[agent.pk])) for label, name, _right in allowed]
    return [
        {"label": label, "url": url, "is_here": request.path.startswith(url)}
        for label, url in found
    ]


@admin.register(Agent)
class AgentAdmin(VeyraAdmin):
    form = AgentForm
    list_display = ("name", "spoken_language", "version", "changed")
    search_fields = ("name",)
    purpose = gettext_lazy("Who talks with callers: what it says first, and what it answers.")
    fieldsets = tuple((each.title, {"fields": each.fields}) for each in SECTIONS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_newest(Agent.objects.visible_to(request.user))

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("versions/", self.versions_view, "versions"),
            ("versions/<int:number>/", self.version_view, "version"),
            ("drop-draft/", self.drop_view, "drop_draft"),
        )
        own = [
            path(
                f"<path:object_id>/{route}",
                self.admin_site.admin_view(view),
                name=f"agentworker_agent_{name}",
            )
            for route, view, name in pages
        ]
        return [*own, *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        made = super().get_form(request, obj, change, **kwargs)
        made.user = request.user
        return made

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Who may not change it reads what it says."""
        agent = self.get_object(request, unquote(object_id))
        if agent is not None and request.method in ("GET", "HEAD"):
            may_read = self.has_view_permission(request, agent)
            if may_read and not self.has_change_permission(request, agent):
                context = {**self._about(request, agent), **reading.whole(agent)}
                return render(request, "agentworker/assistant_read.html", context)
        return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]  # unfold ships no types

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        agent = context["original"]
        if agent is not None:
            context |= {"pages": pages_of(agent, request), **reading.state(agent)}
        else:
            chosen = request.GET.get("start", OWN)
            starts = [(each.slug, each.label) for each in STARTS]
            context |= {"starts": [(OWN, _("I write it myself")), *starts], "chosen": chosen}
        context |= {
            "laid": context["adminform"].form.laid(),
            "places": reading.places(get_language() or ""),
            "spoken": SPOKEN,
            "can_name_company": request.user.has_perm("agentworker.change_company"),
        }
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[no-any-return]  # unfold ships no types

    def save_model(
        self, request: HttpRequest, obj: Agent, form: "ModelForm[Agent]", change: bool
    ) -> None:
        """What is written first is heard at once, unless its author wants to keep it to himself."""
        user = request.user if isinstance(request.user, User) else None
        if isinstance(form, AgentForm):
            writing.save(form, user, publishes=not change and KEEP not in request.POST)

    def response_add(
        self, request: HttpRequest, obj: Agent, post_url_continue: Any = None
    ) -> HttpResponse:
        if IS_POPUP_VAR not in request.POST and KEEP in request.POST:
            return self._say_saved(request, obj)
        return super().response_add(request, obj, post_url_continue)  # type: ignore[no-any-return]  # unfold ships no types

    def response_change(self, request: HttpRequest, obj: Agent) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return super().response_change(request, obj)  # type: ignore[no-any-return]  # unfold ships no types
        if PUBLISH in request.POST:
            return redirect("../publish/")
        return self._say_saved(request, obj)

    def _say_saved(self, request: HttpRequest, agent: Agent) -> HttpResponse:
        current = agent.current()
        if reading.state(agent)["draft"] is None:
            said = _("Saved. Callers hear it so already.") if current else _("Saved.")
        elif current:
            said = _("Saved as a draft. Callers still hear version %(number)s.")
            said %= {"number": current.number}
        else:
            said = _("Saved as a draft. Nobody hears it until you publish it.")
        messages.success(request, said)
        return redirect(reverse("admin:agentworker_agent_change", args=[agent.pk]))

    @method_decorator(require_safe)
    def versions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        agent = self._agent(request, object_id)
        context = {**self._about(request, agent), **reading.history(agent)}
        return render(request, "agentworker/versions.html", context)

    @method_decorator(require_safe)
    def version_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """A version, compared with the one before, or with ?with= another number or the draft."""
        agent = self._agent(request, object_id)
        found = reading.compared(agent, number, request.GET.get("with", ""))
        if found is None:
            raise Http404
        return render(request, "agentworker/version.html", {**self._about(request, agent), **found})

    @method_decorator(require_POST)
    def drop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        agent = self._agent(request, object_id)
        if not self.has_change_permission(request, agent):
            raise PermissionDenied
        if drop_draft(agent):
            messages.success(request, _("The draft is gone. Nothing changes for callers."))
        return redirect("../change/")

    def _agent(self, request: HttpRequest, object_id: str) -> Agent:
        found = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if not isinstance(found, Agent):
            raise Http404
        return found

    def _about(self, request: HttpRequest, agent: Agent) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            **reading.state(agent),
            "title": agent.name,
            "opts": self.opts,
            "original": agent,
            "pages": pages_of(agent, request),
            "has_change_permission": self.has_change_permission(request, agent),
            "has_delete_permission": self.has_delete_permission(request, agent),
        }

    @admin.display(description=gettext_lazy("Language"))
    def spoken_language(self, agent: Agent) -> str:
        language = getattr(agent, "newest_language", None)
        return str(Language(language).label) if language else "—"

    @admin.display(description=gettext_lazy("Version"))
    def version(self, agent: Agent) -> str:
        number = getattr(agent, "newest_number", None)
        if number is None:
            return _("draft, nobody hears it")
        if not agent.is_published:
            return _("%(version)s · not published") % {"version": number}
        if getattr(agent, "has_draft", False):
            return _("%(version)s · and a draft") % {"version": number}
        return str(number)

    @admin.display(description=gettext_lazy("Changed"))
    def changed(self, agent: Agent) -> Any:
        return getattr(agent, "newest_at", None)


@admin.register(Company)
class CompanyAdmin(VeyraAdmin):
    """One row, which is opened at once."""

    fields = ("name",)
    purpose = gettext_lazy("What your company is called, as assistants say it to callers.")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        row = Company.objects.visible_to(request.user).order_by("pk").first()
        if row is not None:
            return redirect("admin:agentworker_company_change", row.pk)
        if self.has_add_permission(request):
            return redirect("admin:agentworker_company_add")
        return super().changelist_view(request, extra_context)  # type: ignore[no-any-return]  # unfold ships no types

    def get_queryset(self, request: HttpRequest) -> QuerySet[Company]:
        return Company.objects.visible_to(request.user)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if self.get_queryset(request).exists():
            return redirect("admin:agentworker_company_changelist")
        return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return]  # unfold ships no types

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
