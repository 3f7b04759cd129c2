"""The form of an assistant: what it is, as staff write it, from top to bottom of its page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agentworker import deeds
from agentworker.company import company_name
from agentworker.lines import LinesError, format_menu, format_rules, parse_menu, parse_rules
from agentworker.models import Agent, Language
from agentworker.parts import Part
from agentworker.parts.laid import PARTS
from agentworker.parts.tools import ToolsPart
from agentworker.placeholders import named, problems
from agentworker.recording import RecordingPolicy
from agentworker.script import CONSENT_KEYS
from agentworker.services import Words, words_of
from agentworker.starting import start_of
from veyra.models import User
from veyra.stale import Disagreement, RevisionForm

# What a new assistant begins with, in the language that it will speak.
FIRST_WORDS = {
    "ru": {
        "language": "ru",
        "greeting": "Здравствуйте! Вы позвонили в нашу компанию.",
        "menu": "1 часы работы = Мы работаем по будням с девяти до восемнадцати.\n"
        "2 адрес = Наш адрес есть на сайте.",
        "rules": "цена, стоимость, сколько стоит = Цены есть на нашем сайте.",
        "fallback": "Извините, я пока не понимаю слов.",
        "goodbye": "Спасибо за звонок. До свидания!",
    },
    "en": {
        "language": "en",
        "greeting": "Hello! You have reached our company.",
        "menu": "1 opening hours = We are open on weekdays from nine to six.\n"
        "2 address = You will find our address on our website.",
        "rules": "price, cost, how much = You will find our prices on our website.",
        "fallback": "Sorry, I do not understand words yet.",
        "goodbye": "Thank you for calling. Goodbye!",
    },
}
# What is said to callers, or told its mind, and may have places such as {company}.
SPOKEN = ("greeting", "instructions", "menu", "rules", "fallback", "goodbye", "consent")
LONGEST, LONGEST_INSTRUCTIONS = 5000, 20_000


@dataclass(frozen=True)
class Section:
    """A piece of the page. `parts` of the same section stand behind its fields."""

    slug: str
    title: str | Promise
    fields: tuple[str, ...] = ()


SECTIONS = (
    Section("who", _("Who it is and how it greets"), ("name", "company", "greeting")),
    Section(
        "how",
        _("How it behaves"),
        ("instructions", "menu", "rules", "fallback", "goodbye"),
    ),
    Section("knows", _("What it knows")),
    Section("may", _("What it may do")),
    Section("speech", _("How it speaks, listens and thinks"), ("language",)),
    Section("hours", _("When it works")),
    Section("after", _("What is written down after a call")),
    Section("recording", _("Recording"), ("recording", "consent")),
)


@dataclass(frozen=True)
class Laid:
    """A section with what stands in it."""

    section: Section
    fields: tuple[forms.BoundField, ...]
    parts: tuple[Part, ...]

    @property
    def has_errors(self) -> bool:
        own = any(field.errors for field in self.fields)
        return own or any(part.errors for part in self.parts)


NO_KEY_LEFT = _(
    "The menu uses all ten keys, and none is left by which a caller could agree. Take one out of"
    " the menu, or choose another answer."
)


def area(rows: int) -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget(attrs={"rows": rows})


class AgentForm(RevisionForm):
    """An Agent and what somebody writes of it; `words()` has what was written.

    `user`: set by whoever makes the class, for whom parts show only what he may see.
    """

    user: User | None = None
    part_kinds: ClassVar[tuple[type[Part], ...]] = PARTS

    company = forms.CharField(
        label=_("What is your company called?"),
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("As it is said aloud. All assistants say it where their words have {company}."),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=Language.choices, widget=UnfoldAdminSelectWidget()
    )
    greeting = forms.CharField(
        label=_("Greeting"),
        max_length=LONGEST,
        widget=area(3),
        help_text=_("The first words of each call. The keys below are named after it."),
        error_messages={
            "required": _("Callers would hear silence. Write the first words that it says.")
        },
    )
    instructions = forms.CharField(
        label=_("Its task"),
        required=False,
        max_length=LONGEST_INSTRUCTIONS,
        widget=area(8),
        help_text=_(
            "Tell it as you would tell a new colleague: what to find out, how to speak, what not to"
            " promise. Callers never hear these words; its mind follows them."
        ),
    )
    menu = forms.CharField(
        label=_("Keys of the telephone"),
        required=False,
        max_length=LONGEST,
        widget=area(4),
        help_text=_(
            "One key a line: “1 opening hours = We are open from 9 to 18”. "
            "Key * repeats the menu, key # ends the call. An arrow says what is done then: "
            "“0 operator = One moment. -> transfer: Sales”, “-> message” or “-> hang up”."
        ),
    )
    rules = forms.CharField(
        label=_("Answers to words"),
        required=False,
        max_length=LONGEST_INSTRUCTIONS,
        widget=area(4),
        help_text=_(
            "One answer a line: “price, cost = Delivery is free”. "
            "They serve an assistant that hears words and has no provider to think with. An arrow"
            " says what is done then, as with keys."
        ),
    )
    fallback = forms.CharField(
        label=_("When it did not understand"), required=False, max_length=LONGEST, widget=area(2)
    )
    goodbye = forms.CharField(
        label=_("Goodbye"),
        required=False,
        max_length=LONGEST,
        widget=UnfoldAdminTextInputWidget(),
    )

    consent = forms.CharField(
        label=_("What it asks before it records"),
        required=False,
        max_length=LONGEST,
        widget=area(2),
        help_text=_(
            "Such as “We record calls to train our staff.” It is said after the greeting, and then:"
            " “If you agree to the recording, press 9”, or the highest key that the menu leaves"
            " free. Empty: a sentence that fits always."
        ),
    )

    class Meta:
        model = Agent
        fields = ("name", "recording")
        labels = {"recording": _("Are its calls recorded?")}
        help_texts = {
            "name": _("For you and your colleagues; callers do not hear it."),
            "recording": _(
                "Who answers may say otherwise for its numbers. Where all calls are recorded, let"
                " the greeting say so: callers are told nothing else."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recording"].required = False
        self.called = company_name()
        if self.called:
            del self.fields["company"]
        written = self.instance.written() if self.instance.pk else None
        self.written = words_of(written) if written else None
        for name, value in self._first_values().items():
            self.fields[name].initial = value
            if name == "name":  # the model's own "" goes before a field's
                self.initial[name] = value
        self.parts = tuple(self._part(kind) for kind in self.part_kinds)

    def _first_values(self) -> Mapping[str, str]:
        """What the form shows before anybody wrote: what is written, or how a new one begins."""
        if self.written is not None:
            return form_values(self.written)
        language = get_language() or ""
        chosen = start_of(self.initial.get("start", ""), language)
        return chosen or FIRST_WORDS["en" if language.startswith("en") else "ru"]

    def _part(self, kind: type[Part]) -> Part:
        words = self.written or BLANK
        data, files = (self.data, self.files) if self.is_bound else (None, None)
        return kind(
            data, files, initial=kind.initial_from(words), agent=self.instance, user=self.user
        )

    @property
    def media(self) -> forms.Media:
        return sum((part.media for part in self.parts), super().media)

    def laid(self) -> list[Laid]:
        """The page from top to bottom, without sections that have nothing."""
        found = []
        for section in SECTIONS:
            fields = tuple(self[name] for name in section.fields if name in self.fields)
            parts = tuple(each for each in self.parts if each.section == section.slug)
            if fields or parts:
                found.append(Laid(section, fields, parts))
        return found

    def is_multipart(self) -> bool:
        return bool(super().is_multipart()) or any(part.is_multipart() for part in self.parts)

    def clean(self) -> dict[str, Any]:
        wrong = [part for part in self.parts if not part.is_valid()]
        if wrong:
            self.add_error(None, _("Something is wrong below, where it is marked in red."))
        cleaned = super().clean()
        taken = {item["press"] for item in cleaned.get("menu") or ()}
        if self.asks_callers() and not set(CONSENT_KEYS) - taken:
            self.add_error("recording", NO_KEY_LEFT)
        self._check_places()
        if not wrong:
            self._check_deeds()
        return cleaned

    def _check_deeds(self) -> None:
        """A key may lead only to whom calls can be given."""
        tools = self.written.tools if self.written else []
        for part in self.parts:
            tools = part.configs() if isinstance(part, ToolsPart) else tools
        for name in ("menu", "rules"):
            for problem in deeds.problems(self.cleaned_data.get(name) or (), tools):
                self.add_error(name, str(problem))

    def _check_places(self) -> None:
        """As they were written: some fields are read into something else."""
        wanted = set()
        for name in SPOKEN:
            text = str(self[name].data or "") if name in self.fields else ""
            wanted |= named(text)
            for problem in problems(text):
                self.add_error(name, str(problem))
        if "company" in wanted and not (self.called or self.cleaned_data.get("company")):
            self.add_error("company", _("Write it here: the words below say {company}."))

    def clean_name(self) -> str:
        """A name of the archive is free: of that a form without its column would know nothing."""
        name: str = self.cleaned_data["name"]
        if Agent.objects.kept().filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("There is already an assistant with this name."))
        return name

    def clean_company(self) -> str:
        name: str = self.cleaned_data["company"]
        if set("{}") & set(name):
            raise forms.ValidationError(_("Write it without curly brackets."))
        return name

    def _compare(self) -> Iterable[Disagreement]:
        yield from super()._compare()
        for part in self.parts:
            yield from part.disagreements()

    def clean_recording(self) -> str:
        found: str = self.cleaned_data["recording"] or self.instance.recording
        return found

    def asks_callers(self) -> bool:
        """Whether they may be recorded."""
        return bool(self.cleaned_data.get("recording") == RecordingPolicy.AGREED)

    def clean_greeting(self) -> str:
        """Dots and dashes are no words: a voice makes no sound of them."""
        greeting: str = self.cleaned_data["greeting"]
        if not any(map(str.isalnum, greeting)):
            raise forms.ValidationError(self.fields["greeting"].error_messages["required"])
        return greeting

    def clean_menu(self) -> list[dict[str, Any]]:
        try:
            return parse_menu(self.cleaned_data["menu"])
        except LinesError as error:
            raise forms.ValidationError([str(sentence) for sentence in error.sentences]) from error

    def clean_rules(self) -> list[dict[str, Any]]:
        try:
            return parse_rules(self.cleaned_data["rules"])
        except LinesError as error:
            raise forms.ValidationError([str(sentence) for sentence in error.sentences]) from error

    def words(self) -> Words:
        """What a valid form says; what it has no field for stays as it is."""
        names = Words.__dataclass_fields__.keys() & self.cleaned_data.keys()
        own = {name: self.cleaned_data[name] for name in names}
        words = replace(self.written or BLANK, **own)
        for part in self.parts:
            words = part.into(words)
        return words


BLANK = Words("ru", "", [], [])


def form_values(words: Words) -> dict[str, str]:
    """As the fields of the form hold them."""
    return {
        "language": words.language,
        "greeting": words.greeting,
        "instructions": words.instructions,
        "menu": format_menu(words.menu),
        "rules": format_rules(words.rules),
        "fallback": words.fallback,
        "goodbye": words.goodbye,
        "consent": words.consent,
    }
