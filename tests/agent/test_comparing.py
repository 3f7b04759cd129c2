"""What differs between two versions, and the sentence that we offer for it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from agentworker.comparing import NOTE_LENGTH, Mark, Piece, differences, entries, note_of, pieces
from agentworker.services import Words

WORDS = Words("ru", "Добрый день, это клиника.", [], [], goodbye="Пока.")
texts = st.text("абв аб.,!\n{}", max_size=40)


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def joined(side: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in side)


@given(texts, texts)
def test_the_pieces_of_a_side_are_its_whole_text(before: str, after: str) -> None:
    left, right = pieces(before, after)
    assert (joined(left), joined(right)) == (before, after)


@given(texts, texts)
def test_what_is_the_same_stands_on_both_sides(before: str, after: str) -> None:
    left, right = pieces(before, after)
    assert [p for p in left if p.mark == Mark.SAME] == [p for p in right if p.mark == Mark.SAME]
    assert {p.mark for p in left} <= {Mark.SAME, Mark.GONE}
    assert {p.mark for p in right} <= {Mark.SAME, Mark.NEW}


@given(texts)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    left, right = pieces(text, text)
    assert left == right and all(piece.mark == Mark.SAME for piece in left)


def test_only_the_words_that_changed_are_marked() -> None:
    left, right = pieces("Позвоните 112.", "Позвоните 112. Срочно")
    assert [piece.mark for piece in left] == [Mark.SAME]
    assert right[-1] == Piece(Mark.NEW, " Срочно")


@given(st.builds(Words, st.sampled_from(["ru", "en"]), texts, st.just([]), st.just([]), texts))
def test_words_do_not_differ_from_themselves(words: Words) -> None:
    assert differences(words, words) == []


def test_a_long_text_is_compared_in_no_time() -> None:
    text = " ".join(f"слово{n % 900}" for n in range(3000))
    left, _right = pieces(text, text.replace("слово7 ", "иначе "))
    assert Mark.GONE in {piece.mark for piece in left}


def test_each_thing_is_named_once() -> None:
    labels = [str(each.label) for each in entries(WORDS)]
    assert len(labels) == len(set(labels))


@pytest.mark.usefixtures("english")
def test_the_sentence_names_what_changed() -> None:
    after = replace(WORDS, greeting="Здравствуйте.", goodbye="")
    assert note_of(differences(WORDS, after)) == "Changed: greeting, goodbye."
    assert note_of(differences(None, WORDS), is_first=True) == "First version."
    assert note_of([]) == ""


def test_the_sentence_fits_its_column() -> None:
    found = differences(WORDS, replace(WORDS, greeting="Да")) * 60
    assert len(note_of(found)) == NOTE_LENGTH
