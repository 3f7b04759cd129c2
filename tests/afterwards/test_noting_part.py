"""What staff want noted of each call, written one a line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentworker.models import Agent
from agentworker.parts.noting import LONGEST, MOST, NotingPart, rows
from agentworker.services import Words

WORDS = Words("ru", "Здравствуйте!", [], [])
NOTING = [
    {"name": "note_imya", "label": "Имя"},
    {"name": "note_nomer_zakaza", "label": "Номер заказа"},
]


def part(text: str, words: Words = WORDS) -> NotingPart:
    made = NotingPart(
        {"noting-labels": text}, initial=NotingPart.initial_from(words), agent=Agent(name="A")
    )
    return made


def test_each_line_is_noted_by_a_name_of_its_own() -> None:
    made = part(" Имя,\n\nНомер   заказа\nИмя\n")
    assert made.is_valid() and made.into(WORDS).noting == NOTING


def test_what_was_written_comes_back() -> None:
    words = replace(WORDS, noting=NOTING)
    assert NotingPart.initial_from(words) == {"labels": "Имя\nНомер заказа"}
    assert dict(NotingPart.told(words))
    assert not dict(NotingPart.told(WORDS))


def test_nothing_to_note_is_well() -> None:
    made = part("  \n ")
    assert made.is_valid() and made.into(replace(WORDS, noting=NOTING)).noting == []


@pytest.mark.parametrize(
    "text",
    ["\n".join(f"thing {n}" for n in range(MOST + 1)), "x" * (LONGEST + 1)],
    ids=["many", "long"],
)
def test_what_a_mind_would_miss_is_refused(text: str) -> None:
    assert not part(text).is_valid()


def test_it_says_that_a_mind_is_needed() -> None:
    assert 'class="vy-note vy-wait"' in part("").render_part()


@given(st.lists(st.text(min_size=1, max_size=30), max_size=MOST, unique=True))
def test_names_are_never_the_same(labels: list[str]) -> None:
    names = [each["name"] for each in rows(labels)]
    assert len(set(names)) == len(labels)
