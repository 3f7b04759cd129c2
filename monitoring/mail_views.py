"""Who is sent the report of each week."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring import posting
from monitoring.mailing import SENDS, Letter, Mailing
from veyra.doors import staff_page
from veyra.models import User

MOST_ADDRESSES = 20
# As long as the column of a letter is.
ONE = forms.EmailField(max_length=254)
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class MailingForm(forms.Form):
    """The addresses stand one a line, or between commas."""

    addresses = forms.CharField(
        label=gettext_lazy("Addresses, one a line"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Day"), choices=Mailing.Weekday.choices, coerce=int
    )
    hour = forms.TypedChoiceField(label=gettext_lazy("Hour"), choices=HOURS, coerce=int)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the letter"), choices=settings.LANGUAGES
    )

    def clean_addresses(self) -> list[str]:
        given = re.split(r"[\s,;]+", self.cleaned_data["addresses"].lower())
        found = [address for address in given if address]
        if not found:
            raise ValidationError(self.fields["addresses"].error_messages["required"])
        for address in found:
            try:
                ONE.clean(address)
            except ValidationError as error:
                told = _("“%(address)s” is no mail address. Write it as name@example.com.")
                raise ValidationError(told % {"address": address[:100]}) from error
        if len(set(found)) > MOST_ADDRESSES:
            told = _("These are more than %(count)s addresses. Use a mailing list of your mail.")
            raise ValidationError(told % {"count": MOST_ADDRESSES})
        return list(dict.fromkeys(found))


@dataclass
class Shown:
    """A mailing with its form and, by address, the newest letters; None: a new one."""

    form: MailingForm
    mailing: Mailing | None = None
    letters: list[Letter] = field(default_factory=list)

    @property
    def zone(self) -> str:
        return posting.zone_of(self.mailing.owner).key if self.mailing else ""

    @property
    def is_on_its_way(self) -> bool:
        return any(letter.state in ("waiting", "sending") for letter in self.letters)


@staff_page(*SENDS)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """All mailings, and one to be filled in; posted to, it makes that one."""
    if request.method != "POST":
        return _page(request, user)
    form = MailingForm(request.POST)
    if not form.is_valid():
        return _page(request, user, wrong=Shown(form))
    made = Mailing.objects.create(**form.cleaned_data, owner=user, since=timezone.now())
    _note(user, made, ADDITION)
    messages.success(request, _("Saved. The report is sent every week from now on."))
    return redirect("report-weekly")


@require_POST
@staff_page(*SENDS)
def change(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Whoever changes it answers for it: it tells what he may see, in his time zone."""
    found = get_object_or_404(Mailing.objects.visible_to(user), pk=pk)
    form = MailingForm(request.POST)
    if not form.is_valid():
        return _page(request, user, wrong=Shown(form, found))
    values = {**form.cleaned_data, "owner": user, "since": timezone.now()}
    with transaction.atomic():
        Mailing.objects.filter(pk=pk).update(**values)
        # Whoever is taken out is not written to any more.
        found.letters.unsent_to_others(values["addresses"]).delete()
    _note(user, found, CHANGE)
    messages.success(request, _("Saved."))
    return redirect("report-weekly")


@require_POST
@staff_page(*SENDS)
def stop(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(Mailing.objects.visible_to(user), pk=pk)
    _note(user, found, DELETION)
    found.delete()
    messages.success(request, _("The report is not sent there any more."))
    return redirect("report-weekly")


@require_POST
@staff_page(*SENDS)
def try_out(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(Mailing.objects.visible_to(user), pk=pk)
    if not posting.is_possible():
        messages.error(request, _("Letters cannot be sent yet: see below."))
    elif not posting.try_out(found, user, timezone.now()):
        messages.warning(request, _("It was sent a moment ago. Wait a minute, then try again."))
    return redirect("report-weekly")


def _note(user: User, mailing: Mailing, flag: int) -> None:
    """Whose addresses they are stands on the page, not in the log."""
    LogEntry.objects.log_actions(user.pk, [mailing], flag, change_message="")


def _page(request: HttpRequest, user: User, wrong: Shown | None = None) -> HttpResponse:
    mailings = list(Mailing.objects.visible_to(user).select_related("owner"))
    letters = _newest(Letter.objects.visible_to(user).newest_of(mailings))
    shown = [Shown(_form(each), each, letters[each.pk]) for each in mailings]
    new = Shown(MailingForm(initial={"hour": 9, "language": get_language()}))
    if wrong:
        shown = [wrong if wrong.mailing == each.mailing else each for each in shown]
        new = new if wrong.mailing else wrong
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Weekly report"),
        "shown": shown,
        "new": new,
        "is_possible": posting.is_possible(),
        "zone": posting.zone_of(user).key,
    }
    return render(request, "monitoring/weekly_page.html", context, status=400 if wrong else 200)


def _form(mailing: Mailing) -> MailingForm:
    values = {name: getattr(mailing, name) for name in ("weekday", "hour", "language")}
    initial = {**values, "addresses": "\n".join(mailing.addresses)}
    return MailingForm(initial=initial, auto_id=f"id_{mailing.pk}_%s")


def _newest(letters: Iterable[Letter]) -> defaultdict[int, list[Letter]]:
    """By mailing, the newest to each address that is still in it."""
    found: defaultdict[int, list[Letter]] = defaultdict(list)
    for letter in letters:
        others = found[letter.mailing_id]
        is_kept = letter.address in letter.mailing.addresses
        if is_kept and all(letter.address != other.address for other in others):
            others.append(letter)
    return found
