"""The pages of assistants, where the line is known: what is taken from callers is shown first."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from agentworker.assistant_admin import AgentAdmin
from agentworker.models import Agent
from agentworker.recording import RecordingPolicy
from agentworker.trying.asking import Standing
from telephony import key_facts
from telephony.agent_forms import NAMED, LineAgentForm
from telephony.changes import ChangeError, Impact
from telephony.keeping import KeepingAdmin, panel
from telephony.line import read_line
from telephony.numbers import pretty
from telephony.publish_form import PublishForm
from telephony.publishing import Publishing, carry_out, prepare
from telephony.routing.impact import RECORDED, reached
from veyra.models import User
from veyra.sentences import Sentence

admin.site.unregister(Agent)


def recorded_by(agent: Agent) -> dict[str, RecordingPolicy]:
    """The first of the numbers that it answers, each with whether its calls are recorded."""
    key = str(agent.key)
    found: dict[str, RecordingPolicy] = {}
    for number, reach in sorted(reached(read_line()).items()):
        for answer in reach.answers:
            if answer.agent == key and len(found) < NAMED:
                found[number] = RecordingPolicy(answer.recording)
    return found


@admin.register(Agent)
class LineAgentAdmin(KeepingAdmin, AgentAdmin):
    """An assistant that is archived, or not published, answers nobody."""

    form = LineAgentForm
    change_form_before_template = "telephony/assistant_before.html"
    change_form_after_template = "telephony/assistant_after.html"

    def save_model(
        self, request: HttpRequest, obj: Agent, form: "ModelForm[Agent]", change: bool
    ) -> None:
        before = recorded_by(obj) if change else {}
        super().save_model(request, obj, form, change)
        for number, policy in recorded_by(obj).items():
            if change and before.get(number) != policy:
                values = {"number": pretty(number)}
                messages.info(request, str(Sentence(RECORDED[policy], values)))

    def get_urls(self) -> list[URLPattern]:
        views = ("publish", self.publish_view), ("unpublish", self.unpublish_view)
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"agentworker_agent_{name}",
            )
            for name, view in views
        ]
        return [*own, *super().get_urls()]

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is written, or the words of ?version=, is shown first and then published."""
        row = self._row(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        asked = request.POST or request.GET
        wanted = prepare(row, asked.get("version", ""))
        if wanted is None:
            raise Http404
        if row.is_published and not wanted.is_new:
            messages.info(request, _("Callers hear it so already."))
            return redirect(self._page_of(row))
        form = PublishForm(request.POST or None, initial={"note": wanted.note()})
        found, stands = wanted.look(), wanted.scenarios()
        if (
            request.method == "POST"
            and form.is_valid()
            and form.agrees(found, row.revision, scenarios_pass=stands.is_good)
            and not wanted.fault()
        ):
            try:
                return self._publish(request, wanted, form)
            except ChangeError as error:
                for sentence in error.sentences:
                    messages.error(request, str(sentence))
                return redirect(request.get_full_path())
        return self._ask_to_publish(request, wanted, form, found, stands)

    def _ask_to_publish(
        self,
        request: HttpRequest,
        wanted: Publishing,
        form: PublishForm,
        found: Impact,
        stands: Standing,
    ) -> HttpResponse:
        told = panel(found)
        if fault := wanted.fault():
            told["errors"] = [fault, *told["errors"]]
        context = {
            **self._about(request, wanted.agent),
            "wanted": wanted,
            "form": form,
            "panel": told,
            "seen": found.token,
            "trouble": key_facts.trouble_now(wanted.words.speech),
            "differences": wanted.differences(),
            "standing": stands,
            "lacks_tick": form.lacks_tick,
            "lacks_spite": form.lacks_spite,
            "is_stale": form.is_stale,
        }
        return render(request, "telephony/publish.html", context)

    def _publish(self, request: HttpRequest, wanted: Publishing, form: PublishForm) -> HttpResponse:
        user = request.user if isinstance(request.user, User) else None
        data = form.cleaned_data
        version = carry_out(wanted, data["note"], user, data["seen"], wanted.agent.revision)
        if version is None:
            said = _("Published again. Callers hear it from the next call on.")
        else:
            said = _("Published. Callers hear version %(number)s from the next call on.")
            said %= {"number": version.number}
        self.log_change(request, wanted.agent, said)
        messages.success(request, said)
        return redirect(self._page_of(wanted.agent))

    def _page_of(self, agent: Agent) -> str:
        return reverse("admin:agentworker_agent_change", args=[agent.pk])

    def unpublish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._row(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        question = _("Unpublish what “%(row)s” says?") % {"row": row}
        return self._ask(request, [row], {"is_published": False}, question)
