"""Days on which a country does not work, with the days that its government moved."""

from collections.abc import Mapping
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
    return _days_off(calendar, years, LANGUAGES.get(spoken, "ru"))


@lru_cache(maxsize=16)
def _days_off(calendar: str, years: range, language: str) -> Mapping[date, str]:
    # It takes a third of a second to load, for which no caller waits: see Place.timetable.
    import holidays

    found = holidays.country_holidays(calendar, years=years, language=language)
    return dict(sorted(found.items()))
