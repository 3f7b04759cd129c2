"""The pages of assistants, where the line is known: what is taken from callers is shown first."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from agentworker.admin import AgentAdmin
from agentworker.forms import AgentForm
from agentworker.models import Agent
from telephony.keeping import KeepingAdmin
from telephony.line import read_line
from telephony.numbers import pretty
from telephony.routing.impact import reached

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


def answered_by(agent: Agent) -> list[str]:
    """The numbers whose callers this assistant answers, as the line is saved now."""
    key = str(agent.key)
    return [
        number
        for number, reach in sorted(reached(read_line()).items())
        if any(answer.agent == key for answer in reach.answers)
    ]


@admin.register(Agent)
class LineAgentAdmin(KeepingAdmin, AgentAdmin):
    """An assistant that is archived, or not published, answers nobody."""

    form = LineAgentForm
    change_form_before_template = "telephony/assistant_before.html"
    change_form_after_template = "telephony/assistant_after.html"

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
