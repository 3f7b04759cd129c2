"""The page on which a connection's password at its provider is changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from telephony import passwords, signing
from telephony.changes import ChangeError, Impact
from telephony.editing import keep_typed
from telephony.models import Trunk
from veyra.doors import staff_page
from veyra.models import User
from veyra.secrets import encrypt
from veyra.stale import Rewritten

CHANGES = "telephony.change_trunk"
SECRET = {"autocomplete": "new-password"}


class PasswordForm(Rewritten, forms.Form):
    """Which login, and its new password, twice. What was typed goes along as ciphertext while it
    is shown what it will change.
    """

    which = forms.ChoiceField(label=gettext_lazy("Which password"), widget=forms.RadioSelect)
    password = forms.CharField(
        label=gettext_lazy("New password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs=SECRET),
    )
    again = forms.CharField(
        label=gettext_lazy("The same once more"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs=SECRET),
    )
    kept_password = forms.CharField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # One that was made for him, in clear, so that he can enter it at the provider.
    made = ""

    def __init__(self, trunk: Trunk, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        choices = [(each.column, each.title) for each in passwords.logins(trunk)]
        field = self.fields["which"]
        field.choices = choices  # type: ignore[attr-defined]  # of a ChoiceField
        field.initial = choices[0][0] if choices else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "make" in self.data:
            self.made = passwords.made()
            self.put("kept_password", encrypt(self.made))
            return cleaned | {"password": self.made}
        if cleaned.get("password") and cleaned["password"] != cleaned.get("again"):
            self.add_error("again", _("These two are not the same. Type both anew."))
            return cleaned
        password = keep_typed(self, "password")
        if not password and not self.errors:
            self.add_error("password", _("Type it twice, or let one be made."))
        return cleaned | {"password": password}


@staff_page("telephony.view_trunk", CHANGES)
def page(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    trunk = get_object_or_404(Trunk.objects.visible_to(user).kept(), pk=pk)
    form = PasswordForm(trunk, request.POST or None)
    impact = None
    if form.is_bound and form.is_valid():
        which, password = form.cleaned_data["which"], form.cleaned_data["password"]
        impact = passwords.preview(trunk, which, password)
        if "sure" in request.POST and not impact.errors:
            if not (faults := _change(trunk, form, user)):
                messages.success(request, _("The new password is in use."))
                return redirect("trunk-password", pk)
            impact = Impact(errors=faults)
        form.put("seen", impact.token)
    status = 400 if form.errors else 200
    template = "_password_left.html" if request.GET.get("part") else "password.html"
    answer = render(request, f"telephony/{template}", _context(request, trunk, form, impact))
    answer.status_code, answer["Cache-Control"] = status, "no-store"
    return answer


@require_POST
@staff_page("telephony.view_trunk", CHANGES)
def back(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    trunk = get_object_or_404(Trunk.objects.visible_to(user).kept(), pk=pk)
    try:
        passwords.put_back(trunk, request.POST.get("which", ""))
    except ChangeError as error:
        for sentence in error.sentences:
            messages.error(request, str(sentence))
    else:
        messages.success(request, _("The former password is in use again."))
    return redirect("trunk-password", pk)


def _change(trunk: Trunk, form: PasswordForm, user: User) -> tuple[Any, ...]:
    """Why it was not done; (): it was."""
    data = form.cleaned_data
    try:
        passwords.change(trunk, data["which"], data["password"], user, data["seen"])
    except ChangeError as error:
        return tuple(error.sentences)
    return ()


def _context(
    request: HttpRequest, trunk: Trunk, form: PasswordForm, impact: Impact | None
) -> dict[str, Any]:
    logins = passwords.logins(trunk)
    left = passwords.returnable(trunk, timezone.now())
    chosen = form.cleaned_data.get("which") if impact else ""
    return {
        **admin.site.each_context(request),
        "title": _("Password of “%(trunk)s”") % {"trunk": trunk.name},
        "trunk": trunk,
        "form": form,
        "logins": logins,
        "impact": impact,
        "chosen": next((each for each in logins if each.column == chosen), None),
        "calls": passwords.calls_now(trunk),
        "signing": signing.of(trunk),
        "left": [(each, left[each.column]) for each in logins if each.column in left],
    }
