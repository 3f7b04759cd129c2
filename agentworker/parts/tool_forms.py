"""The fields of each kind of tool."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agentworker.keys import ProviderKey
from agentworker.providers.http import SLUG
from agentworker.tools.http import METHODS, MOST_SECONDS, PLACE, SECONDS
from agentworker.tools.written import (
    WrittenError,
    format_headers,
    format_reads,
    format_sends,
    parse_headers,
    parse_reads,
    parse_sends,
)

NUMBER = "number"
LONGEST_WHEN = 500
Choices = Iterable[tuple[str, Any]]


@dataclass(frozen=True)
class Directory:
    """Whom calls can be given to: ("colleague:<key>" or "team:<key>", name) each; and a telephone
    number as a person writes it, in E.164 ("": it is none).
    """

    people: Callable[[], Choices] = tuple
    number: Callable[[str], str] = str


def _dress(field: forms.Field) -> None:
    """As the other fields of the page look."""
    if isinstance(field, forms.ChoiceField):
        field.widget = UnfoldAdminSelectWidget(choices=field.choices)
    elif not isinstance(field.widget, UnfoldAdminTextareaWidget):
        field.widget = UnfoldAdminTextInputWidget()


def area() -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget(attrs={"rows": 2})


class ToolForm(forms.Form):
    """Of one tool: `tool` is what is written of it, `directory` whom calls can be given to."""

    when = forms.CharField(
        label=_("When?"),
        required=False,
        max_length=LONGEST_WHEN,
        widget=area(),
    )
    when_help: Any = ""
    # Fields that are seldom needed: they stand folded.
    rare: tuple[str, ...] = ()

    def __init__(
        self,
        *args: Any,
        directory: Directory,
        tool: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = self.first_values(tool or {})
        super().__init__(*args, **kwargs)
        self.directory, self.label_suffix = directory, ""
        for field in self.fields.values():
            _dress(field)
        self.fields["when"].help_text = self.when_help

    def first_values(self, tool: Mapping[str, Any]) -> dict[str, Any]:
        return dict(tool)

    @property
    def usual(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.rare]

    @property
    def seldom(self) -> list[forms.BoundField]:
        return [self[name] for name in self.rare]

    @property
    def seldom_is_wrong(self) -> bool:
        return any(field.errors for field in self.seldom)

    def config(self) -> dict[str, Any]:
        """What a valid form says, but for kind and name."""
        found: dict[str, Any] = self.cleaned_data
        return {name: value for name, value in found.items() if value not in ("", None)}

    def called(self) -> str:
        """What the tool's own name is made of."""
        return ""


class TransferForm(ToolForm):
    to = forms.ChoiceField(
        label=_("With whom?"),
        error_messages={
            "invalid_choice": _("Whom you chose is no longer there. Choose somebody else."),
            "required": _("Choose with whom."),
        },
    )
    number = forms.CharField(
        label=_("Number"),
        required=False,
        max_length=32,
        help_text=_(
            "The provider connects the caller with it; not every provider can. To a colleague, whom"
            " you write down under “Colleagues”, every call can be given."
        ),
    )
    when_help = _("Such as: he asks for a person, wants to buy, or complains.")
    field_order = ("to", "number", "when")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = list(self.directory.people())
        self.names = dict(people)
        shown = [(target, _shown(target, name)) for target, name in people]
        self.fields["to"].choices = [  # type: ignore[attr-defined]  # of a ChoiceField
            ("", _("Choose…")),
            *shown,
            (NUMBER, _("Another number…")),
        ]
        if not people:
            self.fields["to"].help_text = _(
                "Nobody is written down under “Colleagues” yet. Whoever is can be chosen here."
            )

    def first_values(self, tool: Mapping[str, Any]) -> dict[str, Any]:
        to = str(tool.get("to", ""))
        is_number = bool(to) and ":" not in to
        return {**tool, "to": NUMBER if is_number else to, "number": to if is_number else ""}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("to") == NUMBER:
            cleaned["number"] = self.directory.number(cleaned.get("number") or "")
            if not cleaned["number"]:
                said = _("Write a whole telephone number, such as +7 495 123-45-67.")
                self.add_error("number", said)
        return cleaned

    def config(self) -> dict[str, Any]:
        to, when = self.cleaned_data["to"], self.cleaned_data["when"]
        target = self.cleaned_data["number"] if to == NUMBER else to
        return {"to": target, "whom": self.called(), "when": when}

    def called(self) -> str:
        to = self.cleaned_data["to"]
        return str(self.cleaned_data["number"] if to == NUMBER else self.names.get(to, ""))


def _shown(target: str, name: str) -> str:
    return gettext("Group: %(name)s") % {"name": name} if target.startswith("team:") else name


class MessageForm(ToolForm):
    when_help = _("Such as: nobody is free, or he wants to be called back.")


class EndForm(ToolForm):
    when_help = _("Such as: he has said goodbye, or calls a wrong number. Empty: when all is said.")


class KeysForm(ToolForm):
    way = forms.ChoiceField(
        label=_("What are keys pressed for?"),
        choices=[
            ("collect", _("The caller types something: the number of an order, a code")),
            ("press", _("It presses keys itself: to pass a voice menu of others")),
        ],
    )
    count = forms.IntegerField(
        label=_("How many digits at most?"), required=False, min_value=1, max_value=20
    )
    when_help = _("Such as: it needs the number of his order.")
    field_order = ("way", "count", "when")

    def called(self) -> str:
        return str(self.cleaned_data["way"])


class HttpForm(ToolForm):
    label = forms.CharField(
        label=_("What is it called?"), max_length=60, help_text=_("Such as: state of an order.")
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[(each, each) for each in METHODS],
        help_text=_(
            "The address is really asked when somebody tries the assistant or plays scenarios, too."
            " If it orders or changes anything, write that of a trial system first."
        ),
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=1000,
        help_text=_("What is filled in may stand in it: https://shop.example/orders/{number}"),
    )
    sends = forms.CharField(
        label=_("What does it send?"),
        required=False,
        max_length=4000,
        widget=area(),
        help_text=_(
            "One a line: “number = the number of the order”. The assistant finds it out from the"
            " caller. A question mark after the name: it may be missing."
        ),
    )
    key = forms.ChoiceField(
        label=_("Key"),
        required=False,
        help_text=_("Of “Keys of providers”. It stands where a header says {key}."),
    )
    headers = forms.CharField(
        label=_("Headers"),
        required=False,
        max_length=4000,
        widget=area(),
        help_text=_("One a line: “Authorization: Bearer {key}”."),
    )
    reads = forms.CharField(
        label=_("What does it read of the answer?"),
        required=False,
        max_length=4000,
        widget=area(),
        help_text=_("One a line: “state = order.state”. Empty: the assistant reads all of it."),
    )
    seconds = forms.FloatField(
        label=_("How many seconds does it wait?"),
        initial=SECONDS,
        min_value=1,
        max_value=MOST_SECONDS,
        help_text=_("The caller waits, too."),
    )
    when_help = _("Such as: he asks for the state of his order.")
    field_order = ("label", "when", "url", "sends", "method", "key", "headers", "reads", "seconds")
    rare = ("method", "key", "headers", "reads", "seconds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = ProviderKey.objects.kept().filter(provider=SLUG).order_by("name")
        choices = [(str(row.key), row.name) for row in keys]
        self.fields["key"].choices = [("", _("none")), *choices]  # type: ignore[attr-defined]  # of a ChoiceField

    def first_values(self, tool: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "seconds": SECONDS,
            **tool,
            "sends": format_sends(tool.get("sends", ())),
            "reads": format_reads(tool.get("reads", ())),
            "headers": format_headers(tool.get("headers", ())),
        }

    def clean_sends(self) -> list[dict[str, Any]]:
        return self._read(parse_sends, "sends")

    def clean_reads(self) -> list[dict[str, Any]]:
        return self._read(parse_reads, "reads")

    def clean_headers(self) -> list[dict[str, Any]]:
        return self._read(parse_headers, "headers")

    def _read(
        self, parse: Callable[[str], list[dict[str, Any]]], name: str
    ) -> list[dict[str, Any]]:
        try:
            return parse(self.cleaned_data[name])
        except WrittenError as error:
            raise forms.ValidationError([str(each) for each in error.sentences]) from error

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            parts = urlsplit(url)
            is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_whole = False
        if not is_whole or PLACE.search(parts.netloc) or "@" in parts.netloc:
            said = _("Write a whole address that begins with https:// or http://.")
            raise forms.ValidationError(said)
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        names = {each["name"] for each in cleaned.get("sends") or ()}
        if strange := set(PLACE.findall(cleaned.get("url", ""))) - names:
            said = _("The address has {%(name)s}, and nothing of this name is sent.")
            self.add_error("url", said % {"name": min(strange)})
        return cleaned

    def called(self) -> str:
        return str(self.cleaned_data["label"])


FORMS: dict[str, type[ToolForm]] = {
    "transfer": TransferForm,
    "message": MessageForm,
    "end": EndForm,
    "keys": KeysForm,
    "http": HttpForm,
}
