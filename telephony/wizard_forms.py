"""What the wizard asks."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agentworker.models import Agent
from telephony.connecting import Connection, outside, trunk_name
from telephony.numbers import NumberError, e164
from telephony.providers import Preset, SignIn
from telephony.registration import RegisterTransport
from telephony.routing.addresses import AddressError, checked
from telephony.routing.edit import lines
from telephony.sign_in_forms import SignInForm, server
from veyra.models import User


class LineForm(forms.Form):
    """A provider's connection with its numbers and who answers them."""

    key = forms.UUIDField(widget=forms.HiddenInput())
    numbers = forms.CharField(
        label=_("Numbers that people dial, one a line"),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "8 (499) 112-41-48"}),
    )
    agent: "forms.ModelChoiceField[Agent]" = forms.ModelChoiceField(
        Agent.objects.none(), label=_("Who answers"), empty_label=_("Choose an assistant")
    )
    name = forms.CharField(label=_("What you call this connection"), max_length=100)

    def __init__(self, *args: Any, preset: Preset, user: User, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "key": uuid.uuid4(),
            "name": trunk_name(preset),
            **self.known(preset),
        }
        super().__init__(*args, **kwargs)
        self.preset = preset
        agents = Agent.objects.visible_to(user).kept()
        self.fields["agent"].queryset = agents  # type: ignore[attr-defined]  # it is a ModelChoiceField
        if len(only := list(agents[:2])) == 1:
            self.initial["agent"] = only[0].pk

    def known(self, preset: Preset) -> dict[str, Any]:
        """What the person need not type."""
        raise NotImplementedError

    def way(self) -> dict[str, Any]:
        """How calls reach us, as columns of the connection."""
        raise NotImplementedError

    def clean_numbers(self) -> tuple[str, ...]:
        found = dict.fromkeys(_number(line) for line in lines(self.cleaned_data["numbers"]))
        return tuple(found)

    def asked(self) -> Connection:
        values = self.cleaned_data
        return Connection(
            key=values["key"],
            preset=self.preset,
            name=values["name"],
            way=self.way(),
            numbers=values["numbers"],
            agent=values["agent"],
        )


class ConnectForm(LineForm):
    """Calls are sent to our address. `repeat` is asked only for addresses that the provider is not
    known by.
    """

    addresses = forms.CharField(
        label=_("Addresses that the provider's calls come from, one a line"),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        error_messages={
            "required": _(
                "Write at least one address. Without any, everybody on the internet could call."
            )
        },
    )
    repeat = forms.CharField(
        label=_("Type these addresses once more"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off"}),
    )
    field_order = ("key", "numbers", "agent", "addresses", "repeat", "name")
    strange: tuple[str, ...] = ()

    def __init__(self, *args: Any, preset: Preset, **kwargs: Any) -> None:
        super().__init__(*args, preset=preset, **kwargs)
        if preset.networks and not preset.is_sure:
            self.fields["addresses"].help_text = _(
                "Not confirmed by the provider: your call from the next step will show whether they"
                " are right."
            )

    def known(self, preset: Preset) -> dict[str, Any]:
        return {"addresses": "\n".join(fact.value for fact in preset.networks)}

    def way(self) -> dict[str, Any]:
        return {"addresses": "\n".join(self.cleaned_data["addresses"])}

    def clean_addresses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(_address, lines(self.cleaned_data["addresses"]))))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.strange = tuple(outside(self.preset, cleaned.get("addresses", ())))
        if self.strange and set(lines(cleaned.get("repeat", ""))) != set(self.strange):
            self.add_error(
                "repeat",
                _(
                    "We do not know these as the provider's: %(addresses)s. Whoever has such an"
                    " address can call at your expense. If the provider's support told you them,"
                    " type them here once more."
                )
                % {"addresses": ", ".join(self.strange)},
            )
        return cleaned


class LoginForm(LineForm, SignInForm):
    """We sign in at the provider. `MORE` is what hardly anybody has to change."""

    register_proxy = forms.CharField(
        label=_("Outbound proxy, only where the provider gave one"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    register_transport = forms.ChoiceField(
        label=_("Transport"), choices=RegisterTransport.choices, required=False
    )
    field_order = (
        "key",
        "register_at",
        "register_login",
        "register_password",
        "kept_register_password",
        "numbers",
        "agent",
    )
    MORE = ("register_proxy", "register_transport", "name")

    def known(self, preset: Preset) -> dict[str, Any]:
        sign_in = sign_in_of(preset)
        return {
            "register_at": sign_in.known_host,
            "register_transport": sign_in.transport.value,
        }

    def __init__(self, *args: Any, preset: Preset, **kwargs: Any) -> None:
        super().__init__(*args, preset=preset, **kwargs)
        host = sign_in_of(preset).host
        if host and host.value.startswith("."):
            self.fields["register_at"].widget.attrs["placeholder"] = f"…{host.value}"

    @property
    def more_is_wrong(self) -> bool:
        return any(self[name].errors for name in self.MORE)

    def clean_register_proxy(self) -> str:
        return server(self.cleaned_data["register_proxy"])

    def clean_register_transport(self) -> str:
        chosen: str = self.cleaned_data["register_transport"]
        return chosen or sign_in_of(self.preset).transport.value

    def way(self) -> dict[str, Any]:
        number_in = sign_in_of(self.preset).number_in.value
        return {
            **self.sign_in(),
            "register_proxy": self.cleaned_data["register_proxy"],
            "register_transport": self.cleaned_data["register_transport"],
            "learned_number_in": "" if number_in == "any" else number_in,
        }


def sign_in_of(preset: Preset) -> SignIn:
    if preset.sign_in is None:
        raise ValueError(f"{preset.slug} takes no login")
    return preset.sign_in


class PhoneForm(forms.Form):
    """Whose call is waited for."""

    caller = forms.CharField(
        label=_("The number of the phone that you will call from"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )

    def clean_caller(self) -> str:
        return _number(self.cleaned_data["caller"])


def _number(text: str) -> str:
    try:
        return e164(text)
    except NumberError as error:
        raise ValidationError(str(error.sentence)) from error


def _address(text: str) -> str:
    try:
        checked(text)
    except AddressError as error:
        raise ValidationError(str(error.sentence)) from error
    return text.lower()
