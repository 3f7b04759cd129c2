"""Forms of the line: any spelling of a number, addresses by the line, a password nobody reads."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from agentworker.company import faults
from agentworker.forms import NO_KEY_LEFT
from agentworker.recording import RecordingPolicy
from agentworker.script import consent_key
from agentworker.versions import script_of
from telephony import people_choice
from telephony.editing import EditForm, keep_typed
from telephony.full_line import WhenFull
from telephony.line import lines
from telephony.models import DispatchRule, Gateway, PhoneNumber, RoomKind, Trunk
from telephony.numbers import NumberError, e164
from telephony.outbound_forms import COLUMNS, HELP, WIDGETS
from telephony.providers import PRESETS
from telephony.routing.addresses import AddressError, checked
from telephony.sign_in_forms import WayForm
from veyra.secrets import encrypt
from veyra.sentences import Sentence


class GatewayForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    class Meta:
        model = Gateway
        fields = ("host", "port")
        help_texts = {
            "host": _("The address that you give to the provider: calls are sent to it."),
            "port": _("Almost always 5060."),
        }

    def clean_host(self) -> str:
        return _address(self.cleaned_data["host"])


def providers() -> list[tuple[str, str]]:
    return [("", "—"), *((each.slug, str(Sentence(each.name))) for each in PRESETS)]


class TrunkForm(WayForm):
    """The password is written, never shown: an empty field keeps the one that is stored."""

    provider = forms.ChoiceField(
        label=_("Provider"),
        required=False,
        choices=providers,
        widget=UnfoldAdminSelectWidget(),
        help_text=_("Which addresses are known as its own, and how its calls are written."),
    )
    new_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty to keep the password that is stored. It is never shown."),
    )
    kept_new_password = forms.CharField(required=False, widget=forms.HiddenInput)
    remove_login = forms.BooleanField(
        label=_("Remove login and password"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    class Meta:
        model = Trunk
        fields = (
            "name",
            "provider",
            "register_at",
            "register_login",
            "register_proxy",
            "register_transport",
            "number_in",
            "addresses",
            "username",
            "spelling",
            "is_active",
            *COLUMNS,
        )
        widgets = {"addresses": UnfoldAdminTextareaWidget(attrs={"rows": 4}), **WIDGETS}
        help_texts = {
            **HELP,
            "name": _("How you call this line among yourselves, such as “Novofon”."),
            "addresses": _(
                "The addresses that the provider's calls come from, one a line: 203.0.113.10,"
                " 203.0.113.0/24 or a name such as sip.provider.example. The provider's support"
                " tells them. Empty together with an empty login means that anybody may call"
                " through this connection. Where we sign in, only those that the server's name does"
                " not lead to: usually none."
            ),
            "register_at": _(
                "As the provider's account or letter names it, such as sip.provider.example."
            ),
            "register_proxy": _("Only where the provider gave one."),
            "number_in": _(
                "Needed only where calls of several numbers come over one login. “As its calls"
                " show” learns it from the first call."
            ),
            "username": _(
                "Only where the provider's calls show a login to us. A login that the provider gave"
                " you belongs to “I was given a login and a password”."
            ),
            "spelling": _(
                "Needed only where “Who answers” has rules for certain callers. “As its calls show”"
                " learns it from the first call."
            ),
            "is_active": _("Switched off, no call is taken from this provider."),
        }

    def clean_addresses(self) -> str:
        return "\n".join(_address(line) for line in lines(self.cleaned_data["addresses"]))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["new_password"] = keep_typed(self, "new_password")
        if cleaned.get("remove_login") or self.signs_in:
            cleaned["username"] = ""
            return cleaned
        username, password = cleaned.get("username"), cleaned.get("new_password")
        stored = bool(self.instance.pk and self.instance.__dict__.get("password"))
        if username and not (password or stored):
            self.add_error("new_password", _("A login needs its password. Enter both or neither."))
        if (password or stored) and not username:
            self.add_error(
                "username",
                _("A password needs its login. Enter both, or switch on “Remove login…”."),
            )
        return cleaned

    def values(self) -> dict[str, Any]:
        if self.cleaned_data["remove_login"] or self.signs_in:
            return super().values() | {"username": "", "password": ""}
        password = self.cleaned_data["new_password"]
        return super().values() | ({"password": encrypt(password)} if password else {})


def _address(text: str) -> str:
    try:
        checked(text)
    except AddressError as error:
        raise ValidationError(str(error.sentence)) from error
    return text.strip().lower()


def _number(text: str) -> str:
    try:
        return e164(text)
    except NumberError as error:
        raise ValidationError(str(error.sentence)) from error


class PhoneNumberForm(EditForm):
    number = forms.CharField(
        label=_("Number"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("In any spelling: 8 (499) 112-41-48, +7 499 112-41-48, or an extension: 101."),
    )

    class Meta:
        model = PhoneNumber
        fields = ("number", "label", "trunk", "reserve", "is_active")
        help_texts = {
            "label": _("Such as “support” or “advertising in the metro”."),
            "trunk": _("Through which provider calls to this number arrive."),
            "reserve": _(
                "A second provider that brings calls to the same number when the first one cannot."
                " Usually empty. Each call shows which one it used."
            ),
            "is_active": _("Switched off, calls to this number are not taken."),
        }

    def clean_number(self) -> str:
        return _number(self.cleaned_data["number"])

    def clean_reserve(self) -> Trunk | None:
        reserve: Trunk | None = self.cleaned_data["reserve"]
        if reserve and reserve == self.cleaned_data.get("trunk"):
            raise ValidationError(_("The reserve must be another connection than the first one."))
        return reserve


# Fields that name a colleague or a group; the columns are called by them.
PEOPLE = ("first", "fallback")


class DispatchRuleForm(EditForm):
    first = forms.ChoiceField(
        label=_("Ring people first"),
        required=False,
        choices=people_choice.choices,
        widget=UnfoldAdminSelectWidget(),
        help_text=_(
            "Who is rung before the assistant speaks, for a minute at most. Where nobody takes the"
            " call, the assistant answers."
        ),
    )
    fallback = forms.ChoiceField(
        label=_("Where no assistant can answer, ring"),
        required=False,
        choices=people_choice.choices,
        widget=UnfoldAdminSelectWidget(),
        help_text=_(
            "The caller hears music meanwhile. Where nobody takes the call, he hears an apology and"
            " stands in the list of people to be called back."
        ),
    )
    when_full = forms.ChoiceField(
        label=_("When all assistants are busy"),
        required=False,
        choices=WhenFull.choices,
        widget=UnfoldAdminSelectWidget(),
        help_text=_(
            "More people call than assistants can talk at once. Who waits in the queue may press 1,"
            " too, and is called back. Where nobody of the people can be rung, callers wait in the"
            " queue."
        ),
    )
    recording = forms.ChoiceField(
        label=_("Are its calls recorded?"),
        required=False,
        choices=[("", _("as the assistant's page says")), *RecordingPolicy.choices],
        widget=UnfoldAdminSelectWidget(),
        help_text=_(
            "Where calls are recorded always, let the greeting say so. After the caller has agreed:"
            " he is asked before the menu, and only a key of his telephone is a yes."
        ),
    )

    class Meta:
        model = DispatchRule
        fields = (
            "name",
            "agent",
            "numbers",
            "trunks",
            "pin",
            "callers",
            "when_full",
            "apology",
            "recording",
            "kind",
            "room",
            "is_active",
        )
        widgets = {
            "callers": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            "apology": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }
        labels = {"apology": _("Apology")}
        help_texts = {
            "name": _("Such as “Support” or “Sales in the evening”."),
            "agent": _("Who speaks with the caller."),
            "numbers": _("Calls to these numbers. They go before “every number of”."),
            "trunks": _("Calls to every number of these connections, also to numbers added later."),
            "pin": _("The caller types it on the phone before anybody answers. Usually empty."),
            "callers": _("One number a line. Empty: everybody."),
            "apology": _(
                "What the caller hears where nobody can talk to him, in the assistant's language."
                " Empty: a sentence that fits always. {company}, {time_of_day}, {today} and"
                " {caller_number} are filled in by themselves."
            ),
            "kind": _(
                "“One shared room” is only for conferences: everybody who calls hears everybody,"
                " the assistant hears one of them at a time, and a second call from the same"
                " number throws the first one out."
            ),
            "room": _("The beginning of each room's name, or the name of the shared one."),
            "is_active": _("Switched off, this row answers nothing."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PEOPLE:
            row = [getattr(self.instance, f"{name}_{kind}") for kind in ("colleague", "team")]
            if name in self.fields:
                self.initial[name] = people_choice.named(*row)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("first") and cleaned.get("kind") == RoomKind.DIRECT:
            self.add_error(
                "first",
                _("In one shared room nobody can be rung first. Choose “a room for each call”."),
            )
        if cleaned.get("when_full") == WhenFull.PEOPLE and not cleaned.get("fallback"):
            self.add_error(
                "when_full", _("Choose above who is rung where no assistant can answer.")
            )
        if wrong := self._consent_fault(cleaned):
            self.add_error("recording", wrong)
        return cleaned

    def _consent_fault(self, cleaned: dict[str, Any]) -> Any:
        """Why callers of this rule could not be asked whether they may be recorded."""
        agent = cleaned.get("agent")
        own = agent.recording if agent else ""
        if RecordingPolicy.of_call(cleaned.get("recording") or "", own) != RecordingPolicy.AGREED:
            return None
        if cleaned.get("kind") == RoomKind.DIRECT:
            return _(
                "In one shared room one caller cannot agree for the others. Choose another answer,"
                " or “a room for each call”."
            )
        version = agent.current() if agent else None
        if version and not consent_key(script_of(version)):
            return NO_KEY_LEFT
        return None

    def clean_apology(self) -> str:
        text = str(self.cleaned_data["apology"])
        if wrong := faults(text):
            raise ValidationError(list(map(str, wrong)))
        return text

    def clean_when_full(self) -> str:
        return str(self.cleaned_data["when_full"] or self.instance.when_full)

    def values(self) -> dict[str, Any]:
        found = super().values()
        for name in PEOPLE:
            if name in self.fields and (name in self.changed_data or not self.instance.pk):
                found |= people_choice.columns(self.cleaned_data[name], name)
        return found

    def clean_callers(self) -> str:
        return "\n".join(_number(line) for line in lines(self.cleaned_data["callers"]))
