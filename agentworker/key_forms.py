"""The form of a provider's key: what the provider asks for. Secrets are written, never shown."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agentworker.keys import ProviderKey
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Field, Provider
from agentworker.providers.fenced import why_not
from agentworker.providers.http import HOST

KEEPS = gettext_lazy("Leave it empty to keep what is stored. It is never shown.")
KEEPS_OR_DROPS = gettext_lazy(
    "Leave it empty to keep what is stored; write a hyphen (-) to remove it. It is never shown."
)
NOTHING = "-"
# A key is never shown, so it does not go to whoever a person names later, either.
TYPE_ANEW = gettext_lazy(
    "The key would be sent to another place than before. Type it here once more, so that nobody"
    " can have it sent to himself."
)
# It goes into a header. Three dots made one are what a site shows of a key that it hides.
NO_KEY = gettext_lazy(
    "There are letters or signs here that no key has. Copy it once more, whole, from the"
    " provider's site."
)
PROXY = Field(
    "proxy",
    gettext_lazy("Proxy"),
    help=gettext_lazy(
        "Where the provider does not serve our country, or is not reached directly:"
        " http://user:password@host:port. It is kept encrypted."
    ),
    is_secret=True,
    is_required=False,
)
# A service account of Google is a file.
LONGEST = 10_000


class KeyForm(forms.Form):
    """Of one provider. `row`: the key that is changed; None: a new one."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("As you will know it again, such as “OpenAI of the shop”."),
    )

    def __init__(
        self, *args: Any, provider: Provider, row: ProviderKey | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.provider, self.row = provider, row
        stored = row.settings if row else {}
        self.fields["name"].initial = row.name if row else provider.label
        for field in self.typed:
            kept = field.is_secret and self._holds(field.name)
            self.fields[field.name] = _made(field, kept)
            self.fields[field.name].initial = stored.get(field.name, field.first)
        self.label_suffix = ""

    @property
    def typed(self) -> list[Field]:
        return [*self.provider.fields, *([PROXY] if self.provider.check else [])]

    def of_provider(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.provider.fields]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        others = ProviderKey.objects.kept().filter(name=name)
        if self.row:
            others = others.exclude(pk=self.row.pk)
        if others.exists():
            raise forms.ValidationError(_("There is already a key with this name."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        addresses = self.addresses
        for field in self.provider.fields:
            if field.is_secret and not str(cleaned.get(field.name) or "").isascii():
                self.add_error(field.name, NO_KEY)
        typed_proxy = cleaned.get("proxy") not in ("", NOTHING, None)
        proxied = typed_proxy or (cleaned.get("proxy") == "" and self._holds("proxy"))
        for name in addresses:
            # By a proxy it is the proxy that looks names up.
            if (url := cleaned.get(name)) and not proxied:
                self._look(name, url)
        if typed_proxy:
            self._look_at_proxy(str(cleaned["proxy"]))
        if self._goes_elsewhere(cleaned, typed_proxy):
            self.add_error("secret", TYPE_ANEW)
        if addresses and not any(cleaned.get(name) or name in self.errors for name in addresses):
            self.add_error(None, _("Fill in at least one of the addresses."))
        return cleaned

    @property
    def addresses(self) -> list[str]:
        """Fields that name the way to an engine."""
        return [each.name for each in self.provider.fields if each.name.endswith("_url")]

    def _holds(self, name: str) -> bool:
        return self.row is not None and _is_stored(self.row, name)

    def _goes_elsewhere(self, cleaned: dict[str, Any], by_proxy: bool) -> bool:
        """Does what is stored go to another place, which whoever names it may stand at?"""
        if self.row is None or not self._holds("secret") or cleaned.get("secret"):
            return False
        stored, named = self.row.settings, [*self.addresses, HOST]
        changed = any((cleaned.get(name) or "") not in ("", stored.get(name)) for name in named)
        # What is not encrypted is read by a proxy, too.
        return changed or bool(by_proxy and self.addresses)

    def _look(self, name: str, url: str) -> None:
        if sentence := why_not(url):
            self.add_error(name, str(sentence))

    def _look_at_proxy(self, text: str) -> None:
        try:
            parts = urlsplit(text)
            is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_whole = False
        if not is_whole:
            self.add_error("proxy", _("Write it as http://user:password@host:port."))
        else:
            self._look("proxy", text)

    def fill(self, row: ProviderKey) -> None:
        """Put it all on the row, of which nothing is known then."""
        row.name, row.provider = self.cleaned_data["name"], self.provider.slug
        for field in self.typed:
            if field.is_secret and (typed := self.cleaned_data[field.name].strip()):
                setattr(row, field.name, "" if typed == NOTHING else typed)
        row.settings = {
            field.name: self.cleaned_data[field.name].strip()
            for field in self.provider.fields
            if not field.is_secret and self.cleaned_data[field.name].strip()
        }
        row.works, row.verdict, row.tested_at, row.tested_ms = None, {}, None, None


def _is_stored(row: ProviderKey, name: str) -> bool:
    """Without opening it: it may be locked."""
    return bool(row.__dict__.get(name))


def _made(field: Field, keeps: bool) -> forms.Field:
    is_required = field.is_required and not keeps
    if field.choices:
        return forms.ChoiceField(
            label=str(field.label), choices=field.choices, required=is_required
        )
    attrs = {"autocomplete": "new-password" if field.is_secret else "off", "spellcheck": "false"}
    how = (KEEPS if field.is_required else KEEPS_OR_DROPS) if keeps else field.help
    hidden = forms.PasswordInput(attrs=attrs)
    shown = forms.Textarea(attrs={**attrs, "rows": 4}) if field.is_long else forms.TextInput(attrs)
    return forms.CharField(
        label=str(field.label),
        required=is_required,
        max_length=LONGEST if field.is_secret or field.is_long else 500,
        help_text=str(how),
        widget=hidden if field.is_secret else shown,
    )


def offered() -> list[Provider]:
    """Whose keys a person can add."""
    return [each for each in PROVIDERS.values() if each.fields]
