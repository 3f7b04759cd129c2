"""The page of the programs that run assistants."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring import workers
from monitoring.recovery.step import ADD
from veyra.doors import staff_page
from veyra.models import User


@staff_page("agentworker.view_worker")
def page(request: HttpRequest, user: User) -> HttpResponse:
    """?part=1 is the list alone, which the page fetches anew."""
    context = {"fleet": workers.seen(user, timezone.now()), "may_heal": user.has_perm(ADD)}
    if request.GET.get("part"):
        return render(request, "monitoring/_workers.html", context)
    context |= {**admin.site.each_context(request), "title": _("Workers")}
    return render(request, "monitoring/workers.html", context)
