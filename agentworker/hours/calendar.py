"""Days on which a country does not work, with the days that its government moved: some of a
weekend are worked instead.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _

LANGUAGES = {"ru": "ru", "en": "en_US"}


class Calendar(models.TextChoices):
    """Country codes, as the calendar's library has them."""

    NONE = "", _("none: holidays are days like any other")
    RUSSIA = "RU", _("Russia, with the days off that were moved")


def days_off(calendar: str, years: range) -> Mapping[date, str]:
    """In order, with their names in the language of whoever reads."""
    if not calendar:
        return {}
    spoken = (translation.get_language() or "ru")[:2]
    return _read(calendar, years, LANGUAGES.get(spoken, "ru"))[0]


def days_on(calendar: str, years: range) -> Sequence[date]:
    """Days of a weekend that are worked instead of others, in order."""
    return _read(calendar, years, "ru")[1] if calendar else ()


@lru_cache(maxsize=16)
def _read(calendar: str, years: range, language: str) -> tuple[Mapping[date, str], Sequence[date]]:
    # It takes a third of a second to load, for which no caller waits: see Place.timetable.
    import holidays

    found = holidays.country_holidays(calendar, years=years, language=language)
    worked = sorted(day for day in found.weekend_workdays if day.year in years)
    return dict(sorted(found.items())), worked
