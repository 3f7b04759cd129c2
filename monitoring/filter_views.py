"""Filters of the list of calls: kept by a name, and dropped."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from monitoring.call_list import QueryError, rows_of
from monitoring.filters import LONGEST_QUERY, MOST, SavedFilter, tidy
from veyra.doors import staff_page
from veyra.models import User

LIST = "admin:telephony_call_changelist"
SEES = "telephony.view_call"


class KeepForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    query = forms.CharField(max_length=LONGEST_QUERY)
    is_shared = forms.BooleanField(required=False)


@require_POST
@staff_page(SEES)
def keep(request: HttpRequest, user: User) -> HttpResponse:
    """A filter of this name that he has already then looks for this."""
    form = KeepForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose filters or search for something, and give it a name."))
        return redirect(LIST)
    name, is_shared = form.cleaned_data["name"], form.cleaned_data["is_shared"]
    try:
        query = tidy(form.cleaned_data["query"])
        rows_of(query, user)
    except (QueryError, ValueError):
        messages.error(request, _("The list of calls has no such search."))
        return redirect(LIST)
    if not SavedFilter.keep(user, name, query, is_shared=is_shared):
        told = _("You have %(count)s filters already. Remove one of them first.")
        messages.error(request, told % {"count": MOST})
    return redirect(f"{reverse(LIST)}?{query}")


@require_POST
@staff_page(SEES)
def drop(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(SavedFilter.objects.changeable_by(user), pk=pk)
    found.delete()
    messages.success(request, _("The filter “%(name)s” is removed.") % {"name": found.name})
    return redirect(LIST)
