"""What a mind is asked of a talk that is over, and what its answer means."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentworker.afterwards.question import LONGEST_TALK, Line, Noted, is_worth_it, question, read

NOTING = [{"name": "name", "label": "Имя"}, {"name": "order", "label": "Номер заказа"}]
TALK = (Line(False, "Здравствуйте!"), Line(True, "Это Анна, где заказ 15?"), Line(True, digit="1"))


def test_a_mind_is_told_who_said_what_and_what_to_note() -> None:
    asked = question("ru", TALK, NOTING)
    assert "Звонящий: Это Анна, где заказ 15?" in asked and "Ассистент: Здравствуйте!" in asked
    assert "Звонящий: нажимает «1»" in asked
    assert "name — Имя; order — Номер заказа" in asked
    assert '"noted": {"name": "…", "order": "…"}' in asked


def test_where_nothing_is_to_be_noted_nothing_is_asked_of_it() -> None:
    asked = question("en", TALK, [])
    assert '"noted": {}' in asked and "noted:" not in asked.replace('"noted":', "")


def test_of_a_long_talk_the_end_is_told() -> None:
    lines = [Line(True, f"word {number} " + "x" * 90) for number in range(1000)]
    asked = question("en", lines, [])
    assert len(asked) < LONGEST_TALK + 1000
    assert "word 999" in asked and "word 10 " not in asked


def test_brackets_in_a_talk_are_only_words() -> None:
    assert "{summary} {0}" in question("en", [Line(True, "{summary} {0}")], [])


def test_an_answer_is_read_with_whatever_stands_around_it() -> None:
    body = {
        "summary": "Анна спросила о заказе.\nЕй ответили.",
        "outcome": "узнала срок",
        "noted": {"name": " Анна ", "order": 15, "phone": "+7916"},
    }
    text = f"Вот:\n```json\n{json.dumps(body, ensure_ascii=False)}\n```"
    assert read(text, NOTING) == Noted(
        "Анна спросила о заказе. Ей ответили.", "узнала срок", {"name": "Анна", "order": "15"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Извините",
        "{",
        "[]",
        '{"summary": ""}',
        '{"summary": ["a"]}',
        '{"noted": 7}',
        "{" * 9999,
    ],
    ids=["nothing", "words", "cut", "list", "empty", "odd", "odd noted", "deep"],
)
def test_what_is_no_summary_is_none(text: str) -> None:
    assert read(text, NOTING) is None


@given(st.text() | st.dictionaries(st.text(), st.text() | st.integers()).map(json.dumps))
def test_any_answer_is_read_or_is_none(text: str) -> None:
    found = read(text, NOTING)
    assert found is None or len(found.summary) <= 1000


def test_who_said_no_word_wanted_nothing_that_could_be_told() -> None:
    assert is_worth_it(TALK)
    assert not is_worth_it([Line(False, "Здравствуйте!"), Line(True, digit="1"), Line(True, " ")])
