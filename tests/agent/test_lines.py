"""Menus and rules as staff write them."""

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker import deeds
from agentworker.lines import LinesError, format_menu, format_rules, parse_menu, parse_rules


def test_a_menu_line_has_a_key_what_it_is_about_and_the_answer() -> None:
    text = "1 часы работы = Мы работаем\n\n 2 = Адрес = на сайте "
    assert parse_menu(text) == [
        {"press": "1", "about": "часы работы", "say": "Мы работаем"},
        {"press": "2", "about": "", "say": "Адрес = на сайте"},
    ]


def test_a_rule_line_has_words_and_the_answer() -> None:
    assert parse_rules("цена,  сколько   стоит = Бесплатно") == [
        {"words": ["цена", "сколько стоит"], "say": "Бесплатно"}
    ]


@pytest.mark.parametrize("line", ["1", "= текст", "1 =", "просто слова"])
def test_a_line_without_both_sides_is_named(line: str) -> None:
    with pytest.raises(LinesError) as error:
        parse_menu("1 = да\n" + line)
    assert [sentence.values["number"] for sentence in error.value.sentences] == [2]


@pytest.mark.parametrize("line", ["x = да", "12 = да", "* = да", "# = да", "1часы = да"])
def test_a_menu_line_begins_with_one_key(line: str) -> None:
    with pytest.raises(LinesError) as error:
        parse_menu(line)
    assert "key" in error.value.sentences[0].msgid


def test_every_wrong_line_is_named_at_once() -> None:
    with pytest.raises(LinesError) as error:
        parse_rules("один\nдва = два\nтри\n, = четыре")
    assert [sentence.values["number"] for sentence in error.value.sentences] == [1, 3, 4]


def test_a_key_that_stands_twice_names_both_lines() -> None:
    with pytest.raises(LinesError) as error:
        parse_menu("1 = да\n\n1 = нет")
    assert error.value.sentences[0].values == {"number": 3, "key": "1", "first": 1}


text = st.text(st.characters(exclude_characters="=,\n", categories=["L", "N"]), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("0123456789"), st.tuples(text | st.just(""), text)))
def test_a_menu_is_read_back_as_it_was_shown(menu: dict[str, tuple[str, str]]) -> None:
    items = [{"press": key, "about": a, "say": s} for key, (a, s) in menu.items()]
    assert parse_menu(format_menu(items)) == items


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(text, min_size=1), text)))
def test_rules_are_read_back_as_they_were_shown(rules: list[tuple[list[str], str]]) -> None:
    items = [{"words": words, "say": say} for words, say in rules]
    assert parse_rules(format_rules(items)) == items


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused_in_sentences(written: str) -> None:
    for parse in (parse_menu, parse_rules):
        try:
            parse(written)
        except LinesError as error:
            assert all(str(sentence) for sentence in error.sentences)


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("0 оператор = Соединяю. -> перевести: Продажи", {"do": "transfer", "to": "Продажи"}),
        ("0 = One moment. → Transfer: Night  shift", {"do": "transfer", "to": "Night shift"}),
        ("0 = Соединяю -> соединить", {"do": "transfer"}),
        ("5 = -> сообщение", {"do": "message"}),
        ("5 = Спасибо. -> Перезвонить", {"do": "message"}),
        ("9 = До свидания. => положить трубку", {"do": "end"}),
    ],
)
def test_a_line_may_end_with_what_is_done(line: str, done: dict[str, str]) -> None:
    item = parse_menu(line)[0]
    assert {name: item[name] for name in ("do", "to") if name in item} == done
    assert "->" not in item["say"] and "→" not in item["say"]


def test_what_is_no_deed_is_named_and_an_arrow_before_a_digit_is_said() -> None:
    assert parse_rules("путь = Дом 1 -> 2")[0]["say"] == "Дом 1 -> 2"
    for line in ("1 = Да -> станцевать", "1 = Да -> завершить: Продажи"):
        with pytest.raises(LinesError) as error:
            parse_menu(line)
        assert error.value.sentences[0].msgid == deeds.UNKNOWN


deed = st.sampled_from([{}, {"do": "message"}, {"do": "end"}, {"do": "transfer"}]) | text.map(
    lambda whom: {"do": "transfer", "to": whom}
)


@settings(max_examples=60, deadline=None)
@given(text | st.just(""), deed, st.sampled_from(["ru", "en"]))
def test_a_deed_is_read_back_as_it_was_shown(say: str, deed: dict[str, str], language: str) -> None:
    item = {"words": ["да"], "say": say or "Да", **deed}
    with translation.override(language):
        assert parse_rules(format_rules([item])) == [item]


def test_a_transfer_to_nobody_is_told_with_those_whom_it_could_go_to() -> None:
    tools = [{"kind": "transfer", "whom": "Продажи"}, {"kind": "end"}]
    known = {"do": "transfer", "to": "продажи"}
    wrong = {"do": "transfer", "to": "Склад"}
    assert deeds.problems([known, {"do": "transfer"}, {"do": "end"}, {}], tools) == []
    assert [each.values["names"] for each in deeds.problems([wrong, wrong], tools)] == ["Продажи"]
    assert [each.msgid for each in deeds.problems([wrong], [])] == [deeds.NO_TRANSFER]
