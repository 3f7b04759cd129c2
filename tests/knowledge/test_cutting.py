"""A text in passages, and which of them answers best."""

from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from agentworker.knowledge.cutting import LENGTH, passages
from agentworker.knowledge.ranking import rank

WORDS = st.text("абвгд .!?\n#", max_size=60)
TEXTS = st.lists(st.one_of(WORDS, st.just("# Цены"), st.just("слово " * 300)), max_size=12)


@given(TEXTS)
@how(max_examples=200)
def test_no_word_is_lost_and_no_passage_is_too_long(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    found = passages(text)
    said = [word for word in text.replace("#", " ").split() if word]
    stands = " ".join(found).replace("#", " ").split()
    assert set(said) <= set(stands) | {""}
    heading = max((len(line) for line in text.splitlines()), default=0)
    assert all(len(each) <= LENGTH + heading + 1 for each in found)


def test_each_passage_begins_with_the_heading_that_it_stands_under() -> None:
    text = "Мы рядом с метро.\n\n# Цены\n\nЧистка — 3000.\n\nПломба — 5000.\n# Часы\nС девяти."
    assert passages(text) == [
        "Мы рядом с метро.",
        "Цены\nЧистка — 3000.\nПломба — 5000.",
        "Часы\nС девяти.",
    ]


def test_a_heading_without_end_is_not_repeated_in_each_passage() -> None:
    text = "# " + "слово " * 5000 + "\n" + "Пломба стоит пять тысяч.\n\n" * 500
    assert sum(map(len, passages(text))) < 2 * len(text)


def test_a_long_text_is_cut_between_sentences() -> None:
    sentence = "Приём длится сорок минут и стоит три тысячи рублей."
    found = passages(" ".join([sentence] * 60))
    assert len(found) > 3
    assert all(line == sentence for each in found for line in each.split("\n"))


def test_a_rare_word_says_more_than_a_usual_one() -> None:
    stems = {1: ["клиник", "адрес"], 2: ["клиник", "клиник"], 3: ["клиник", "отбеливан"]}
    assert rank(["клиник", "отбеливан"], stems, total=3)[0] == 3


def test_what_shares_no_word_is_not_found() -> None:
    assert rank(["цен"], {1: ["адрес"]}, total=1) == []


@given(
    st.lists(st.sampled_from("abcd"), max_size=4),
    st.dictionaries(st.integers(1, 9), st.lists(st.sampled_from("abcd"), max_size=8)),
)
def test_those_found_are_those_that_share_a_word(
    wanted: list[str], stems: dict[int, list[str]]
) -> None:
    found = rank(wanted, stems, total=len(stems))
    assert sorted(found) == sorted(pk for pk, each in stems.items() if set(each) & set(wanted))
