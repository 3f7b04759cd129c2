"""Places in an assistant's words, such as {company}."""

from datetime import datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from agentworker.filling import filled
from agentworker.placeholders import LONE, NAMES, fill, named, problems, values
from agentworker.script import MenuItem, Rule, Script

NOON = datetime(2026, 11, 22, 12, 0)
SAID = values("ru", NOON, "+74991124148", "Теплица")
plain = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]))
texts = st.lists(plain | st.sampled_from([f"{{{name}}}" for name in NAMES])).map("".join)


@given(plain)
def test_a_text_without_places_is_said_as_it_is_written(text: str) -> None:
    assert fill(text, SAID) == text
    assert problems(text) == []


@given(texts)
def test_a_text_without_problems_is_said_without_a_bracket(text: str) -> None:
    assert problems(text) == []
    assert not set("{}") & set(fill(text, SAID))


@given(st.text("{}ab company", max_size=30))
def test_whoever_is_told_of_no_problem_has_no_bracket_said(text: str) -> None:
    assert bool(set("{}") & set(fill(text, SAID))) == bool(problems(text))


@given(st.text("{}company today_ ", max_size=40))
def test_what_was_filled_in_is_not_looked_at_again(text: str) -> None:
    once = fill(text, SAID)
    assert fill(once, SAID) == once


def test_a_misspelt_place_is_told_with_the_one_that_was_meant() -> None:
    with translation.override("en"):
        (told,) = problems("Это {compny}, {compny}.")
        assert str(told) == "There is no {compny}. Did you mean {company}?"
        (told,) = problems("{имя}")
        assert str(told).endswith("{company}, {time_of_day}, {today}, {caller_number}.")


@pytest.mark.parametrize("text", ["{company", "company}", "{{company}}", "}{"])
def test_a_bracket_that_stands_alone_is_told(text: str) -> None:
    assert LONE in [each.msgid for each in problems(text)]


@pytest.mark.parametrize(
    ("hour", "russian", "english"),
    [
        (0, "здравствуйте", "good evening"),
        (4, "здравствуйте", "good evening"),
        (5, "доброе утро", "good morning"),
        (11, "доброе утро", "good morning"),
        (12, "добрый день", "good afternoon"),
        (17, "добрый день", "good afternoon"),
        (18, "добрый вечер", "good evening"),
        (23, "здравствуйте", "good evening"),
    ],
)
def test_the_time_of_day_is_how_people_greet_then(hour: int, russian: str, english: str) -> None:
    at = NOON.replace(hour=hour)
    assert values("ru", at, "", "")["time_of_day"] == russian
    assert values("en", at, "", "")["time_of_day"] == english


def test_what_begins_a_sentence_has_a_capital() -> None:
    text = "{time_of_day}! Это {company}. {today}, {time_of_day}."
    assert fill(text, SAID) == "Добрый день! Это Теплица. Воскресенье, 22 ноября, добрый день."
    assert fill("Today is {Today}.", values("en", NOON, "", "")) == "Today is Sunday, November 22."


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        ("+74991124148", "+7 499 112 41 48"),
        ("89161234567", "8 916 123 45 67"),
        ("+442079460000", "442 079 460 000"),
        ("101", "101"),
        ("anonymous", "a withheld number"),
        ("", "a withheld number"),
        ("sip:5551234@home", "a withheld number"),
    ],
)
def test_a_number_is_said_in_groups_and_a_withheld_one_in_words(caller: str, said: str) -> None:
    assert values("en", NOON, caller, "")["caller_number"] == said


def test_a_text_tells_which_places_it_has() -> None:
    assert named("{ Company } и {today}, {compny}") == {"company", "today"}


def test_all_that_a_caller_hears_is_filled() -> None:
    place = "{company}"
    script = Script(
        agent="a",
        version=1,
        language="ru",
        greeting="{time_of_day}, " + place,
        menu=(MenuItem("1", place, place),),
        rules=(Rule(("кто",), place),),
        fallback=place,
        goodbye=place,
        instructions=place,
        consent=place,
        company="Теплица",
    )
    heard = filled(script, NOON)
    assert heard.greeting == "Добрый день, Теплица"
    assert (heard.menu[0].say, heard.menu[0].about, heard.rules[0].say) == ("Теплица",) * 3
    assert {heard.fallback, heard.goodbye, heard.instructions, heard.consent} == {"Теплица"}
