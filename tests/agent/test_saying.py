"""Conversations are found by what was said in them, in any form of the words."""

import pytest
from django.db import connection
from django.utils import timezone

from agentworker.models import Session, Speaker, Turn

pytestmark = pytest.mark.django_db


def converse(name: str, *texts: str) -> None:
    session = Session.objects.create(job_id=name, started_at=timezone.now())
    Turn.objects.bulk_create(
        Turn(
            session=session,
            turn_id=f"{name}:{place}",
            speaker=Speaker.CALLER,
            text=text,
            at=timezone.now(),
        )
        for place, text in enumerate(texts)
    )


def saying(words: str) -> list[str]:
    return [s.job_id for s in Session.objects.saying(words).order_by("job_id")]


@pytest.fixture(autouse=True)
def _said() -> None:
    converse("delivery", "Здравствуйте!", "Когда приедет доставка моего заказа?")
    converse("tree", "Заказывала ёлку, привезли 15 ёлок")
    converse("split", "доставка", "завтра")
    converse("english", "My order's 100% late, order_15")
    converse("silence", "")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("доставку", ["delivery", "split"]),
        ("ДОСТАВКИ заказов", ["delivery"]),
        ("елка", ["tree"]),
        ("15", ["english", "tree"]),
        ("orders", ["english"]),
        ("доставка завтра", []),  # not in one breath
        ("став", []),  # a part of a word is no word
        ("100%", ["english"]),
        ("%", []),
        ("' OR 1=1 --", []),
        ("", []),
    ],
)
def test_they_are_found_alike_on_every_database(words: str, found: list[str]) -> None:
    assert saying(words) == found


def test_changed_words_are_found_as_they_are_now() -> None:
    turn = Turn.objects.get(text="завтра")
    turn.text = "послезавтра"
    turn.save()
    assert saying("завтра") == [] and saying("послезавтра") == ["split"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads through the lines")
def test_postgresql_has_an_index_of_the_words() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = str(Turn.objects.filter(stems__says="доставка").explain())
    assert "turn_stems" in plan
