"""Telephone numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.numbers import (
    NumberError,
    e164,
    part_of_any_spelling,
    pretty,
    spelled,
    spellings,
)


@pytest.mark.parametrize(
    "text",
    [
        "8 (499) 112-41-48",
        "+7 499 112-41-48",
        "74991124148",
        "499 112 41 48",
        "+7(499)112–41–48",
        "007 499 1124148",
    ],
)
def test_any_russian_spelling_is_one_number(text: str) -> None:
    assert e164(text) == "+74991124148"


def test_other_countries_are_written_with_their_code() -> None:
    assert e164("+44 20 7946 0018") == e164("00 44 20 7946 0018") == "+442079460018"


def test_a_short_extension_stays_as_it_is() -> None:
    assert e164(" 101 ") == "101"


@pytest.mark.parametrize("text", ["", "abc", "sip:101", "+7 499", "12345678", "0", "+", "1;2"])
def test_what_is_no_number_is_named_in_a_sentence(text: str) -> None:
    with pytest.raises(NumberError) as caught:
        e164(text)
    assert text in str(caught.value.sentence)


def test_a_russian_number_is_published_in_the_two_spellings_that_livekit_tells_apart() -> None:
    assert spellings("+74991124148") == ("+74991124148", "84991124148")
    assert spellings("+442079460018") == ("+442079460018",)
    assert spellings("101") == ("101",)


def test_a_provider_writes_a_caller_in_one_way() -> None:
    forms = [spelled("+74991124148", how) for how in ("any", "plus", "digits", "national")]
    assert forms == ["+74991124148", "+74991124148", "74991124148", "84991124148"]
    assert spelled("+442079460018", "national") == "+442079460018"


@pytest.mark.parametrize("text", ["8 (499) 112", "+7 499 112", "7499112", "499-112", "499112"])
def test_a_part_of_a_number_is_looked_for_in_any_spelling(text: str) -> None:
    for stored in spellings("+74991124148"):
        assert part_of_any_spelling(text) in stored


def test_what_is_no_number_is_looked_for_as_it_is() -> None:
    assert part_of_any_spelling("anna") == "anna"
    assert part_of_any_spelling("8080") == "8080"


def test_pages_show_a_number_in_groups() -> None:
    assert pretty("+74991124148") == "+7 499 112-41-48"
    assert pretty("101") == "101"


@given(st.text(max_size=20))
def test_every_text_is_a_number_or_a_sentence(text: str) -> None:
    try:
        number = e164(text)
    except NumberError:
        return
    assert e164(number) == number
    assert e164(pretty(number)) == number
