"""Two people who save at the same moment, on PostgreSQL, where both really write at once."""

import uuid
from collections.abc import Callable
from random import sample
from threading import Thread

import pytest
from django.db import connection, transaction

from telephony import changes, demo, published
from telephony.changes import Change, ChangeError, Edit
from telephony.models import Gateway, PhoneNumber, Trunk
from telephony.sync import desired
from tests.callout.conftest import at_once
from veyra.livekit.types import LiveKitError

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
    pytest.mark.django_db(transaction=True),
]
WRITERS = 4


@pytest.fixture
def number(monkeypatch: pytest.MonkeyPatch) -> PhoneNumber:
    for door in ("telephony.changes", "telephony.demo"):
        monkeypatch.setattr(f"{door}.wake", lambda task: None)
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    return PhoneNumber.objects.create(number="+74991124148", trunk=trunk)


def said_to_all(make: Callable[[], Edit]) -> list[str]:
    """What each writer was told; "" for who was first."""
    told = []

    def write() -> None:
        try:
            changes.carry_out(make())
        except ChangeError as error:
            told.append(error.sentences[0].msgid)
        else:
            told.append("")

    at_once(write, WRITERS)
    return sorted(told)


def test_of_all_who_saw_one_revision_only_the_first_saves(number: PhoneNumber) -> None:
    def edit() -> Edit:
        values = {"label": str(uuid.uuid4())}
        change = Change(model="number", key=str(number.key), values=values, revision=1)
        return Edit(changes=(change,))

    first, *others = said_to_all(edit)
    assert first == "" and set(others) == {"Somebody changed “%(row)s” since you opened it."}
    assert PhoneNumber.objects.get().revision == 2


def test_of_all_who_add_one_number_only_the_first_does(number: PhoneNumber) -> None:
    def edit() -> Edit:
        values = {"number": "+74991124149", "trunk": str(number.trunk.key)}
        return Edit(changes=(Change(model="number", key=str(uuid.uuid4()), values=values),))

    first, *others = said_to_all(edit)
    assert first == "" and len(others) == WRITERS - 1 and all(others)
    assert PhoneNumber.objects.filter(number="+74991124149").count() == 1


def test_edits_of_the_same_rows_in_any_order_are_all_saved(number: PhoneNumber) -> None:
    made = [PhoneNumber(number=f"+749911242{n:02}", trunk=number.trunk) for n in range(40)]
    keys = [str(each.key) for each in PhoneNumber.objects.bulk_create(made)]

    def edit() -> Edit:
        label = {"label": str(uuid.uuid4())}
        shuffled = sample(keys, len(keys))
        return Edit(changes=tuple(Change(model="number", key=k, values=label) for k in shuffled))

    assert said_to_all(edit) == [""] * WRITERS
    saved = PhoneNumber.objects.filter(key__in=keys).values_list("label", "revision").distinct()
    ((_label, revision),) = saved.order_by()
    assert revision == 1 + WRITERS


def reports() -> None:
    published.away(desired(), LiveKitError("away", permanent=False, code="unavailable"))


def removes_the_demo() -> None:
    demo.remove()


@pytest.mark.parametrize("other", [reports, removes_the_demo])
def test_who_writes_the_same_rows_waits_until_they_are_saved(
    number: PhoneNumber, other: Callable[[], None]
) -> None:
    """Many rows in whatever order: PostgreSQL would stop one of two who have some of each other's.
    And a row that is deleted while it is saved would come back.
    """

    def write() -> None:
        try:
            other()
        finally:
            connection.close()

    writer = Thread(target=write)
    with transaction.atomic():
        Gateway.hold_line()
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
    writer.join(10)
    assert not writer.is_alive()
