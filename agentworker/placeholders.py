"""Places in an assistant's words that are filled when a call begins, such as {company}. Pure.

What is filled in is spoken to callers in the assistant's language, so it is not in the catalogue
of the pages' sentences, which follow the language of whoever reads.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches

from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_noop as _

from veyra.sentences import Sentence

NAMES = ("company", "time_of_day", "today", "caller_number")
# Words that are small within a sentence, and begin one with a capital.
COMMON = frozenset({"time_of_day", "today"})

PLACE = re.compile(r"\{([^{}]*)\}")
BEGINS_SENTENCE = re.compile(r"(?:^|[.!?…:\n])\s*[«“\"(]*$")
# From this hour on; a greeting by night is that of the evening in English.
HOURS = (
    # "Доброй ночи" takes leave.
    (23, {"ru": "здравствуйте", "en": "good evening"}),
    (18, {"ru": "добрый вечер", "en": "good evening"}),
    (12, {"ru": "добрый день", "en": "good afternoon"}),
    (5, {"ru": "доброе утро", "en": "good morning"}),
    (0, {"ru": "здравствуйте", "en": "good evening"}),
)
WITHHELD = {"ru": "номер скрыт", "en": "a withheld number"}
DAYS = {"ru": "l, j E", "en": "l, F j"}
FEWEST_DIGITS = 3

UNKNOWN = _("There is no {%(wrong)s}. Write one of these: %(names)s.")
MISSPELT = _("There is no {%(wrong)s}. Did you mean {%(right)s}?")
LONE = _("A curly bracket stands alone. They go in pairs around a name, such as {company}.")


def problems(text: str) -> list[Sentence]:
    """What would be read out to callers letter by letter. Each is told once."""
    found = [_unknown(name) for name in map(_plain, PLACE.findall(text)) if name not in NAMES]
    if set("{}") & set(PLACE.sub("", text)):
        found.append(Sentence(LONE))
    return list({str(each.to_json()): each for each in found}.values())


def named(text: str) -> set[str]:
    """Of NAMES, those that the text asks for."""
    return set(map(_plain, PLACE.findall(text))) & set(NAMES)


def values(language: str, now: datetime, caller: str, company: str) -> dict[str, str]:
    """What each of NAMES stands for in a call. `language`: "ru" or "en". `now`: in the time zone of
    the place that is called. `caller`: a number, or whatever came instead of one.
    """
    return {
        "company": company,
        "time_of_day": next(said[language] for hour, said in HOURS if now.hour >= hour),
        "today": _day(language, now),
        "caller_number": _spoken(caller) or WITHHELD[language],
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Each known place by its value; other brackets stay as they are."""

    def value(place: re.Match[str]) -> str:
        name = _plain(place[1])
        if name not in values:
            return place[0]
        begins = name in COMMON and BEGINS_SENTENCE.search(text, 0, place.start())
        return capfirst(values[name]) if begins else values[name]

    return PLACE.sub(value, text)


def _plain(name: str) -> str:
    return name.strip().casefold()


def _unknown(name: str) -> Sentence:
    if near := get_close_matches(name, NAMES, n=1):
        return Sentence(MISSPELT, {"wrong": name, "right": near[0]})
    return Sentence(UNKNOWN, {"wrong": name, "names": ", ".join(f"{{{each}}}" for each in NAMES)})


def _day(language: str, now: datetime) -> str:
    with translation.override(language):
        day = date_format(now, DAYS[language])
    # Only in English a day of the week has a capital within a sentence.
    return day if language == "en" else day[:1].lower() + day[1:]


def _spoken(number: str) -> str:
    """A number in groups, as people say it; "" for what is no number."""
    digits = "".join(filter(str.isdigit, number))
    if len(digits) < FEWEST_DIGITS or any(map(str.isalpha, number)):
        return ""
    if len(digits) == 11:
        parts = digits[0], digits[1:4], digits[4:7], digits[7:9], digits[9:]
        return ("+" if number.startswith("+") else "") + " ".join(parts)
    return " ".join(digits[start : start + 3] for start in range(0, len(digits), 3))
