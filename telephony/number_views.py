"""Numbers from and to files."""

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from telephony import changes, number_import, numberfile
from telephony.asking import save_seen
from telephony.keeping import panel
from telephony.number_import import Draft
from veyra.doors import staff_page
from veyra.models import User
from veyra.sentences import Sentence

BRINGS = ("telephony.add_phonenumber", "telephony.change_phonenumber")
# Of faults, as many are shown.
SHOWN = 100
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"csv": ("text/csv", numberfile.as_csv), "xlsx": (EXCEL, numberfile.as_excel)}


class FileForm(forms.Form):
    """A file; or `rows`, what was read from it and shown to the person who now says yes."""

    file = forms.FileField(
        label=gettext_lazy("File with numbers, CSV or Excel (.xlsx)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )
    rows = forms.CharField(required=False, strip=False, widget=forms.HiddenInput())
    seen = forms.CharField(required=False, widget=forms.HiddenInput())
    accepted = forms.BooleanField(required=False)

    def read(self) -> list[numberfile.Row]:
        """Raises numberfile.FileError."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None:
            data = file.read(numberfile.MOST_BYTES + 1)
            return numberfile.read(file.name or "", data)
        return numberfile.read_text(self.cleaned_data["rows"])


@staff_page(*BRINGS)
def bring(request: HttpRequest, user: User) -> HttpResponse:
    """A file is read and shown: what is wrong in it, or what it would change. Then it is saved."""
    form = FileForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return _page(request, form)
    try:
        rows = form.read()
        text = numberfile.as_field(rows)
    except numberfile.FileError as error:
        return _page(request, form, sentence=error.sentence)
    draft = number_import.draft(rows, user)
    if draft.rules_change and not user.has_perm("telephony.change_dispatchrule"):
        return _page(request, form, sentence=Sentence(number_import.NO_RULES))
    if draft.faults:
        return _page(request, form, draft=draft)
    return _show_or_save(request, form, draft, text)


def _show_or_save(request: HttpRequest, form: FileForm, draft: Draft, rows: str) -> HttpResponse:
    try:
        impact = save_seen(draft.edit, form.cleaned_data["seen"], form.cleaned_data["accepted"])
    except changes.ChangeError as error:
        return _page(request, form, draft=draft, sentence=error.sentences[0])
    if impact is not None:
        return _page(request, form, draft=draft, impact=impact, rows=rows)
    done = draft.new + draft.changed
    told = ngettext("%(count)d number is saved.", "%(count)d numbers are saved.", done)
    messages.success(request, told % {"count": done})
    return redirect("admin:telephony_phonenumber_changelist")


def _page(
    request: HttpRequest,
    form: FileForm,
    draft: Draft | None = None,
    impact: changes.Impact | None = None,
    rows: str = "",
    sentence: Sentence | None = None,
) -> HttpResponse:
    faults = draft.faults if draft else ()
    context = {
        **admin.site.each_context(request),
        "title": _("Numbers from a file"),
        "form": form,
        "draft": draft,
        "impact": impact,
        "panel": panel(impact) if impact else None,
        "lacks_tick": bool(impact and form.cleaned_data["seen"] == impact.token),
        "faults": faults[:SHOWN],
        "more_faults": max(0, len(faults) - SHOWN),
        "rows": rows,
        "sentence": sentence,
    }
    wrong = sentence is not None or bool(faults) or bool(impact and impact.errors)
    return render(request, "telephony/numbers_file.html", context, status=400 if wrong else 200)


@staff_page("telephony.view_phonenumber")
def take(request: HttpRequest, user: User, extension: str) -> HttpResponse:
    """All numbers as a file that can be changed and brought back."""
    if extension not in FORMATS:
        raise Http404
    content_type, write = FORMATS[extension]
    answer = HttpResponse(write(number_import.saved_rows(user)), content_type=content_type)
    name = f"numbers-{localdate().isoformat()}.{extension}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
