"""Forms of rows that two people may have open at once: who saves second sees both versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

# Fields of the form itself, which say nothing of the row.
OWN = {"revision"}


@dataclass(frozen=True)
class Disagreement:
    """A field that holds something else in the database than in a person's form."""

    label: str
    theirs: str
    yours: str


class Rewritten(forms.BaseForm):
    """A form that goes out again with other values than came in."""

    def put(self, name: str, value: object) -> None:
        """What the field holds when the form is shown again."""
        data: Any = self.data
        data = data.copy()
        data[self.add_prefix(name)] = str(value)
        self.data = data


class RevisionForm(Rewritten, forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """The form of a veyra.models.Keepable; it carries the revision that it was opened with.

    If somebody saved the row since, nothing is written: `disagreements` has both versions, and the
    form goes out again with the newest revision, so that a second save is meant.
    """

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    disagreements: tuple[Disagreement, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["revision"].initial = self.instance.revision
        self.newest: int = self.instance.revision

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        opened = cleaned.get("revision")
        if self.instance.pk and opened is not None and opened != self.newest:
            self.disagreements = tuple(self._compare())
            if self.disagreements:
                self.put("revision", self.newest)
                said = _("Somebody else saved this since you opened it. Nothing was overwritten.")
                self.add_error("revision", said)
        return cleaned

    def _compare(self) -> Iterable[Disagreement]:
        return compared(self)


def compared(form: forms.BaseForm) -> Iterable[Disagreement]:
    """The fields that hold something else in the database than in a person's form."""
    for name in form.changed_data:
        if name not in OWN:
            field = form[name]
            theirs = _shown(field.field, field.initial)
            yours = _shown(field.field, _yours(form, name))
            if theirs != yours:
                yield Disagreement(str(field.label), theirs, yours)


def _yours(form: forms.BaseForm, name: str) -> Any:
    """As it was written, where writing is read into something else, such as lines into keys."""
    field = form[name]
    value = getattr(form, "cleaned_data", {}).get(name, field.data)
    return field.data if isinstance(value, list) and isinstance(field.data, str) else value


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(field.widget, forms.PasswordInput):
        return "••••" if value else "—"
    if isinstance(field, forms.ModelChoiceField):
        return _rows(field, value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]  # flat choices
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value).replace("\r\n", "\n") if value not in (None, "") else "—"


def _rows(field: "forms.ModelChoiceField[Any]", value: Any) -> str:
    """Rows, or their ids, by their names."""
    several = value if isinstance(value, (list, tuple, models.QuerySet)) else [value]
    pks = [getattr(each, "pk", each) for each in several if each]
    model = field.queryset.model if field.queryset is not None else None
    found = model._default_manager.filter(pk__in=pks) if model is not None else []
    return ", ".join(sorted(map(str, found))) or "—"
