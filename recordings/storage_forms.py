"""What staff say of a storage. Its secret keys are written, never shown."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from recordings import owning
from recordings.models import Recording, Storage
from recordings.outside import NOWHERE
from recordings.stores import store_of
from recordings.storing import StoreError
from veyra.outside import host_of, leads_nowhere
from veyra.secrets import SecretError
from veyra.sentences import Sentence

KEEPS = _("Leave it empty to keep the key that is stored. It is never shown.")
# Where what lies there would not be found any more.
PLACE = ("kind", "folder", "bucket", "prefix")
REACHED = ("endpoint", "region", "access_key")
SECRETS = {"new_secret": "secret_key", "new_egress_secret": "egress_secret_key"}


def _secret(label: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, required=False, strip=False, widget=widget, help_text=KEEPS)


class StorageForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    new_secret = _secret(_("Secret key"))
    new_egress_secret = _secret(_("Secret key of the recording service"))

    class Meta:
        model = Storage
        fields = (
            *("name", "kind", "is_current", "is_encrypted"),
            *("folder", "endpoint", "region", "bucket", "prefix", "access_key"),
            *("egress_access_key", "price", "currency"),
        )
        widgets = {
            "endpoint": UnfoldAdminTextInputWidget(
                attrs={"placeholder": "https://storage.yandexcloud.net"}
            ),
            "region": UnfoldAdminTextInputWidget(attrs={"placeholder": "ru-central1"}),
            "currency": UnfoldAdminTextInputWidget(attrs={"placeholder": "RUB"}),
        }
        help_texts = {
            "is_current": _("What is recorded before stays where it lies, and can still be heard."),
            "is_encrypted": _(
                "Who gets hold of the storage alone can then hear nothing. Keep FIELD_KEYS apart"
                " from it: without them the recordings are lost."
            ),
            "folder": _(
                "Empty: a private folder beside Veyra's other files. Where Veyra runs on several"
                " servers, all of them must see this folder."
            ),
            "endpoint": _("Empty for Amazon's own S3."),
            "prefix": _("Usually empty. For a bucket that others use, too."),
            "access_key": _("It must be allowed to write, read, list and delete."),
            "egress_access_key": _(
                "A login of its own, which only needs to write, under egress/. Where that service"
                " runs it then carries on what somebody asks to record. Without it that service can"
                " record nothing into this storage."
            ),
            "price": _("As the storage's price list says; only to show what recordings cost."),
        }

    def clean_folder(self) -> str:
        folder: str = self.cleaned_data["folder"]
        if folder and not folder.startswith("/"):
            raise ValidationError(_("Write the whole path, from / on."))
        return folder

    def clean_endpoint(self) -> str:
        address: str = self.cleaned_data["endpoint"].strip().rstrip("/")
        if address and not (address.startswith(("https://", "http://")) and host_of(address)):
            raise ValidationError(
                _("This is no address. It looks like https://storage.yandexcloud.net.")
            )
        if address and leads_nowhere(host_of(address)):
            raise ValidationError(str(Sentence(NOWHERE, {"host": host_of(address)})))
        return address

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        return currency

    def clean_is_current(self) -> bool:
        chosen: bool = self.cleaned_data["is_current"]
        if self.initial.get("is_current") and not chosen:
            raise ValidationError(
                _("Recordings must go somewhere: open the other storage and choose it there.")
            )
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == Storage.Kind.S3:
            self._need_login(cleaned)
        moved = [name for name in PLACE if name in self.changed_data and name in cleaned]
        if self.instance.pk and moved and self._holds_any():
            self.add_error(
                moved[0],
                _(
                    "Recordings lie there, and would not be found any more. Add a new storage"
                    " instead, and let new recordings go there."
                ),
            )
        if not self.errors and (moved or not self.instance.pk):
            self._look_whose(cleaned)
        for name in SECRETS:
            if self.errors and name not in self.errors and cleaned.get(name):
                self.add_error(name, _("Type the key once more."))
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """Which one is the current is settled when it is saved, not before."""
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # the stubs lack it
        return found | {"is_current"}

    def _need_login(self, cleaned: dict[str, Any]) -> None:
        for name in ("bucket", "access_key"):
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, _("S3 needs this."))
        stored = self.instance.__dict__.get("secret_key")
        if not stored and not cleaned.get("new_secret"):
            self.add_error("new_secret", _("S3 needs this."))

    def _look_whose(self, cleaned: dict[str, Any]) -> None:
        """Where the storage does not answer now, “Try it” tells."""
        storage = Storage(**{name: cleaned[name] for name in (*PLACE, *REACHED)})
        try:
            storage.secret_key = cleaned.get("new_secret") or self.instance.secret_key
            wrong = owning.stranger(store_of(storage))
        except (StoreError, SecretError):
            return
        if wrong:
            place = "bucket" if storage.kind == Storage.Kind.S3 else "folder"
            self.add_error(place, str(wrong))

    def _holds_any(self) -> bool:
        return Recording.objects.lying_in(self.instance).exists()

    def save(self, commit: bool = True) -> Any:
        for name, column in SECRETS.items():
            if typed := self.cleaned_data.get(name):
                setattr(self.instance, column, typed)
        return super().save(commit)
