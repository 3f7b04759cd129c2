"""The pages of assistants, where the line is known: what is taken from callers is shown first."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from agentworker.admin import AgentAdmin
from agentworker.forms import AgentForm
from agentworker.models import Agent
from agentworker.recording import RecordingPolicy
from telephony.keeping import KeepingAdmin
from telephony.line import read_line, rules_ask_callers
from telephony.numbers import pretty
from telephony.routing.impact import RECORDED, reached
from veyra.sentences import Sentence

# So many numbers are named.
NAMED = 5

admin.site.unregister(Agent)


class LineAgentForm(AgentForm):
    """A greeting that says nothing is refused, with the numbers whose callers would hear it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and (numbers := answered_by(self.instance)):
            shown = [pretty(each) for each in numbers[:NAMED]] + ["…"] * (len(numbers) > NAMED)
            told = _(
                "Callers of %(numbers)s would hear silence. Write the first words; or, if they are"
                " to reach nobody, press “Unpublish” below."
            )
            self.fields["greeting"].error_messages["required"] = told % {
                "numbers": ", ".join(shown)
            }

    def asks_callers(self) -> bool:
        """Where a rule says so, too."""
        return super().asks_callers() or rules_ask_callers(self.instance)


def answered_by(agent: Agent) -> list[str]:
    """The numbers whose callers this assistant answers, as the line is saved now."""
    key = str(agent.key)
    return [
        number
        for number, reach in sorted(reached(read_line()).items())
        if any(answer.agent == key for answer in reach.answers)
    ]


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
        own = [
            path("<path:object_id>/publish/", self.admin_site.admin_view(self.publish_view)),
            path("<path:object_id>/unpublish/", self.admin_site.admin_view(self.unpublish_view)),
        ]
        return [*own, *super().get_urls()]

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        question = _("Publish again what “%(row)s” says?")
        return self._ask_to_publish(request, object_id, True, question)

    def unpublish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        question = _("Unpublish what “%(row)s” says?")
        return self._ask_to_publish(request, object_id, False, question)

    def _ask_to_publish(
        self, request: HttpRequest, object_id: str, is_published: bool, question: str
    ) -> HttpResponse:
        row = self._row(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return self._ask(request, [row], {"is_published": is_published}, question % {"row": row})
