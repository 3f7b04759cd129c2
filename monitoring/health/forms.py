"""The limits of a check, as staff change them."""

from typing import Any

from django import forms
from django.utils.formats import number_format

from monitoring.health.base import Check
from monitoring.health.page import Setting


class LimitsForm(forms.Form):
    """A field for each limit, with its explanation and what it is where nobody changes it."""

    def __init__(self, check: type[Check], settings: list[Setting], *args: Any) -> None:
        super().__init__(*args)
        for setting in settings:
            limit = setting.limit
            self.fields[limit.name] = forms.FloatField(
                label=str(limit.title),
                help_text=f"{limit.hint} ({number_format(limit.default)})",
                min_value=limit.least,
                max_value=limit.most,
                initial=setting.value,
                widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
            )
