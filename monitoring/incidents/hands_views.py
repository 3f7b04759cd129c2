"""What people press on the page of an incident."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from monitoring.incidents import services, story
from monitoring.incidents.forms import AssignForm, CommentForm, SnoozeForm
from monitoring.incidents.models import Incident
from monitoring.recovery.services import TooOftenError, carry_out
from monitoring.recovery.steps import STEPS
from veyra.doors import staff_page
from veyra.models import User

SEES = "monitoring.view_incident"
# To say that one is on it, and to write what one knows; to decide about it.
SPEAKS, DECIDES = "monitoring.change_incident", "monitoring.resolve_incident"


def _row(user: User, pk: UUID) -> Incident:
    found: Incident = get_object_or_404(Incident.objects.visible_to(user), pk=pk)
    return found


def _back(request: HttpRequest, pk: UUID, done: bool, said: str, not_done: str) -> HttpResponse:
    messages.success(request, said) if done else messages.error(request, not_done)
    return redirect("incident", pk)


def _over() -> str:
    return _("It is over already.")


@require_POST
@staff_page(SEES, SPEAKS)
def acknowledge(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    done = services.acknowledge(_row(user, pk), user)
    said = _("You are on it. Nobody else is woken.")
    return _back(request, pk, done, said, _("Somebody was quicker, or it is over."))


@require_POST
@staff_page(SEES, SPEAKS)
def comment(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    def work(row: Incident, given: dict[str, Any]) -> bool:
        services.comment(row, given["text"], user)
        return True

    return _formed(request, user, pk, CommentForm(request.POST), work, _("Written down."))


@require_POST
@staff_page(SEES, DECIDES)
def assign(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    def work(row: Incident, given: dict[str, Any]) -> bool:
        return services.assign(row, given["to"], user)

    return _formed(request, user, pk, AssignForm(request.POST), work, _("It is his now."))


@require_POST
@staff_page(SEES, DECIDES)
def snooze(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    def work(row: Incident, given: dict[str, Any]) -> bool:
        return services.snooze(row, given["minutes"], user)

    said = _("Nobody is woken because of it until then.")
    return _formed(request, user, pk, SnoozeForm(request.POST), work, said)


def _formed(
    request: HttpRequest,
    user: User,
    pk: UUID,
    form: Form,
    work: Callable[[Incident, dict[str, Any]], bool],
    said: str,
) -> HttpResponse:
    row = _row(user, pk)
    if not form.is_valid():
        return _back(request, pk, False, said, _("Fill in the field, then press again."))
    return _back(request, pk, work(row, form.cleaned_data), said, _over())


@require_POST
@staff_page(SEES, DECIDES)
def resolve(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    said = _("It is closed. If the trouble is still there, it opens again.")
    return _back(request, pk, services.resolve(_row(user, pk), user), said, _over())


@require_POST
@staff_page(SEES, DECIDES)
def reopen(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    done = services.reopen(_row(user, pk), user)
    said = _("It is open again.")
    return _back(
        request, pk, done, said, _("It is open, or the same trouble has a newer incident.")
    )


@require_POST
@staff_page(SEES)
def step(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    """A step of the runbook: `step` and `target`, as the button has them."""
    found = STEPS.get(request.POST.get("step", ""))
    if found is None:
        raise Http404
    if not user.has_perm(found.permission):
        raise PermissionDenied
    row = _row(user, pk)
    try:
        action = carry_out(found.name, request.POST.get("target", "")[:200], row, user)
    except TooOftenError as error:
        return _back(request, pk, False, "", str(error.sentence))
    told = str(action.says)
    return _back(request, pk, action.ok is not False, told, told)


@require_POST
@staff_page(SEES, "telephony.view_callback", "telephony.change_callback")
def call_back(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    """Everybody whom it hit goes on the list of calls to return."""
    count = story.put_down(_row(user, pk), user)
    said = ngettext(
        "%(count)s caller was put on the list of calls to return.",
        "%(count)s callers were put on the list of calls to return.",
        count,
    )
    nobody = _("All whom it hit are on the list already, or cannot be called.")
    return _back(request, pk, count > 0, said % {"count": count}, nobody)
