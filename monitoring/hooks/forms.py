"""The form of a webhook."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy
from yarl import URL

from agentworker.tools.errand import ErrandError, checked
from monitoring.alarms.forms import KEEPS
from monitoring.hooks.kinds import offered
from monitoring.hooks.models import Hook
from monitoring.hooks.sending import INSIDE
from veyra.models import User
from veyra.outside import Fence, addresses_of
from veyra.sentences import Sentence

NOT_SAFE = gettext_lazy(
    "Write an address that begins with https://. Calls and their numbers would be open to everybody"
    " on the way."
)
NOBODY_KNOWS = gettext_lazy("Nobody knows the name “%(host)s”. Correct it.")


class HookForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """`url` is never shown again: such addresses often have a key in them."""

    url = forms.CharField(
        label=gettext_lazy("Address of the program"),
        max_length=2000,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "placeholder": "https://crm.example.ru/veyra"}
        ),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Hook
        fields = ("name", "kinds", "language")
        help_texts = {"name": gettext_lazy("As you will know it again: “CRM”, “Warehouse”.")}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind.value, kind.label) for kind in offered(user)]
        self.fields["kinds"].choices = choices  # type: ignore[attr-defined]  # a MultipleChoiceField
        self.label_suffix = ""
        self._kinds = list(self.instance.kinds)
        if self.instance.pk:
            self.fields["url"].required = False
            self.fields["url"].help_text = KEEPS

    def clean_url(self) -> str:
        text = str(self.cleaned_data.get("url") or "").strip()
        if text:
            must_be_outside(text)
        return text

    def save(self, commit: bool = True) -> Hook:
        hook: Hook = super().save(commit=False)
        if url := self.cleaned_data["url"]:
            hook.url, hook.host = url, URL(url).host or ""
        chosen, hook.kinds = hook.kinds, self._kinds
        hook.choose(chosen, timezone.now())
        if commit:
            hook.save()
        return hook


def must_be_outside(text: str) -> None:
    """Raises ValidationError. Asks the name server, as the sender does each time."""
    fence = Fence(settings.ALARM_HOSTS)
    try:
        url = checked(text, fence)
    except ErrandError as error:
        told = error.sentence
        raise ValidationError(
            str(Sentence(INSIDE, told.values) if told.values else told)
        ) from error
    host = url.host or ""
    found = [str(each) for each in addresses_of(host, url.port or 443)]
    if not found:
        raise ValidationError(NOBODY_KNOWS % {"host": host})
    if not all(fence.lets(each) for each in found):
        raise ValidationError(str(Sentence(INSIDE, {"host": host})))
    if url.scheme != "https" and not is_named_inside(found):
        raise ValidationError(NOT_SAFE)


def is_named_inside(found: list[str]) -> bool:
    """Does the installation name it, and would it be inside without that?"""
    return not any(Fence([]).lets(each) for each in found)
