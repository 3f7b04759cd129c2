"""How long recordings are kept, what must not be deleted, and the proof of what was."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from agentworker.models import Agent
from recordings import keeping
from recordings.keeping import CannotKeep, Outlook, Wish
from recordings.keeping_models import MOST_DAYS, Deletion, Hold, Term, TermChange
from recordings.models import Recording
from recordings.terms import Scope
from telephony.models import PhoneNumber
from telephony.numbers import NumberError, e164, pretty
from veyra.doors import staff_page
from veyra.models import User

SEES, CHANGES = "recordings.view_term", "recordings.change_term"
SEES_HOLDS, HOLDS = "recordings.view_hold", "recordings.change_hold"
SEES_PROOF = "recordings.view_deletion"
# Of the newest deletions and of what was changed.
SHOWN = 50
WHOSE = [
    ("others", gettext_lazy("all that have no rule of their own")),
    ("agent", gettext_lazy("of an assistant")),
    ("number", gettext_lazy("of a number")),
]
HOW = [
    ("days", gettext_lazy("for so many days")),
    ("ever", gettext_lazy("until somebody deletes them")),
    ("drop", gettext_lazy("as the others: no rule of its own")),
]


class TermForm(forms.Form):
    """What is asked for, as a Wish."""

    whose = forms.ChoiceField(label=gettext_lazy("Recordings"), choices=WHOSE)
    agent = forms.ModelChoiceField(
        label=gettext_lazy("Assistant"), queryset=Agent.objects.none(), required=False
    )
    number = forms.CharField(label=gettext_lazy("Number"), max_length=40, required=False)
    how = forms.ChoiceField(label=gettext_lazy("Are kept"), choices=HOW)
    days = forms.IntegerField(
        label=gettext_lazy("Days"),
        min_value=1,
        max_value=MOST_DAYS,
        required=False,
        error_messages={
            "min_value": gettext_lazy("Write how many days: 1 or more."),
            "max_value": gettext_lazy("Write %(limit_value)s days or fewer, or choose no end."),
        },
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["agent"].queryset = Agent.objects.visible_to(user).kept()  # type: ignore[attr-defined]  # of ModelChoiceField

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            given["wish"] = Wish(self._scope(given), self._days(given), given["how"] == "drop")
        return given

    def _scope(self, given: dict[str, Any]) -> Scope:
        if given["whose"] == "agent":
            if given["agent"] is None:
                raise ValidationError({"agent": _("Choose the assistant.")})
            return Scope(agent=given["agent"].pk)
        if given["whose"] == "number":
            return Scope(number=self._number(given["number"]).pk)
        return Scope()

    def _number(self, text: str) -> PhoneNumber:
        numbers = PhoneNumber.objects.visible_to(self.user).kept()
        try:
            found = numbers.filter(number=e164(text)).first()
        except NumberError as error:
            raise ValidationError({"number": str(error.sentence)}) from error
        if found is None:
            told = _("%(number)s is not one of your numbers.") % {"number": pretty(e164(text))}
            raise ValidationError({"number": told})
        return found

    def _days(self, given: dict[str, Any]) -> int | None:
        if given["how"] != "days":
            return None
        if not given["days"]:
            raise ValidationError({"days": _("Write how many days: 1 or more.")})
        return int(given["days"])


class HoldForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("Number of the caller"), max_length=40)
    why = forms.CharField(label=gettext_lazy("Why, and who needs it"), max_length=300)

    def clean_number(self) -> str:
        try:
            return e164(self.cleaned_data["number"])
        except NumberError as error:
            raise ValidationError(str(error.sentence)) from error


class WhyForm(forms.Form):
    why = forms.CharField(max_length=300)


@dataclass(frozen=True)
class Asked:
    """A form that was filled in, and what would come of it; None: it is not right yet."""

    form: TermForm
    outlook: Outlook | None = None


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    return _page(request, user)


@require_POST
@staff_page(SEES, CHANGES)
def change(request: HttpRequest, user: User) -> HttpResponse:
    """Shows what would come of it, and does it when the person has seen that and says yes."""
    form, now = TermForm(user, request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, user, Asked(form))
    try:
        seen = keeping.outlook(form.cleaned_data["wish"], now)
        if seen.shortens and "accepted" not in request.POST:
            return _page(request, user, Asked(form, seen))
        keeping.ask(form.cleaned_data["wish"], user, now)
    except CannotKeep as error:
        form.add_error(None, str(error.sentence))
        return _page(request, user, Asked(form))
    told = _("Saved. It takes effect in a week and can be cancelled until then.")
    messages.success(request, told if seen.shortens else _("Saved. It is in force."))
    return redirect("keeping")


@require_POST
@staff_page(SEES, CHANGES)
def cancel(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    row = get_object_or_404(TermChange.objects.visible_to(user), pk=pk)
    if keeping.cancel(row, user):
        messages.success(request, _("Cancelled: recordings are kept as before."))
    else:
        messages.warning(request, _("It cannot be cancelled any more."))
    return redirect("keeping")


@require_POST
@staff_page(SEES, HOLDS)
def hold(request: HttpRequest, user: User) -> HttpResponse:
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _page(request, user, held=form)
    try:
        keeping.hold_number(form.cleaned_data["number"], form.cleaned_data["why"], user)
    except CannotKeep as error:
        form.add_error("number", str(error.sentence))
        return _page(request, user, held=form)
    messages.success(request, _("Nothing about this number is deleted until you lift that."))
    return redirect("keeping")


@require_POST
@staff_page("recordings.view_recording", HOLDS)
def hold_recording(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    """A button on the recording's page."""
    row = get_object_or_404(Recording.objects.visible_to(user), pk=pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write why it must not be deleted."))
        return redirect("recording", pk)
    try:
        keeping.hold_recording(row, form.cleaned_data["why"], user)
    except CannotKeep as error:
        messages.error(request, str(error.sentence))
    else:
        messages.success(request, _("This recording is not deleted until you lift that."))
    return redirect("recording", pk)


@require_POST
@staff_page(SEES_HOLDS, HOLDS)
def lift(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    row = get_object_or_404(Hold.objects.visible_to(user).shown(), pk=pk)
    if keeping.lift(row, user):
        messages.success(request, _("It may be deleted again, when its days are over."))
    if row.recording_id and not user.has_perm(SEES):
        return redirect("recording", row.recording_id)
    return redirect("keeping")


def _page(
    request: HttpRequest, user: User, asked: Asked | None = None, held: HoldForm | None = None
) -> HttpResponse:
    deletions = Deletion.objects.visible_to(user)
    changes = TermChange.objects.visible_to(user).shown()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("How long recordings are kept"),
        "terms": Term.objects.visible_to(user).shown(),
        "waiting": changes.waiting(),
        "asked": asked or Asked(TermForm(user, initial={"whose": "others", "how": "days"})),
        "question": _question(asked),
        "may_change": user.has_perm(CHANGES),
        "holds": Hold.objects.visible_to(user).in_force().shown(),
        "hold_form": held or HoldForm(auto_id="hold_%s"),
        "sees_holds": user.has_perm(SEES_HOLDS),
        "may_hold": user.has_perm(HOLDS),
        "sees_proof": user.has_perm(SEES_PROOF),
        "troubled": deletions.troubled()[:SHOWN],
        "deletions": deletions.newest()[:SHOWN],
    }
    wrong = held or (asked and not asked.outlook)
    return render(request, "recordings/keeping.html", context, status=400 if wrong else 200)


def _question(asked: Asked | None) -> str:
    """What somebody is to say yes to."""
    if asked is None or asked.outlook is None:
        return ""
    count = asked.outlook.deletes
    told = ngettext(
        "In a week %(count)s recording is deleted for good, and others sooner than before.",
        "In a week %(count)s recordings are deleted for good, and others sooner than before.",
        count,
    )
    return told % {"count": count}
