"""Forms whose rows change through telephony.changes: first it is shown what that will mean."""

import json
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from telephony import changes
from telephony.changes import Change, Edit, Impact, model_name
from telephony.models import Gateway
from veyra.secrets import EncryptedTextField, SecretError, decrypt, encrypt
from veyra.stale import RevisionForm, Rewritten


class EditForm(RevisionForm):
    """A form that is saved in two steps where callers would notice: shown, then confirmed.

    The first time it comes back with `impact` and its token in the hidden field `seen`; it is valid
    once the token is that of the impact as it is now. `edit` is what a valid form asks for. Use it
    inside a transaction: between the last look and the save nobody else changes the line.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    accepted = forms.BooleanField(required=False)
    starts_at = forms.SplitDateTimeField(
        label=_("Takes effect from"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget(),
        help_text=_("Empty: at once. Otherwise the change waits, and you see it on the number."),
    )
    impact: Impact | None = None
    # The form is right, and waits for a person's yes; `lacks_tick`: he said it without the tick.
    asks = lacks_tick = False

    def clean_starts_at(self) -> Any:
        at = self.cleaned_data["starts_at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError(
                _("This moment has passed. Leave it empty to save at once.")
            )
        return at

    def validate_constraints(self) -> None:
        """Numbers and names that are taken are among the impact's errors, and say by whom."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if not self.errors:
            self._look_ahead()

    def _look_ahead(self) -> None:
        Gateway.hold_line()
        change = Change(
            model=model_name(self.instance),
            key=str(self.instance.key),
            values=self.values(),
            revision=self.newest if self.instance.pk else None,
        )
        self.edit = Edit(changes=(change,))
        self.impact = changes.preview(self.edit)
        for sentence in self.impact.errors:
            self.add_error(None, str(sentence))
        if not self.errors and not self._confirmed(self.impact):
            self.asks = True
            self.lacks_tick = self.cleaned_data["seen"] == self.impact.token
            self.put("seen", self.impact.token)
            self.put("accepted", "")
            self.add_error("seen", _("Look at what this changes, then save."))

    def _confirmed(self, impact: Impact) -> bool:
        if impact.is_empty:
            return True
        seen = self.cleaned_data["seen"] == impact.token
        return seen and (self.cleaned_data["accepted"] or not impact.needs_tick)

    def values(self) -> dict[str, Any]:
        """The fields that were changed, all of a new row, as telephony.routing.edit holds them."""
        changed = set(self.changed_data if self.instance.pk else self.fields)
        found = {
            field.name: _plain(field, self.cleaned_data[field.name])
            for field in (*self.instance._meta.fields, *self.instance._meta.many_to_many)
            if field.editable and field.name in changed and field.name in self.cleaned_data
        }
        # What only lies in Python, such as a date, as it will lie in a row that waits.
        plain: dict[str, Any] = json.loads(json.dumps(found, cls=DjangoJSONEncoder))
        return plain


def _plain(field: Any, value: Any) -> Any:
    if isinstance(field, models.ManyToManyField):
        return sorted(str(each.key) for each in value)
    if isinstance(field, models.ForeignKey):
        return str(value.key) if value else None
    if isinstance(field, EncryptedTextField):
        return encrypt(value) if value else ""
    return value


def keep_typed(form: Rewritten, name: str) -> str:
    """The secret that a person typed into field `name` now, or before the form came back to him.

    It goes out again as ciphertext, in the hidden field `kept_<name>`: nothing typed is lost, and
    no page shows a password.
    """
    typed: str = form.cleaned_data.get(name) or ""
    kept: str = form.cleaned_data.get(f"kept_{name}") or ""
    if not typed and kept:
        try:
            typed = decrypt(kept)
        except SecretError:
            form.add_error(name, _("Type the password once more."))
    if typed:
        form.put(f"kept_{name}", encrypt(typed))
    return typed
