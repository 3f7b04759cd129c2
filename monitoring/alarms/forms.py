"""What staff say of a channel: plain fields, one form a kind. Secrets are written, never shown."""

import json
import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.alarms.kinds import KINDS, PROXY, Field, is_whole
from monitoring.alarms.models import AlertChannel
from monitoring.alarms.sending import INSIDE, NO_MAIL, has_mail_server
from recordings.outside import NOBODY_KNOWS
from veyra.models import User
from veyra.outside import addresses_of, host_of, is_outside, networks_of, own, plain
from veyra.sentences import Sentence

KEEPS = gettext_lazy("Leave it empty to keep what is stored. It is never shown.")
KEEPS_OR_DROPS = gettext_lazy(
    "Leave it empty to keep what is stored; write a hyphen (-) to remove it. It is never shown."
)
NOTHING = "-"
SAFETY = [
    ("starttls", gettext_lazy("STARTTLS (usual, port 587)")),
    ("ssl", gettext_lazy("TLS from the start (port 465)")),
    ("none", gettext_lazy("None: only inside your own network")),
]
FROM = [
    (1, gettext_lazy("only what is critical")),
    (2, gettext_lazy("what is critical or high")),
    (3, gettext_lazy("all but what is low")),
    (4, gettext_lazy("everything")),
]
BOT_TOKEN = re.compile(r"\d{6,}:[\w-]{30,}")
CLOSED = {"autocomplete": "off", "spellcheck": "false"}


def staff() -> Any:
    return User.objects.filter(is_staff=True, is_active=True).order_by("username")


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    def label_from_instance(self, person: User) -> str:
        return person.get_full_name() or person.get_username()


class ChannelForm(forms.Form):
    """Of one kind. `channel`: the one that is changed; None: a new one."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy(
            "As you will know it again: “Anna's telephone”, “Chat of the duty”."
        ),
    )
    person = PersonField(
        label=gettext_lazy("Whose it is"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("Nobody's alone: a group, or a shared mailbox"),
        help_text=gettext_lazy("What is nobody's alone is told at once, with the first step."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the messages"), choices=settings.LANGUAGES
    )
    severity = forms.TypedChoiceField(
        label=gettext_lazy("Tells of"), choices=FROM, coerce=int, initial=3
    )
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(
        self, *args: Any, kind: str, channel: AlertChannel | None = None, **kwargs: Any
    ) -> None:
        kwargs["initial"] = _initial(channel, kwargs.get("initial", {}))
        super().__init__(*args, **kwargs)
        self.kind, self.channel = KINDS[kind], channel
        self._stored = _stored(channel)
        self.fields["person"].queryset = staff()  # type: ignore[attr-defined]  # a PersonField
        for field in self.kind.fields:
            self.fields[field.name] = _made(field, field.name in self._stored)
        if self.kind.proxied:
            self.fields[PROXY] = _made(_proxy(), PROXY in self._stored)
        self.label_suffix = ""

    def of_kind(self) -> list[forms.BoundField]:
        """Those without which it cannot be reached."""
        return [self[name] for name in self._names if not self._is_special(name)]

    def special(self) -> list[forms.BoundField]:
        """Those that are seldom needed."""
        return [self[name] for name in self._names if self._is_special(name)]

    @property
    def _names(self) -> list[str]:
        return [field.name for field in self.kind.fields] + [PROXY] * self.kind.proxied

    def _is_special(self, name: str) -> bool:
        """Telegram is closed in many networks."""
        if name == PROXY:
            return self.kind.slug != "telegram"
        return not next(field.required for field in self.kind.fields if field.name == name)

    @property
    def has_special_trouble(self) -> bool:
        return any(field.errors for field in self.special())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # By a proxy it is the proxy that looks names up.
        proxy = cleaned.get(PROXY) or self._stored.get(PROXY) or NOTHING
        is_direct = proxy == NOTHING
        for field in (*self.kind.fields, *([_proxy()] if self.kind.proxied else [])):
            text = str(cleaned.get(field.name) or "").strip()
            if text in ("", NOTHING) or field.name in self.errors:
                continue
            try:
                cleaned[field.name] = CLEANERS.get(field.shape, _as_it_is)(field, text)
                if field.name == PROXY or (is_direct and field.shape in ("url", "host")):
                    must_be_outside(host_of(text) or text)
            except ValidationError as error:
                self.add_error(field.name, error)
        self._need_both_hours(cleaned)
        if self.kind.slug == "mail":
            self._need_server(cleaned)
        return cleaned

    def _need_both_hours(self, cleaned: dict[str, Any]) -> None:
        if bool(cleaned.get("quiet_from")) != bool(cleaned.get("quiet_until")):
            self.add_error("quiet_from", _("Fill in both hours, or neither."))

    def _need_server(self, cleaned: dict[str, Any]) -> None:
        host = cleaned.get("host") or "host" in self.errors
        if not host and not has_mail_server():
            self.add_error("host", str(Sentence(NO_MAIL)))
        if host and not cleaned.get("sender") and "@" not in (cleaned.get("user") or ""):
            self.add_error("sender", _("Write who the letters are from: a mail address."))

    def values(self) -> dict[str, str]:
        """All values of the kind; what was left empty and is secret stays as it was."""
        given = {name: str(self.cleaned_data.get(name) or "") for name in self._names}
        kept = {
            name: text
            for name, text in self._stored.items()
            if not given.get(name) and (name in self.kind.secrets or name not in given)
        }
        return {name: text for name, text in (given | kept).items() if text not in ("", NOTHING)}

    def fill(self, channel: AlertChannel) -> None:
        """Put it all on the row, which then is as if it had never failed."""
        values = self.values()
        for name in ("name", "person", "language", "severity", "quiet_from", "quiet_until"):
            setattr(channel, name, self.cleaned_data[name])
        put(channel, values)
        channel.failing_since, channel.error = None, {}


def put(channel: AlertChannel, values: dict[str, str]) -> None:
    """Store these values, each where it belongs."""
    secrets = KINDS[channel.kind].secrets | {"code"}
    channel.values = {name: text for name, text in values.items() if name not in secrets}
    hidden = {name: text for name, text in values.items() if name in secrets}
    channel.secret = json.dumps(hidden) if hidden else ""
    channel.changed_at = timezone.now()


def _stored(channel: AlertChannel | None) -> dict[str, str]:
    """Nothing where the secret cannot be read: then it is asked for anew."""
    if channel is None:
        return {}
    return channel.values if channel.is_locked else channel.all_values()


def _initial(channel: AlertChannel | None, more: dict[str, Any]) -> dict[str, Any]:
    if channel is None:
        return more
    names = ("name", "person", "language", "severity", "quiet_from", "quiet_until")
    return {**{name: getattr(channel, name) for name in names}, **channel.values, **more}


def _proxy() -> Field:
    help_text = gettext_lazy(
        "Where the service is not reached directly: http://user:password@host:port. It is kept"
        " encrypted."
    )
    return Field(PROXY, gettext_lazy("Proxy"), help_text, secret=True, required=False, shape="url")


def _made(field: Field, is_stored: bool) -> forms.Field:
    attrs = CLOSED | ({"placeholder": field.placeholder} if field.placeholder else {})
    if field.shape == "safety":
        return forms.ChoiceField(label=field.label, choices=SAFETY, required=False)
    keeps = field.secret and is_stored
    hidden = forms.PasswordInput(attrs=attrs | {"autocomplete": "new-password"})
    return forms.CharField(
        label=field.label,
        required=field.required and not keeps,
        max_length=500,
        help_text=_help(field, keeps),
        widget=hidden if field.secret else forms.TextInput(attrs=attrs),
    )


def _help(field: Field, keeps: bool) -> Any:
    if not keeps:
        return field.help
    return KEEPS if field.required else KEEPS_OR_DROPS


def _as_it_is(field: Field, text: str) -> str:
    return text


def _url(field: Field, text: str) -> str:
    if field.name == PROXY:
        if not text.startswith(("http://", "https://")) or not host_of(text):
            raise ValidationError(_("Write it as http://user:password@host:port."))
        return text
    if not is_whole(field, text):
        told = _("This is not such an address. It looks like %(example)s")
        raise ValidationError(told % {"example": field.placeholder or "https://example.com"})
    return text


def _mail(field: Field, text: str) -> str:
    return str(forms.EmailField().clean(text))


def _phone(field: Field, text: str) -> str:
    digits = re.sub(r"[\s()-]", "", text)
    if not re.fullmatch(r"\+\d{10,15}", digits):
        raise ValidationError(_("Write the whole number, from + on: +79161234567."))
    return digits


def _port(field: Field, text: str) -> str:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise ValidationError(_("Write a number from 1 to 65535."))
    return text


def _token(field: Field, text: str) -> str:
    if not BOT_TOKEN.fullmatch(text):
        raise ValidationError(_("This is no token. It looks like 123456789:AAF…"))
    return text


CLEANERS: dict[str, Callable[[Field, str], str]] = {
    "url": _url,
    "mail": _mail,
    "phone": _phone,
    "port": _port,
    "token": _token,
}


def must_be_outside(host: str) -> None:
    """Raises ValidationError for what leads into our own network and is not named."""
    found = addresses_of(host, 443)
    if not found:
        raise ValidationError(str(Sentence(NOBODY_KNOWS, {"host": host})))
    networks = [network for name in settings.ALARM_HOSTS for network in networks_of(name)]
    ours = own()
    for address in found:
        named = any(address in network for network in networks)
        if not named and (not is_outside(address) or plain(address) in ours):
            raise ValidationError(str(Sentence(INSIDE, {"address": str(address)})))


class StepForm(forms.Form):
    """One step of the chain."""

    person = PersonField(
        label=gettext_lazy("Who"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("Everybody"),
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("After so many minutes without an answer"),
        min_value=1,
        max_value=1440,
        initial=5,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = staff()  # type: ignore[attr-defined]  # a PersonField


class WatchForm(forms.Form):
    """The address that is called each well minute."""

    url = forms.CharField(
        label=gettext_lazy("Address that is called each minute"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "placeholder": "https://hc-ping.com/…"}
        ),
    )
    proxy = forms.CharField(
        label=gettext_lazy("Proxy"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_url(self) -> str:
        field = Field("url", "", placeholder="https://hc-ping.com/…", path=".*")
        text = str(self.cleaned_data["url"]).strip()
        if text:
            _url(field, text)
            if not self.data.get("proxy"):
                must_be_outside(host_of(text))
        return text

    def clean_proxy(self) -> str:
        text = str(self.cleaned_data["proxy"]).strip()
        if text:
            _url(_proxy(), text)
            must_be_outside(host_of(text))
        return text
