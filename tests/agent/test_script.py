"""What an assistant says, decided from its words alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.script import (
    HINT_SECONDS,
    MenuItem,
    Rule,
    Script,
    announce,
    answer_key,
    answer_words,
    goodbye,
    greet,
    hint,
    may_hint,
)

HOURS = MenuItem("1", "Мы работаем с 9 до 18.", "Часы работы")
OFFICE = MenuItem("2", "Наш офис на Тверской.")
PRICE = Rule(("цена", "сколько стоит"), "Доставка бесплатна.")


def script(**words: object) -> Script:
    base = {"agent": "a", "version": 1, "language": "ru", "greeting": "Здравствуйте!"}
    return Script(**{**base, **words})  # type: ignore[arg-type]  # fields by name


def test_who_cannot_understand_words_names_the_keys_in_the_greeting() -> None:
    said = greet(script(menu=(HOURS, OFFICE)), hears_words=False)
    assert said == "Здравствуйте! Часы работы: нажмите 1. Нажмите 2."


def test_who_understands_words_only_greets() -> None:
    assert greet(script(menu=(HOURS,)), hears_words=True) == "Здравствуйте!"


def test_a_key_that_the_greeting_names_is_not_named_again() -> None:
    words = script(greeting="Чтобы узнать часы работы, нажмите 1.", menu=(HOURS,))
    assert greet(words, hears_words=False) == words.greeting


def test_a_number_in_the_greeting_that_only_contains_a_key_does_not_hide_it() -> None:
    words = script(greeting="Мы с вами 11 лет.", menu=(HOURS,))
    assert announce(words) == "Часы работы: нажмите 1."


def test_a_subject_begins_its_sentence_with_a_capital_letter() -> None:
    menu = (MenuItem("1", "x", about="часы работы"),)
    assert announce(script(menu=menu)) == "Часы работы: нажмите 1."


def test_keys_without_a_subject_are_listed() -> None:
    menu = tuple(MenuItem(key, "x") for key in "123")
    assert announce(script(menu=menu, language="en")) == "Press 1, 2 or 3."


def test_a_key_of_the_menu_is_answered() -> None:
    assert answer_key(script(menu=(HOURS,)), "1").text == HOURS.say


def test_an_unknown_key_is_answered_with_the_menu() -> None:
    assert answer_key(script(menu=(HOURS,)), "7").text.endswith("Часы работы: нажмите 1.")


def test_the_star_repeats_the_greeting_and_its_menu() -> None:
    words = script(menu=(HOURS,))
    assert answer_key(words, "*").text == greet(words, hears_words=False)


def test_the_hash_key_says_goodbye_and_ends_the_call() -> None:
    reply = answer_key(script(goodbye="Пока!"), "#")
    assert (reply.text, reply.hang_up) == ("Пока!", True)


@pytest.mark.parametrize(
    "said", ["Какая цена?", "ЦЕНЫ на доставку", "а сколько это стоит, сколько стоит", "по цене"]
)
def test_a_rule_answers_its_words_whatever_their_endings(said: str) -> None:
    assert answer_words(script(rules=(PRICE,)), said) == PRICE.say


@pytest.mark.parametrize("said", ["оценка", "стоит сколько", "", "???"])
def test_other_words_get_the_hint(said: str) -> None:
    words = script(rules=(PRICE,), menu=(HOURS,))
    assert answer_words(words, said) == hint(words)


def test_the_first_rule_that_fits_answers() -> None:
    second = Rule(("цена",), "Другое.")
    assert answer_words(script(rules=(PRICE, second)), "цена") == PRICE.say


def test_an_assistant_without_a_goodbye_says_one_in_its_language() -> None:
    assert goodbye(script(language="en")) == "Goodbye!"


def test_the_hint_names_the_keys_even_when_the_greeting_did() -> None:
    words = script(greeting="Нажмите 1.", menu=(HOURS,), fallback="Не понял.")
    assert hint(words) == "Не понял. Нажмите 1."


def test_the_hint_is_not_given_at_each_breath() -> None:
    assert may_hint(10.0, None, cut_off=False)
    assert not may_hint(10.0, 9.0, cut_off=False)
    assert may_hint(9.0 + HINT_SECONDS, 9.0, cut_off=False)


def test_who_silenced_the_assistant_gets_an_answer_at_once() -> None:
    assert may_hint(10.0, 9.9, cut_off=True)


@settings(max_examples=100, deadline=None)
@given(
    said=st.text(), words=st.lists(st.text(max_size=10), max_size=3), key=st.sampled_from("09*#A")
)
def test_whatever_a_caller_does_he_gets_words(said: str, words: list[str], key: str) -> None:
    one = script(rules=(Rule(tuple(words), "ответ"),), menu=(HOURS,))
    assert answer_words(one, said)
    assert answer_key(one, key).text
