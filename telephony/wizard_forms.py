"""What the wizard asks."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agentworker.models import Agent
from telephony.connecting import Connection, outside, trunk_name
from telephony.numbers import NumberError, e164
from telephony.providers import Preset
from telephony.routing.addresses import AddressError, checked
from telephony.routing.edit import lines
from veyra.models import User


class ConnectForm(forms.Form):
    """A provider's connection with its numbers. `repeat` is asked only for addresses that the
    provider is not known by.
    """

    key = forms.UUIDField(widget=forms.HiddenInput())
    numbers = forms.CharField(
        label=_("Numbers that people dial, one a line"),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "8 (499) 112-41-48"}),
    )
    agent: "forms.ModelChoiceField[Agent]" = forms.ModelChoiceField(
        Agent.objects.none(), label=_("Who answers"), empty_label=_("Choose an assistant")
    )
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
    name = forms.CharField(label=_("What you call this connection"), max_length=100)

    def __init__(self, *args: Any, preset: Preset, user: User, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "key": uuid.uuid4(),
            "name": trunk_name(preset),
            "addresses": "\n".join(fact.value for fact in preset.networks),
        }
        super().__init__(*args, **kwargs)
        self.preset = preset
        self.strange: list[str] = []
        agents = Agent.objects.visible_to(user).kept()
        self.fields["agent"].queryset = agents  # type: ignore[attr-defined]  # it is a ModelChoiceField
        if len(only := list(agents[:2])) == 1:
            self.initial["agent"] = only[0].pk

    def clean_numbers(self) -> tuple[str, ...]:
        found = dict.fromkeys(_number(line) for line in lines(self.cleaned_data["numbers"]))
        return tuple(found)

    def clean_addresses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(_address, lines(self.cleaned_data["addresses"]))))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.strange = outside(self.preset, cleaned.get("addresses", ()))
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

    def asked(self) -> Connection:
        values = self.cleaned_data
        return Connection(
            key=values["key"],
            preset=self.preset,
            name=values["name"],
            addresses=values["addresses"],
            numbers=values["numbers"],
            agent=values["agent"],
        )


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
