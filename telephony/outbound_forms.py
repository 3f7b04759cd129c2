"""Forms of calls out: how a connection places them, and one call to a number."""

import re
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from agentworker.models import Agent
from telephony.editing import EditForm, keep_typed
from telephony.line import lines
from telephony.models import Colleague, OutboundCall, PhoneNumber, Trunk
from telephony.numbers import NumberError, e164, pretty
from telephony.outbound_presets import server_of
from telephony.providers import find
from telephony.routing.outgoing import ADDRESS, wrong_address
from telephony.routing.tolls import code_of
from veyra.models import User
from veyra.secrets import encrypt

CALLS_OUT = (
    "out_address",
    "out_username",
    "new_out_password",
    "remove_out_login",
    "out_prefixes",
    "out_at_once",
    "out_minutes",
    "out_next",
)
MORE = (
    "out_transport",
    "out_spelling",
    "out_from_login",
    "out_from_host",
    "out_identity",
    "out_codecs",
    "out_encryption",
    "out_pace",
    "out_ringing",
    "out_refer",
)
FIELDSETS = (
    (_("Calls out"), {"classes": ("collapse",), "fields": CALLS_OUT}),
    (_("Calls out: more settings"), {"classes": ("collapse",), "fields": MORE}),
)
COLUMNS = tuple(name for name in (*CALLS_OUT, *MORE) if name.startswith("out_"))
WIDGETS: dict[str, forms.Widget] = {"out_prefixes": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
HELP = {
    "out_address": _(
        "Where the provider takes calls, such as sip.provider.example or sip.provider.example:5061."
        " Empty: nobody is called through this connection."
    ),
    "out_username": _(
        "Our own at the provider. Empty where it knows us by the address of the call entrance."
    ),
    "out_prefixes": _(
        "How numbers begin that may be called, one a line: +7 or +7495. A country's code alone"
        " allows its ordinary numbers: +7 is Russia, Kazakhstan is +76 and +77, and dear numbers"
        " need three digits more. Empty: ordinary numbers of the country of our own numbers."
    ),
    "out_at_once": _(
        "More are refused, whoever asks for them, and so are more transfers in one minute."
        " 0: none at all."
    ),
    "out_minutes": _(
        "Counted from midnight by the clock of this installation, begun minutes as whole ones; then"
        " calls are refused. A call that uses them up is ended. A transfer counts as one minute."
    ),
    "out_next": _(
        "Places the call where this one could not put it through: with a number of its own and"
        " within its own limits, and never once it rang."
    ),
    "out_transport": _(
        "TLS hides who calls whom; the provider's certificate must be one that computers trust by"
        " themselves. Sound is hidden by “encryption of sound” below."
    ),
    "out_spelling": _("As the provider wants the called number and ours."),
    "out_from_login": _("Needed where the provider answers 403 to our number in From."),
    "out_from_host": _("Only where the provider asks for it; usually its own domain."),
    "out_identity": _("Carries our number where From holds the login."),
    "out_codecs": _(
        "Leave it to the provider unless it asks for one. Keys that are pressed travel beside the"
        " sound (RFC 4733): the call entrance knows no other way."
    ),
    "out_encryption": _(
        "SRTP. Ask the provider whether it has it: one that has none refuses a call that offers it."
        " The key travels with the signalling, so choose TLS as the transport, too."
    ),
    "out_refer": _(
        "As the provider says. Where this is on, a call that goes on can be connected with another"
        " number from its page; where it is off, the page says so."
    ),
    "out_pace": _("Calls beyond it wait for the next second. One is right for most providers."),
    "out_ringing": _(
        "Then the call is given up. Below 35 a server that does not answer at all looks like a"
        " telephone that is not picked up, so that the reserve does not try."
    ),
}
# Columns that always have a value.
SET_ALWAYS = {
    "out_transport",
    "out_spelling",
    "out_encryption",
    "out_at_once",
    "out_minutes",
    "out_pace",
    "out_ringing",
}
PREFIX = re.compile(r"\+[1-9]\d{0,14}|\d{1,5}")


class OutgoingForm(EditForm):
    """The part of a connection's form about calls out; its password is written, never shown."""

    new_out_password = forms.CharField(
        label=_("Password for calls out"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty to keep the password that is stored. It is never shown."),
    )
    kept_new_out_password = forms.CharField(required=False, widget=forms.HiddenInput)
    remove_out_login = forms.BooleanField(
        label=_("Remove login and password for calls out"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Nobody has to think of calls out: what is left empty stays as it is.
        for name in SET_ALWAYS & self.fields.keys():
            self.fields[name].required = False
        if "out_next" in self.fields:
            reserve = self.fields["out_next"]
            others = Trunk.objects.in_use().exclude(pk=self.instance.pk)
            reserve.queryset = others.exclude(out_address="")  # type: ignore[attr-defined]  # a ModelChoiceField
        preset = find(self.instance.provider)
        if preset and server_of(preset) and "out_address" in self.fields:
            self.fields["out_address"].widget.attrs["placeholder"] = server_of(preset)

    def clean_out_address(self) -> str:
        text = str(self.cleaned_data["out_address"]).strip().lower()
        if text and not ADDRESS.fullmatch(text):
            raise ValidationError(str(wrong_address(text)))
        return text

    def clean_out_from_host(self) -> str:
        text = str(self.cleaned_data["out_from_host"]).strip().lower()
        if text and not ADDRESS.fullmatch(text):
            raise ValidationError(str(wrong_address(text)))
        return text

    def clean_out_prefixes(self) -> str:
        found = [re.sub(r"[\s()-]", "", line) for line in lines(self.cleaned_data["out_prefixes"])]
        for text in found:
            if not PREFIX.fullmatch(text) or (text.startswith("+") and not code_of(text)):
                raise ValidationError(
                    _("“%(text)s” is no beginning of a number. Write it as +7 or +7495."),
                    params={"text": text},
                )
        return "\n".join(found)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in SET_ALWAYS & cleaned.keys():
            if cleaned[name] in (None, ""):
                cleaned[name] = getattr(self.instance, name)
        cleaned["new_out_password"] = keep_typed(self, "new_out_password")
        if cleaned.get("remove_out_login"):
            cleaned["out_username"] = ""
        elif "out_username" in cleaned:
            self._check_login(cleaned)
        login = cleaned.get("out_username") or cleaned.get("register_login")
        if cleaned.get("out_from_login") and not login:
            self.add_error("out_from_login", _("There is no login for calls out to stand there."))
        return cleaned

    def _check_login(self, cleaned: dict[str, Any]) -> None:
        username, password = cleaned["out_username"], cleaned.get("new_out_password")
        stored = bool(self.instance.pk and self.instance.__dict__.get("out_password"))
        if username and not (password or stored):
            text = _("A login needs its password. Enter both or neither.")
            self.add_error("new_out_password", text)
        if (password or stored) and not username:
            text = _("A password needs its login. Enter both, or switch on “Remove login…”.")
            self.add_error("out_username", text)

    def values(self) -> dict[str, Any]:
        if self.cleaned_data.get("remove_out_login"):
            return super().values() | {"out_username": "", "out_password": ""}
        password = self.cleaned_data.get("new_out_password")
        return super().values() | ({"out_password": encrypt(password)} if password else {})


class NumberChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    def label_from_instance(self, number: PhoneNumber) -> str:
        return f"{pretty(number.number)} · {number.trunk}"


Speaker = OutboundCall.Speaker


class CallOutForm(forms.Form):
    """One call: to whom, from which number of ours, and who speaks. `phone` is the reader's own, ""
    where nobody has written one down.
    """

    to = forms.CharField(
        label=_("Whom to call"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=_("In any spelling: 8 (916) 123-45-67 or +7 916 123-45-67."),
    )
    number = NumberChoice(
        label=_("From our number"),
        queryset=PhoneNumber.objects.none(),
        empty_label=_("Choose a number"),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("The person called sees it, and the call goes through its provider."),
    )
    speaker = forms.ChoiceField(
        label=_("Who speaks"),
        required=False,
        choices=Speaker.choices,
        initial=Speaker.ASSISTANT,
        widget=forms.RadioSelect,
    )
    agent = forms.ModelChoiceField(
        label=_("Assistant"),
        required=False,
        queryset=Agent.objects.none(),
        empty_label=_("Choose an assistant"),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("Begins to speak when the person has picked up."),
    )
    # A form that is sent twice is one call.
    ticket = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = PhoneNumber.objects.visible_to(user).may_call_out().select_related("trunk")
        self.fields["number"].queryset = numbers  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["agent"].queryset = Agent.objects.visible_to(user).kept()  # type: ignore[attr-defined]  # as above
        colleague = Colleague.objects.of_user(user)
        self.phone = colleague.phone if colleague else ""
        self.fields["speaker"].choices = self._speakers()  # type: ignore[attr-defined]  # a ChoiceField
        # Where there is nothing to choose it is chosen.
        for name in ("number", "agent"):
            rows = self.fields[name].queryset[:2]  # type: ignore[attr-defined]  # as above
            if len(rows) == 1:
                self.initial.setdefault(name, rows[0].pk)

    def _speakers(self) -> list[tuple[str, str]]:
        """Who could speak: by a telephone of his own only who has one."""
        found = [(name, str(label)) for name, label in Speaker.choices if name != Speaker.PHONE]
        if self.phone:
            label = gettext("I, by my telephone first: %(number)s")
            found.append((Speaker.PHONE, label % {"number": pretty(self.phone)}))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["speaker"] = cleaned.get("speaker") or Speaker.ASSISTANT
        speaks = cleaned["speaker"] == Speaker.ASSISTANT
        if speaks and not cleaned.get("agent") and "agent" not in self.errors:
            self.add_error("agent", _("Choose the assistant that is to speak."))
        return cleaned

    def clean_to(self) -> str:
        try:
            return e164(self.cleaned_data["to"])
        except NumberError as error:
            raise ValidationError(str(error.sentence)) from error
