"""Numbers and days are written as the reader's language writes them."""

from datetime import date

import pytest
from django.utils import translation
from django.utils.formats import date_format

from veyra.sentences import Sentence


@pytest.mark.parametrize(("language", "half"), [("ru", "0,5 of 12"), ("en", "0.5 of 12")])
def test_a_sentence_writes_fractions_in_the_language_of_its_reader(
    language: str, half: str
) -> None:
    with translation.override(language):
        assert str(Sentence("%(part)s of %(all)s", {"part": 0.5, "all": 12})) == half


@pytest.mark.parametrize(("language", "day"), [("ru", "21 ноября"), ("en", "21 November")])
def test_a_day_above_a_list_is_written_as_people_say_it(language: str, day: str) -> None:
    with translation.override(language):
        assert date_format(date(2026, 11, 21), "MONTH_DAY_FORMAT") == day
