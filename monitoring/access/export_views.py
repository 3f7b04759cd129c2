"""The door by which whoever answers for the line takes the record of what staff did."""

from datetime import datetime, time, timedelta

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from monitoring.access.export import written
from veyra.doors import staff_page
from veyra.models import SecurityEvent, User
from veyra.sentences import Sentence

TAKES = "veyra.view_audit_export"
TAKEN = gettext_noop("The record of what staff did was taken as a file: %(since)s to %(until)s.")
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class SpanForm(forms.Form):
    since = forms.DateField(label=gettext_lazy("From"), widget=DATE)
    until = forms.DateField(label=gettext_lazy("To, this day with"), widget=DATE)

    def moments(self) -> tuple[datetime, datetime]:
        """Of whole days, in the reader's time zone."""
        zone = timezone.get_current_timezone()
        first, last = self.cleaned_data["since"], self.cleaned_data["until"]
        return datetime.combine(first, time.min, zone), datetime.combine(last, time.max, zone)


@staff_page("veyra.view_auditentry", TAKES)
def page(request: HttpRequest, user: User) -> HttpResponseBase:
    today = timezone.localdate()
    initial = {"since": today - timedelta(days=30), "until": today}
    form = SpanForm(request.POST or None, initial=initial, label_suffix="")
    if not form.is_valid():
        context = {"title": _("What staff did, as a file"), "form": form}
        frame = admin.site.each_context(request)
        status = 400 if form.errors else 200
        return render(request, "monitoring/access/export.html", {**frame, **context}, status=status)
    since, until = form.moments()
    told = {name: str(form.cleaned_data[name]) for name in ("since", "until")}
    sentence = Sentence(TAKEN, told)
    SecurityEvent.objects.create(
        kind=SecurityEvent.Kind.MASS_EXPORT, user=user, detail=sentence.to_json()
    )
    LogEntry.objects.log_actions(user.pk, [user], CHANGE, change_message=str(sentence))
    answer = StreamingHttpResponse(written(user, since, until), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="veyra-audit-{told["since"]}.json"'
    answer["Cache-Control"] = "no-store"
    return answer
