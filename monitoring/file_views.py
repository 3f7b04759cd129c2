"""Files with calls: asked for, watched while they are made, taken."""

import uuid
from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring import filing
from monitoring.callfile import TAKES, CallFile
from monitoring.file_making import CannotFile
from monitoring.filters import LONGEST_QUERY, SavedFilter, tidy
from monitoring.made_file import MadeFile
from monitoring.table import TYPES
from veyra.doors import staff_page
from veyra.models import User
from veyra.ranges import file_response
from veyra.sentences import Sentence


class AskForm(forms.Form):
    form = forms.ChoiceField(choices=CallFile.Form.choices)
    query = forms.CharField(required=False, max_length=LONGEST_QUERY)
    ticket = forms.UUIDField()

    def clean_query(self) -> str:
        try:
            return tidy(self.cleaned_data["query"])
        except ValueError as error:
            raise forms.ValidationError("") from error


@dataclass(frozen=True)
class Shown:
    """`search`: its name, where it is a kept one."""

    row: CallFile
    search: str


@staff_page(*TAKES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """The person's own files of the last day."""
    names = {each.query: each.name for each in SavedFilter.objects.visible_to(user)}
    rows = CallFile.objects.visible_to(user)
    context = {
        **admin.site.each_context(request),
        "title": _("Files with calls"),
        "files": [Shown(row, names.get(row.query, "")) for row in rows],
    }
    return render(request, "monitoring/call_files.html", context)


@require_POST
@staff_page(*TAKES)
def ask(request: HttpRequest, user: User) -> HttpResponse:
    form = AskForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(Sentence(filing.NO_SUCH_SEARCH)))
        return redirect("admin:telephony_call_changelist")
    asked = form.cleaned_data
    try:
        filing.ask(user, asked["form"], asked["query"], asked["ticket"])
    except CannotFile as reason:
        messages.error(request, str(reason.sentence))
    return redirect("call-files")


@require_POST
@staff_page(*TAKES)
def cancel(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    filing.cancel(get_object_or_404(CallFile.objects.visible_to(user), pk=pk))
    return redirect("call-files")


def handed_out(
    request: HttpRequest, user: User, row: MadeFile, content_type: str, note: str
) -> HttpResponseBase:
    try:
        answer = file_response(request, row.path, content_type)
    except OSError as error:
        raise Http404 from error
    answer["Content-Disposition"] = f'attachment; filename="{row.name}"'
    LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=note)
    return answer


@staff_page(*TAKES)
def take(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    """The file; that somebody took it is written down."""
    row = get_object_or_404(CallFile.objects.visible_to(user).ready(), pk=pk)
    note = _("Took %(count)s calls as a file.") % {"count": row.written}
    return handed_out(request, user, row, TYPES[row.form], note)
