"""Words are found in whatever form they were said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veyra.wordforms import pieces, stem, stems

FORMS = [
    ["доставка", "доставку", "Доставкой", "ДОСТАВКИ"],
    ["заказ", "заказы", "заказа", "заказами"],
    ["ёлка", "елка", "Ёлки"],
    ["order", "orders", "Ordered"],
]


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms[0])
def test_the_forms_of_a_word_have_one_stem(forms: list[str]) -> None:
    assert len({stem(form) for form in forms}) == 1


def test_signs_are_no_words() -> None:
    assert stems("Заказ №15: «да», e_mail!") == ["заказ", "15", "да", "e", "mail"]


def test_what_is_wanted_is_marked_in_any_form_and_by_its_beginning() -> None:
    text = "Доставки нет, а дата есть."
    assert [p for p, hit in pieces(text, "доставка") if hit] == ["Доставки"]
    assert [p for p, hit in pieces(text, "дост ДА") if hit] == ["Доставки", "дата"]


@pytest.mark.parametrize("wanted", ["", "  ", "?!"])
def test_without_words_nothing_is_marked(wanted: str) -> None:
    assert list(pieces("Да?!", wanted)) == [("Да?!", False)]


@given(st.text(alphabet="аёЁйabcБ <&_1.\n"), st.text(alphabet="аеёбab1 "))
def test_the_pieces_are_the_whole_text(text: str, wanted: str) -> None:
    assert "".join(piece for piece, _hit in pieces(text, wanted)) == text
