"""What staff type of a login at a provider; the password is written, never shown."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from telephony.editing import keep_typed
from telephony.models import Trunk
from telephony.outbound_forms import OutgoingForm
from telephony.routing import signin
from veyra.secrets import encrypt
from veyra.stale import Rewritten

# Columns of a connection that does not sign in.
NO_SIGN_IN = ("register_at", "register_login", "register_password", "register_proxy")
# Where the password goes.
SENT_TO = ("register_at", "register_proxy")
# What people copy along with a server's name.
SCHEMES = ("sips:", "sip:")
NO_PASSWORD = _("Type the password that belongs to the login.")
ANOTHER_SERVER = _(
    "The server is another one now. Type the password again: a stored one is never sent elsewhere."
)
NO_SERVER = _("Write the provider's server: it stands beside the login and the password.")
NO_LOGIN = _("Write the login that the provider gave.")
AS_TYPED = {"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}


class SignInForm(Rewritten, forms.Form):
    """Server, login and password of a line that signs in."""

    register_at = forms.CharField(
        label=_("Server"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "sip.provider.example", **AS_TYPED}),
    )
    register_login = forms.CharField(
        label=_("Login"),
        max_length=100,
        widget=forms.TextInput(attrs=AS_TYPED),
        error_messages={"required": NO_LOGIN},
    )
    register_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    kept_register_password = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_register_at(self) -> str:
        return server(self.cleaned_data["register_at"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned |= at_and_login(cleaned.get("register_at", ""), cleaned.get("register_login", ""))
        if not cleaned["register_at"] and "register_at" not in self.errors:
            self.add_error("register_at", NO_SERVER)
        password = keep_typed(self, "register_password")
        if password:
            self.fields["register_password"].widget.attrs["placeholder"] = "••••••••"
        elif "register_password" not in self.errors and (lacks := self.lacks_password(cleaned)):
            self.add_error("register_password", lacks)
        cleaned["register_password"] = password
        return cleaned

    def lacks_password(self, cleaned: dict[str, Any]) -> str:
        """Why an empty password will not do; "" where it will."""
        return str(NO_PASSWORD)

    def sign_in(self) -> dict[str, Any]:
        """Columns of a connection, as telephony.routing.edit holds them."""
        values = self.cleaned_data
        found = {name: values[name] for name in ("register_at", "register_login")}
        password = values["register_password"]
        return found | ({"register_password": encrypt(password)} if password else {})


class CorrectionForm(SignInForm):
    """What was typed of a line that signs in, to be typed better. An empty password keeps the one
    that is stored.
    """

    def __init__(self, *args: Any, trunk: Trunk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trunk = trunk
        self.fields["register_at"].initial = trunk.register_at
        self.fields["register_login"].initial = trunk.register_login
        widget = self.fields["register_password"].widget
        widget.attrs["placeholder"] = _("Empty: the one that is stored")

    def lacks_password(self, cleaned: dict[str, Any]) -> str:
        return "" if cleaned["register_at"] == self.trunk.register_at else str(ANOTHER_SERVER)


class WayForm(OutgoingForm):
    """The part of a connection's form about how calls reach us; `way` is read from its columns."""

    ADDRESS, LOGIN = "address", "login"
    ALWAYS_SET = ("register_transport", "number_in")

    way = forms.ChoiceField(
        label=_("In which way"),
        required=False,
        choices=[
            (ADDRESS, _("Calls are sent to our address")),
            (LOGIN, _("I was given a login and a password")),
        ],
        widget=UnfoldAdminSelectWidget(),
    )
    new_register_password = forms.CharField(
        label=_("Password at the provider"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty to keep the password that is stored. It is never shown."),
    )
    kept_new_register_password = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "register_at" not in self.fields:  # a page for who may only look
            return
        self.fields["way"].initial = self.LOGIN if self.instance.register_at else self.ADDRESS
        for name in self.ALWAYS_SET:
            self.fields[name].required = False

    def clean_register_at(self) -> str:
        return server(self.cleaned_data["register_at"])

    def clean_register_proxy(self) -> str:
        return server(self.cleaned_data["register_proxy"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["new_register_password"] = keep_typed(self, "new_register_password")
        for name in self.ALWAYS_SET:
            cleaned[name] = cleaned.get(name) or getattr(self.instance, name)
        if self.signs_in:
            self._check_sign_in(cleaned)
        return cleaned

    def _check_sign_in(self, cleaned: dict[str, Any]) -> None:
        cleaned |= at_and_login(cleaned.get("register_at", ""), cleaned.get("register_login", ""))
        stored = bool(self.instance.pk and self.instance.__dict__.get("register_password"))
        typed = cleaned["new_register_password"]
        moved = [name for name in SENT_TO if cleaned.get(name, "") != self.initial.get(name, "")]
        for name, is_there, said in (
            ("register_at", cleaned["register_at"], NO_SERVER),
            ("register_login", cleaned["register_login"], NO_LOGIN),
            ("new_register_password", typed or stored, NO_PASSWORD),
            ("new_register_password", typed or not (stored and moved), ANOTHER_SERVER),
        ):
            if not is_there and name not in self.errors:
                self.add_error(name, said)

    def values(self) -> dict[str, Any]:
        found = super().values()
        if not self.signs_in:
            return found | dict.fromkeys(NO_SIGN_IN, "")
        found |= {name: self.cleaned_data[name] for name in ("register_at", "register_login")}
        password = self.cleaned_data["new_register_password"]
        return found | ({"register_password": encrypt(password)} if password else {})

    @property
    def signs_in(self) -> bool:
        return bool(self.cleaned_data.get("way") == self.LOGIN)


def server(text: str) -> str:
    """A server's name as it is saved, with its port where that is not the usual one; "" is none.
    Raises ValidationError.
    """
    found = text.strip().lower()
    for scheme in SCHEMES:
        found = found.removeprefix(scheme)
    found = found.partition(";")[0]
    if found and signin.server(found) is None:
        raise ValidationError(str(signin.wrong_server(found)))
    return found


def at_and_login(at: str, text: str) -> dict[str, str]:
    """The columns of a server and a login; some providers show them as login@server, and people
    copy it whole.
    """
    for scheme in SCHEMES:
        text = text.removeprefix(scheme)
    login, _at, host = text.rpartition("@")
    host = host.lower()
    if login and not at and signin.server(host):
        at = host
    if login and host == at.partition(":")[0]:
        text = login
    return {"register_at": at, "register_login": text}
