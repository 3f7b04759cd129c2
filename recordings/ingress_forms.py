"""The form of a new incoming stream."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from recordings import outside
from recordings.ingress_models import Ingress

NO_SOURCE = _("Write the address that is to be fetched.")
NOT_FETCHED = _("Only “An address that is fetched” needs it. Leave this empty.")


class IngressForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    class Meta:
        model = Ingress
        fields = ("name", "kind", "room_name", "source")
        labels: ClassVar[dict[str, Any]] = {"source": _("address that is fetched")}
        help_texts: ClassVar[dict[str, Any]] = {
            "room_name": _("Who sends is heard and seen in this room. It need not be open yet."),
            "source": _(
                "For an address that is fetched: https://… or srt://…, out in the internet."
            ),
        }
        widgets: ClassVar[dict[str, Any]] = {
            "kind": forms.RadioSelect,
            "source": forms.TextInput(attrs={"autocomplete": "off", "maxlength": 2000}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        kind.choices = Ingress.Kind.choices  # type: ignore[attr-defined]  # a ChoiceField
        kind.initial = Ingress.Kind.RTMP

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, source = cleaned.get("kind"), (cleaned.get("source") or "").strip()
        if kind == Ingress.Kind.URL:
            refusal = outside.why_not(source) if source else None
            if not source or refusal:
                self.add_error("source", str(refusal or NO_SOURCE))
        elif kind and source:
            self.add_error("source", str(NOT_FETCHED))
        return cleaned
