"""Fields of forms about hours: a week of stretches, days with hours of their own, a message."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agentworker.company import faults
from agentworker.hours.week import Stretch, Week, Weekday, by_day, of_days, text_of

# So many stretches of one day have room.
MOST = 4
# Rows of the page: as typed, from and until.
Typed = list[tuple[str, str]]


class Laid(forms.Widget):
    """A widget whose template is one of the project's."""

    template_name: str

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))


class WeekWidget(Laid):
    """A row for each weekday, with a pair of times for each stretch."""

    template_name = "telephony/_week.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        typed: Mapping[str, Typed] = value if isinstance(value, dict) else as_typed(value or ())
        context = super().get_context(name, value, attrs)
        context["days"] = [
            {"number": day.value, "label": day.label, "typed": padded(typed.get(day.value, []))}
            for day in Weekday
        ]
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, Typed]:
        return {
            day: typed_in(data, f"{name}-{day}-begins", f"{name}-{day}-ends")
            for day in Weekday.values
        }

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(key.startswith(f"{name}-") for key in data)


class WeekField(forms.Field):
    """Cleaned: a Week."""

    widget = WeekWidget

    def clean(self, value: Any) -> Week:
        week = of_days({day: stretches(typed) for day, typed in value.items()})
        if not week:
            raise ValidationError(
                _("Nobody would ever answer. Give hours for one day at least, or use “Close…”.")
            )
        return week

    def has_changed(self, initial: Any, data: Any) -> bool:
        return as_typed(initial or ()) != {day: list(filter(any, data[day])) for day in data}


class DaysWidget(Laid):
    """Rows of a date and a pair of times; a date without times is closed."""

    template_name = "telephony/_days.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = value if isinstance(value, list) else days_as_typed(value or {})
        context["rows"] = [*rows, ("", "", "")]
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str, str]]:
        columns = [getlist(data, f"{name}-{part}") for part in ("day", "begins", "ends")]
        return [row for row in zip(*columns, strict=False) if any(row)]


class DaysField(forms.Field):
    """Cleaned: the stretches of each date."""

    widget = DaysWidget

    def clean(self, value: Any) -> dict[date, tuple[Stretch, ...]]:
        found: dict[date, tuple[Stretch, ...]] = {}
        for day, begins, ends in value:
            try:
                on = date.fromisoformat(day)
            except ValueError as error:
                raise ValidationError(_("Give a date to each of the other days.")) from error
            found[on] = (*found.get(on, ()), *stretches([(begins, ends)]))
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(days_as_typed(initial or {}) != data)


def as_typed(week: Week) -> dict[str, Typed]:
    return {day: _texts(found) for day, found in by_day(week).items()}


def days_as_typed(days: Mapping[date, Sequence[Stretch]]) -> list[tuple[str, str, str]]:
    return [
        (day.isoformat(), *times)
        for day, found in sorted(days.items())
        for times in _texts(found) or [("", "")]
    ]


def _texts(found: Sequence[Stretch]) -> Typed:
    return [(text_of(begins), text_of(ends)) for begins, ends in found]


def padded(typed: Typed) -> Typed:
    """With room for more."""
    return [*typed, *[("", "")] * (MOST - len(typed))]


def typed_in(data: Any, begins: str, ends: str) -> Typed:
    return list(zip(getlist(data, begins), getlist(data, ends), strict=False))


def getlist(data: Any, name: str) -> list[str]:
    return data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name, [])


def stretches(typed: Typed) -> tuple[Stretch, ...]:
    """Raises ValidationError."""
    return tuple(_stretch(begins, ends) for begins, ends in typed if begins or ends)


def _stretch(begins: str, ends: str) -> Stretch:
    if not (begins and ends):
        raise ValidationError(_("Give both times of each stretch, or neither."))
    try:
        # People write the end of a day so.
        return time.fromisoformat(begins), time.fromisoformat(ends.replace("24:00", "00:00"))
    except ValueError as error:
        raise ValidationError(_("Write times as 09:00.")) from error


class MessageField(forms.CharField):
    """Typed words; the page offers a recording or a file besides (`sound`)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=gettext_lazy("What callers hear"),
            max_length=500,
            required=False,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=gettext_lazy(
                "Empty: “We are closed at the moment. We will answer tomorrow at 9 a.m.”, by"
                " itself with the right day and hour. {company}, {time_of_day}, {today} and"
                " {caller_number} are filled in by themselves."
            ),
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if wrong := faults(text):
            raise ValidationError(list(map(str, wrong)))
        return text


def sound_field() -> forms.FileField:
    return forms.FileField(
        label=gettext_lazy("Or a recording"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "audio/*", "id": f"sound-{secrets.token_hex(3)}"}),
    )
