"""The forms of allauth, with our count of wrong passwords and codes."""

import hashlib
from datetime import timedelta
from typing import Any

from allauth.account.forms import LoginForm as PlainLoginForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from veyra.accounts import second_factor, throttle
from veyra.models import User

# A code of the telephone is valid a little before and after its half minute.
VALID = timedelta(minutes=2)
USED = _("This code was used already. Wait for the next one.")
TOO_MANY = _("Too many wrong attempts. Wait five minutes, then try again.")


class LoginForm(PlainLoginForm):  # type: ignore[misc]  # allauth ships no types
    """Its fields are called as Django's admin calls them: so password managers know them."""

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


class AddressForm(forms.Form):
    """Of one's own login; whoever reads the letters there can make its password anew."""

    email = forms.EmailField(
        label=_("Mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def save(self, user: User) -> None:
        user.email = self.cleaned_data["email"]
        user.save(update_fields=["email"])


class _Counted:
    """A wrong code counts like a wrong password."""

    user: Any
    authenticator: Any

    def clean_code(self) -> str:
        tried = throttle.begin(context.request, self.user)
        if tried is None:
            raise ValidationError(TOO_MANY)
        with transaction.atomic():
            # Who sends one code twice at once waits here for himself.
            list(second_factor.factors_of(self.user).select_for_update())
            code = str(super().clean_code())  # type: ignore[misc]  # of the form beside it
            if self.authenticator.type == Authenticator.Type.TOTP:
                use_up(self.authenticator, code)
        tried.was_right()
        return code


class CodeForm(_Counted, AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The second step of a login."""


class CodeAgainForm(_Counted, ReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """Before what only the person himself may do."""


class AppForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """The first code of an app that somebody has just installed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("The six digits")


def use_up(factor: Any, code: str) -> None:
    """A code opens once, in whichever web process: who looked over a shoulder is too late."""
    # It is also right with blanks between its digits.
    digits = "".join(filter(str.isalnum, code))
    digest = hashlib.sha256(digits.encode()).hexdigest()
    lately = factor.last_used_at and factor.last_used_at > timezone.now() - VALID
    if lately and factor.data.get("used") == digest:
        raise ValidationError(USED)
    factor.data["used"] = digest
    factor.save(update_fields=["data"])
