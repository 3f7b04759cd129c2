"""The door by which a call becomes a scenario of its assistant."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.trying import from_call
from agentworker.trying.asking import NotNowError
from monitoring.callpage import conversations, with_parties
from telephony.models import Call
from veyra.doors import staff_page
from veyra.models import User


@require_POST
@staff_page("telephony.view_call", "agentworker.view_session", "agentworker.change_agent")
def make(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Leads to the scenario, where its maker looks at it."""
    call = get_object_or_404(with_parties(Call.objects.visible_to(user)), pk=pk)
    if call.agent is None or call.agent.archived_at:
        messages.error(request, _("Its assistant is archived, or there was none in this call."))
        return redirect("call", pk=pk)
    when = date_format(localtime(call.started_at), "j E, H:i")
    name = _("Call of %(when)s") % {"when": when}
    try:
        sessions = conversations(list(call.legs.all()))
        scenario = from_call.make(call.agent, sessions, name, user)
    except NotNowError as error:
        messages.error(request, str(error.sentence))
        return redirect("call", pk=pk)
    messages.success(request, _("The scenario is made of the call. Look at it, then save it."))
    return redirect("scenario", pk=scenario.pk)
