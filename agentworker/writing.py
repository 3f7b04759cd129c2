"""What a form of an assistant says is saved: by its page, and by other programs."""

from django.db import transaction
from django.utils.translation import gettext as _

from agentworker.forms import AgentForm
from agentworker.models import Agent
from agentworker.services import name_company, publish, save_draft
from veyra.models import User


@transaction.atomic
def save(form: AgentForm, user: User | None, *, publishes: bool = False) -> Agent:
    """The assistant of a valid form. Its words are a draft, or with `publishes` heard at once."""
    agent: Agent = form.instance
    if agent.pk:
        agent.revision += 1
        # Only what this form has: others may archive or unpublish at the same moment.
        agent.save(update_fields=["name", "recording", "revision"])
    else:
        agent.save()
    if company := form.cleaned_data.get("company"):
        name_company(company)
    for part in form.parts:
        part.save()
    if publishes:
        publish(agent, form.words(), _("First version."), user)
    else:
        save_draft(agent, form.words(), user)
    return agent
