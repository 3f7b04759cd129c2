"""Who is told of a number's calls, and how the last messages fared."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from monitoring.alarms.models import AlertChannel
from monitoring.notices.models import Notice, NumberNotice
from telephony.models import PhoneNumber
from telephony.numbers import pretty
from veyra.doors import staff_page
from veyra.models import User

CHANGES = ("telephony.view_phonenumber", "monitoring.change_numbernotice")
SHOWN = 10


class NoticeForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    hour = forms.TypedChoiceField(
        label=gettext_lazy("When"),
        required=False,
        empty_value=None,
        coerce=int,
        choices=[
            ("", gettext_lazy("at once, each by itself")),
            *((hour, f"{hour:02}:00") for hour in range(24)),
        ],
        help_text=gettext_lazy("At an hour: once a day, everything in one message."),
    )

    class Meta:
        model = NumberNotice
        fields = ("channel", "summaries", "call_backs", "hour")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].queryset = AlertChannel.objects.usable()  # type: ignore[attr-defined]  # of a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not (cleaned.get("summaries") or cleaned.get("call_backs")):
            raise forms.ValidationError(_("Choose what is told: tick at least one."))
        return cleaned


@staff_page(*CHANGES)
def page(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Posted to, it has one more told; whoever is told already, is told so from now on."""
    number = get_object_or_404(PhoneNumber.objects.visible_to(user).kept(), pk=pk)
    form = NoticeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "since": timezone.now(), "made_by": user}
        channel = values.pop("channel")
        NumberNotice.objects.update_or_create(number=number, channel=channel, defaults=values)
        messages.success(request, _("Saved. “%(name)s” is told from now on.") % {"name": channel})
        return redirect("number-notices", pk)
    rules = list(NumberNotice.objects.visible_to(user).of_number(number.pk))
    context = {
        **admin.site.each_context(request),
        "title": _("Who is told of calls to %(number)s") % {"number": pretty(number.number)},
        "number": number,
        "rules": rules,
        "newest": Notice.objects.visible_to(user)
        .newest_of(rules)
        .select_related("rule__channel")[:SHOWN],
        "form": form,
        "has_channels": AlertChannel.objects.visible_to(user).usable().exists(),
    }
    return render(request, "monitoring/notices.html", context, status=400 if form.errors else 200)


@require_POST
@staff_page(*CHANGES)
def stop(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    rule = get_object_or_404(NumberNotice.objects.visible_to(user), pk=pk)
    number = get_object_or_404(PhoneNumber.objects.visible_to(user), pk=rule.number_id)
    rule.delete()
    messages.success(request, _("“%(name)s” is not told any more.") % {"name": rule.channel})
    return redirect("number-notices", number.pk)
