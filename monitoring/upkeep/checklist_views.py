"""The three checklists, as they are at this moment."""

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from monitoring.upkeep import checklists
from veyra.doors import staff_page
from veyra.models import User

SEES, CONFIRMS = "monitoring.view_confirmation", "monitoring.add_confirmation"


class ConfirmForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("What you saw"), max_length=300, required=False)


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    lists = checklists.look(timezone.now(), user)
    context = {
        **admin.site.each_context(request),
        "title": _("Checklists"),
        "lists": lists,
        "may_confirm": user.has_perm(CONFIRMS),
    }
    return render(request, "monitoring/upkeep/checklists.html", context)


@require_POST
@staff_page(SEES, CONFIRMS)
def confirm(request: HttpRequest, user: User, point: str) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if not checklists.is_for_people(point):
        raise Http404
    if form.is_valid():
        checklists.confirm(point, user, form.cleaned_data["note"], timezone.now())
        messages.success(request, _("Confirmed. It stands here with your name for 90 days."))
    return redirect("checklists")
