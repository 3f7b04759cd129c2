"""The page that says why calls are not answered, and on which the line is healed."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.models import Worker
from monitoring.diagnosis.walking import walk
from monitoring.models import RecoveryAction
from monitoring.recovery import recover
from monitoring.recovery.services import TooOftenError, carry_out
from monitoring.recovery.step import ADD
from monitoring.recovery.steps import STEPS
from telephony import probes
from veyra.doors import staff_page
from veyra.models import Program, User

SEES = "monitoring.view_recoveryaction"
# So many steps of the last time are listed.
SHOWN = 15


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """The walk takes seconds: the page fetches it. ?part=1 is the list of what was done."""
    if request.GET.get("part"):
        return render(request, "monitoring/diagnosis/_done.html", {"done": _done(user)})
    context = {
        **admin.site.each_context(request),
        "title": _("Diagnosis of the line"),
        "call": STEPS["synthetic_call"],
        "done": _done(user),
        "may_heal": user.has_perm(ADD),
        **_running(user),
    }
    return render(request, "monitoring/diagnosis/page.html", context)


@staff_page(SEES)
def looked(request: HttpRequest, user: User) -> HttpResponse:
    """The walk itself, and the steps that would help."""
    found = walk()
    context = {
        "found": found,
        "wanted": recover.wanted_or_none(timezone.now()),
        "may_heal": user.has_perm(ADD),
    }
    return render(request, "monitoring/diagnosis/_found.html", context)


@require_POST
@staff_page(SEES)
def step(request: HttpRequest, user: User) -> HttpResponse:
    """`step`, `target` and the page to go `back` to, as the button has them."""
    found = STEPS.get(request.POST.get("step", ""))
    if found is None:
        raise Http404
    if not user.has_perm(found.permission):
        raise PermissionDenied
    try:
        row = carry_out(found.name, request.POST.get("target", "")[:200], by=user)
    except TooOftenError as error:
        messages.error(request, str(error.sentence))
    else:
        tell = messages.error if row.ok is False else messages.success
        tell(request, str(row.says))
    return redirect("workers" if request.POST.get("back") == "workers" else "diagnosis")


def _done(user: User) -> list[dict[str, Any]]:
    rows = RecoveryAction.objects.visible_to(user).shown()[:SHOWN]
    return [{"row": row, "title": _title(row)} for row in rows]


def _title(row: RecoveryAction) -> str:
    step = STEPS.get(row.step)
    return str(step.title) if step else row.step


def _running(user: User) -> dict[str, Any]:
    now = timezone.now()
    programs = [
        {"row": row, "listens": row.listens(now), "says": STEPS["restart"].says(row.target)}
        for row in Program.objects.visible_to(user).to_know(now)
    ]
    seen = Worker.objects.visible_to(user).seen_since(now - probes.WORKER_IS_OLD)
    return {"programs": programs, "workers": seen.order_by("name")}
