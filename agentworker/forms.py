"""The form of an assistant: its words as staff write them."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agentworker.lines import LinesError, format_menu, format_rules, parse_menu, parse_rules
from agentworker.models import Agent, Language
from agentworker.recording import RecordingPolicy
from agentworker.script import CONSENT_KEYS
from agentworker.services import Words
from veyra.stale import RevisionForm

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


NO_KEY_LEFT = _(
    "The menu uses all ten keys, and none is left by which a caller could agree. Take one out of"
    " the menu, or choose another answer."
)


def area(rows: int) -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget(attrs={"rows": rows})


class AgentForm(RevisionForm):
    """An Agent and its newest words; `words()` has what was written."""

    language = forms.ChoiceField(
        label=_("Language"), choices=Language.choices, widget=UnfoldAdminSelectWidget()
    )
    greeting = forms.CharField(
        label=_("Greeting"),
        widget=area(3),
        help_text=_("The first words of each call. The keys below are named after it."),
        error_messages={
            "required": _("Callers would hear silence. Write the first words that it says.")
        },
    )
    menu = forms.CharField(
        label=_("Keys of the telephone"),
        required=False,
        widget=area(5),
        help_text=_(
            "One key a line: “1 opening hours = We are open from 9 to 18”. "
            "Key * repeats the menu, key # ends the call."
        ),
    )
    rules = forms.CharField(
        label=_("Answers to words"),
        required=False,
        widget=area(5),
        help_text=_(
            "One answer a line: “price, cost = Delivery is free”. "
            "They are used once a recogniser is added."
        ),
    )
    fallback = forms.CharField(
        label=_("When it did not understand"), required=False, widget=area(2)
    )
    goodbye = forms.CharField(
        label=_("Goodbye"), required=False, widget=UnfoldAdminTextInputWidget()
    )

    consent = forms.CharField(
        label=_("What it asks before it records"),
        required=False,
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
            "recording": _(
                "Who answers may say otherwise for its numbers. Where all calls are recorded, let"
                " the greeting say so: callers are told nothing else."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "recording" in self.fields:  # who may only look has none
            self.fields["recording"].required = False
        for name, value in first_values(self.instance).items():
            self.fields[name].initial = value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        taken = {item["press"] for item in cleaned.get("menu") or ()}
        if self.asks_callers() and not set(CONSENT_KEYS) - taken:
            self.add_error("recording", NO_KEY_LEFT)
        return cleaned

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
        """What a valid form says."""
        names = Words.__dataclass_fields__.keys() & self.cleaned_data.keys()
        return Words(**{name: self.cleaned_data[name] for name in names})


def first_values(agent: Agent) -> dict[str, str]:
    """What the form shows before anybody wrote: the newest words, or those of a new assistant."""
    version = agent.newest() if agent.pk else None
    if version is None:
        return FIRST_WORDS["en" if (get_language() or "").startswith("en") else "ru"]
    return {
        "language": version.language,
        "greeting": version.greeting,
        "menu": format_menu(version.menu),
        "rules": format_rules(version.rules),
        "fallback": version.fallback,
        "goodbye": version.goodbye,
        "consent": version.consent,
    }
