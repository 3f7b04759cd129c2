"""The one way in which the line changes: whole or not at all, now or later, never over another."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from agentworker.models import Agent, AgentVersion
from agentworker.versions import NoScriptError, newest_version
from telephony import changes
from telephony.changes import Change, Edit
from telephony.line import read_line
from telephony.models import (
    DispatchRule,
    Gateway,
    PhoneNumber,
    PublishedObject,
    ScheduledChange,
    Trunk,
)
from telephony.routing.edit import laid_over
from veyra.models import User
from veyra.secrets import encrypt

pytestmark = pytest.mark.django_db
State = ScheduledChange.State


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr("telephony.changes.wake", asked.append)
    return asked


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


def assistant(name: str) -> Agent:
    agent = Agent.objects.create(name=name)
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello.")
    return agent


@pytest.fixture
def number() -> PhoneNumber:
    """A line of one number, which Support answers; Sales is there too."""
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    rule = DispatchRule.objects.create(name="All", agent=assistant("Support"))
    rule.trunks.add(trunk)
    assistant("Sales")
    return number


@pytest.fixture
def anna() -> User:
    return User.objects.create_superuser("anna", language="en")


def key_of(model: Any, **which: Any) -> str:
    return str(model.objects.get(**which).key)


def edit(model: Any, key: str, revision: int | None = None, **values: Any) -> Edit:
    return Edit(changes=(Change(model=model, key=key, values=values, revision=revision),))


def to_sales() -> Edit:
    return edit("rule", key_of(DispatchRule), agent=key_of(Agent, name="Sales"))


NEW = "6c9e1f0e-6d55-4b9e-9f5c-0b8f3c1f0a01"


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("trunk", {"name": "New", "addresses": "198.51.100.7\n198.51.100.9", "username": "u"}),
        ("number", {"number": "+74991124149", "trunk": "TRUNK"}),
        ("rule", {"name": "B", "agent": "AGENT", "numbers": ["NUMBER"], "pin": "12", "room": "x-"}),
        ("rule", {"name": "B", "agent": "AGENT", "trunks": ["TRUNK"], "callers": "8 916 1234567"}),
    ],
)
def test_what_is_saved_is_the_line_that_was_shown(
    number: PhoneNumber, model: Any, values: dict[str, Any]
) -> None:
    names = {"TRUNK": key_of(Trunk), "AGENT": key_of(Agent, name="Sales"), "NUMBER": number.key}
    named: dict[str, Any] = {
        name: [str(names[each]) for each in value]
        if isinstance(value, list)
        else str(names.get(value, value))
        for name, value in values.items()
    }
    if model == "trunk":
        named["password"] = encrypt("canary-5")
    wanted = edit(model, NEW, **named)
    shown = laid_over(read_line(), wanted)
    changes.carry_out(wanted)
    assert read_line() == shown


@pytest.mark.parametrize("model", ["trunk", "number", "rule", "agent"])
def test_archived_and_restored_the_line_is_what_it_was(number: PhoneNumber, model: Any) -> None:
    before = read_line()
    key = str(changes.MODELS[model].objects.order_by("pk")[0].key)
    for archived in (True, False):
        wanted = edit(model, key, archived=archived)
        shown = laid_over(read_line(), wanted)
        changes.carry_out(wanted)
        assert read_line() == shown
    assert read_line() == before


def test_an_archived_assistant_answers_nobody(number: PhoneNumber) -> None:
    key = key_of(Agent, name="Support")
    changes.carry_out(edit("agent", key, archived=True))
    with pytest.raises(NoScriptError):
        newest_version(key)


def test_a_password_travels_and_waits_as_ciphertext_only(number: PhoneNumber, anna: User) -> None:
    wanted = edit("trunk", key_of(Trunk), username="u", password=encrypt("canary-6"))
    assert "canary" not in str(wanted.to_json())
    changes.schedule(wanted, "trunk1", timezone.now(), anna)
    changes.carry_out_due(timezone.now())
    assert Trunk.objects.get().password == "canary-6"
    with connection.cursor() as cursor:
        cursor.execute("SELECT edit FROM telephony_scheduledchange")
        assert "canary" not in str(cursor.fetchall())


def test_an_edit_with_an_error_changes_nothing(number: PhoneNumber) -> None:
    good = Change(model="number", key=str(number.key), values={"label": "new"})
    bad = Change(model="rule", key=NEW, values={"name": "B", "agent": key_of(Agent, name="Sales")})
    with pytest.raises(changes.ChangeError, match="names no number"):
        changes.carry_out(Edit(changes=(good, bad)))
    assert PhoneNumber.objects.get().label == ""
    assert not DispatchRule.objects.filter(name="B").exists()


def test_what_is_not_what_the_person_saw_is_not_carried_out(number: PhoneNumber) -> None:
    wanted = to_sales()
    seen = changes.preview(wanted).token
    DispatchRule.objects.update(pin="12")
    with pytest.raises(changes.NotSeenError) as refused:
        changes.carry_out(wanted, seen)
    assert refused.value.impact is not None
    DispatchRule.objects.update(pin="")
    changes.carry_out(wanted, seen)
    assert DispatchRule.objects.get().agent.name == "Sales"


def test_what_somebody_else_changed_is_not_overwritten(number: PhoneNumber) -> None:
    changes.carry_out(edit("number", str(number.key), revision=1, label="mine"))
    with pytest.raises(changes.StaleError, match="Somebody changed"):
        changes.carry_out(edit("number", str(number.key), revision=1, label="theirs"))
    assert (PhoneNumber.objects.get().label, PhoneNumber.objects.get().revision) == ("mine", 2)


def new_numbers(count: int) -> Edit:
    trunk = key_of(Trunk)
    return Edit(
        changes=tuple(
            Change(
                model="number",
                key=str(uuid.uuid4()),
                values={"number": f"+7499112{n:04}", "trunk": trunk},
            )
            for n in range(count)
        )
    )


def test_many_rows_are_saved_with_the_queries_of_one(number: PhoneNumber) -> None:
    def queries(wanted: Edit) -> int:
        with CaptureQueriesContext(connection) as asked:
            changes.carry_out(wanted)
        return len(asked)

    Gateway.get()
    DispatchRule.objects.get().numbers.add(number)
    counts = []
    for size in (1, 60):
        made = new_numbers(size)
        keys = [each.key for each in made.changes]
        label = [Change(model="number", key=key, values={"label": key}) for key in keys]
        away = [Change(model="number", key=key, values={"archived": True}) for key in keys]
        rule = Change(model="rule", key=key_of(DispatchRule), values={"numbers": keys})
        steps = (made.changes, label, [rule], away)
        counts.append([queries(Edit(changes=tuple(each))) for each in steps])
    assert counts[0] == counts[1]
    assert PhoneNumber.objects.archived().filter(revision=3).count() == 61


def test_a_change_of_a_row_that_is_gone_is_a_sentence(number: PhoneNumber) -> None:
    wanted = edit("number", NEW, revision=1, label="gone")
    with pytest.raises(changes.ChangeError, match="no longer there"):
        changes.carry_out(wanted)


@pytest.mark.parametrize("first", ["the old one is put away", "the old one gets another number"])
def test_a_number_is_given_up_before_another_row_takes_it(number: PhoneNumber, first: str) -> None:
    released = {"archived": True} if "away" in first else {"number": "+74991124199"}
    other = PhoneNumber.objects.create(number="+74991124150", trunk=number.trunk)
    taken = {"number": number.number}
    wanted = Edit(
        changes=(
            Change(model="number", key=str(number.key), values=released),
            Change(model="number", key=str(other.key), values=taken),
            Change(
                model="number",
                key=NEW,
                values={"number": "+74991124150", "trunk": key_of(Trunk)},
            ),
        )
    )
    shown = laid_over(read_line(), wanted)
    changes.carry_out(wanted)
    assert read_line() == shown


def test_a_row_named_in_the_same_edit_may_be_new(number: PhoneNumber) -> None:
    trunk, agent, rule, new = (str(uuid.uuid4()) for _ in range(4))
    wanted = Edit(
        changes=(
            Change(
                model="rule",
                key=rule,
                values={"name": "B", "agent": agent, "numbers": [new], "trunks": [trunk]},
            ),
            Change(model="number", key=new, values={"number": "+74991124150", "trunk": trunk}),
            Change(model="trunk", key=trunk, values={"name": "B", "addresses": "198.51.100.7"}),
            Change(model="agent", key=agent, values={"name": "B"}),
        )
    )
    changes.carry_out(wanted)
    saved = DispatchRule.objects.get(key=rule)
    assert [str(each.key) for each in saved.numbers.all()] == [new]
    assert (str(saved.agent.key), str(saved.numbers.get().trunk.key)) == (agent, trunk)


def test_a_new_connection_that_names_another_has_its_numbers_at_once(number: PhoneNumber) -> None:
    values = {"name": "B", "addresses": "198.51.100.7", "out_next": key_of(Trunk)}
    made = Change(model="trunk", key=NEW, values=values)
    key = str(uuid.uuid4())
    its = Change(model="number", key=key, values={"number": "+74991124150", "trunk": NEW})
    changes.carry_out(Edit(changes=(made, its)))
    assert PhoneNumber.objects.get(key=key).trunk.out_next == number.trunk


def test_a_list_of_rows_is_changed_to_what_the_edit_says(number: PhoneNumber) -> None:
    changes.carry_out(new_numbers(3))
    keys = [str(each.key) for each in PhoneNumber.objects.exclude(pk=number.pk)]
    for wanted in (keys, keys[:1], []):
        changes.carry_out(edit("rule", key_of(DispatchRule), numbers=wanted))
        assert {str(each.key) for each in DispatchRule.objects.get().numbers.all()} == {*wanted}


def test_only_what_changes_is_written(number: PhoneNumber) -> None:
    wanted = to_sales()
    DispatchRule.objects.update(room="renamed-meanwhile-")
    changes.carry_out(wanted)
    assert DispatchRule.objects.get().room == "renamed-meanwhile-"


@pytest.mark.parametrize(
    "wanted",
    [
        edit("number", NEW, number="+74991124150", trunk=NEW),
        edit("number", NEW, number="9" * 40, trunk="TRUNK"),
        edit("rule", "RULE", kind="nonsense"),
    ],
)
def test_nonsense_is_a_sentence(number: PhoneNumber, wanted: Edit) -> None:
    change = wanted.changes[0]
    values: dict[str, Any] = {
        name: key_of(Trunk) if value == "TRUNK" else value for name, value in change.values.items()
    }
    key = key_of(DispatchRule) if change.key == "RULE" else change.key
    with pytest.raises(changes.ChangeError) as refused:
        changes.carry_out(edit(change.model, key, **values))
    assert all(map(str, refused.value.sentences))


def test_a_saved_edit_is_on_its_way_to_livekit(number: PhoneNumber, woken: list[str]) -> None:
    key = key_of(DispatchRule)
    PublishedObject.objects.create(kind="rule", key="a", source=key, state="live")
    changes.carry_out(to_sales())
    assert PublishedObject.objects.get().state == "waiting"
    assert woken == ["telephony.apply"]


def test_a_planned_change_waits_for_its_moment_and_tells_its_author(
    number: PhoneNumber, anna: User
) -> None:
    at = timezone.now() + timedelta(hours=1)
    changes.schedule(to_sales(), "All", at, anna)
    assert changes.carry_out_due(at - timedelta(minutes=1)) == 0
    assert DispatchRule.objects.get().agent.name == "Support"
    assert changes.news(anna) == []
    assert changes.carry_out_due(at) == 1
    assert DispatchRule.objects.get().agent.name == "Sales"
    (told,) = map(str, changes.news(anna))
    assert "took effect. +7 499 112-41-48: Support -> Sales." in told
    assert changes.news(anna) == []
    assert changes.carry_out_due(at) == 0


def test_a_planned_change_that_would_break_the_line_is_not_carried_out(
    number: PhoneNumber, anna: User
) -> None:
    now = timezone.now()
    again = edit("number", NEW, number="+74991124149", trunk=key_of(Trunk))
    changes.schedule(again, "+74991124149", now, anna)
    PhoneNumber.objects.create(number="+74991124149", trunk=number.trunk)
    changes.carry_out_due(now)
    assert ScheduledChange.objects.get().state == State.FAILED
    assert PhoneNumber.objects.count() == 2
    (told,) = map(str, changes.news(anna))
    assert "was not carried out: Two lines claim +7 499 112-41-49" in told


def test_one_planned_change_that_fails_does_not_keep_the_others(
    number: PhoneNumber, anna: User
) -> None:
    now = timezone.now()
    changes.schedule(edit("number", NEW, number="x", trunk=NEW), "x", now, anna)
    changes.schedule(to_sales(), "All", now, anna)
    changes.carry_out_due(now)
    states = list(ScheduledChange.objects.order_by("pk").values_list("state", flat=True))
    assert states == [State.FAILED, State.DONE]


def test_a_planned_change_that_cannot_be_read_does_not_keep_the_others(
    number: PhoneNumber, anna: User
) -> None:
    now = timezone.now()
    broken = changes.schedule(to_sales(), "All", now, anna)
    ScheduledChange.objects.filter(pk=broken.pk).update(edit={"changes": [{}]})
    changes.schedule(to_sales(), "All", now, anna)
    assert changes.carry_out_due(now) == 2
    states = list(ScheduledChange.objects.order_by("pk").values_list("state", flat=True))
    assert states == [State.WAITING, State.DONE]


def test_a_cancelled_change_never_happens(number: PhoneNumber, anna: User) -> None:
    planned = changes.schedule(to_sales(), "All", timezone.now(), anna)
    assert changes.cancel(planned)
    assert changes.carry_out_due(timezone.now()) == 0
    assert not changes.cancel(planned)
    assert DispatchRule.objects.get().agent.name == "Support"


def test_a_number_knows_what_waits_for_it(number: PhoneNumber, anna: User) -> None:
    other = PhoneNumber.objects.create(
        number="+74991124149", trunk=Trunk.objects.create(name="t2", addresses="198.51.100.1")
    )
    soon, later = timezone.now() + timedelta(hours=1), timezone.now() + timedelta(hours=2)
    rule = key_of(DispatchRule)
    changes.schedule(edit("rule", rule, archived=True), "All", later, anna)
    changes.schedule(to_sales(), "All", soon, anna)
    waiting = changes.planned_for(number)
    found = [(row.takes_effect_at, [str(each) for each in said]) for row, said in waiting]
    assert found == [
        (soon, ["+7 499 112-41-48: Support -> Sales."]),
        (later, ["+7 499 112-41-48 will reach nobody. Now: Sales."]),
    ]
    assert changes.planned_for(other) == []


def test_a_lost_key_of_secrets_keeps_nobody_from_changing_the_rest(
    number: PhoneNumber, settings: LazySettings
) -> None:
    Trunk.objects.create(name="locked", addresses="198.51.100.1", username="u", password="p")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    changes.carry_out(to_sales())
    changes.carry_out(edit("trunk", key_of(Trunk, name="locked"), provider="novofon"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM telephony_trunk WHERE name = 'locked'")
        assert cursor.fetchone()[0].startswith("f1:")


def test_a_preview_costs_the_same_queries_however_long_the_line(number: PhoneNumber) -> None:
    Gateway.get()
    counts = []
    for size in (2, 40):
        for n in range(PhoneNumber.objects.count(), size):
            PhoneNumber.objects.create(number=f"+749911242{n:02}", trunk=number.trunk)
        with CaptureQueriesContext(connection) as queries:
            changes.preview(to_sales())
        counts.append(len(queries))
    assert counts[0] == counts[1]


def manager(*permissions: str) -> User:
    """A member of staff with these rights and no others."""
    user = User.objects.create_user("boris", is_staff=True, language="en")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=user.pk)


def loses_his_rights(user: User) -> None:
    user.user_permissions.clear()


def is_switched_off(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def is_no_longer_staff(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)


def is_deleted(user: User) -> None:
    user.delete()


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (loses_his_rights, "may no longer change it"),
        (is_no_longer_staff, "may no longer change it"),
        (is_switched_off, "is no longer here"),
        (is_deleted, "is no longer here"),
    ],
)
def test_a_planned_change_of_somebody_who_may_not_any_more_is_not_carried_out(
    number: PhoneNumber, happens: Callable[[User], None], told: str
) -> None:
    author, now = manager("change_dispatchrule"), timezone.now()
    changes.schedule(to_sales(), "All", now, author)
    happens(author)
    ((_row, said),) = changes.planned_for(number)
    assert [told in str(each) for each in said] == [True]
    assert changes.carry_out_due(now) == 1
    assert DispatchRule.objects.get().agent.name == "Support"
    planned = ScheduledChange.objects.get()
    assert planned.state == State.FAILED
    assert told in str(planned.sentences[0])


def test_a_planned_change_of_somebody_with_just_the_right_is_carried_out(
    number: PhoneNumber,
) -> None:
    now = timezone.now()
    changes.schedule(to_sales(), "All", now, manager("change_dispatchrule"))
    changes.carry_out_due(now)
    assert DispatchRule.objects.get().agent.name == "Sales"


@pytest.mark.parametrize(
    ("model", "key", "values", "needed"),
    [
        ("rule", "", {"pin": "12"}, {"telephony.change_dispatchrule"}),
        ("rule", "", {"archived": True}, {"telephony.delete_dispatchrule"}),
        ("trunk", NEW, {"name": "New"}, {"telephony.add_trunk"}),
        ("agent", "", {"is_published": False}, {"agentworker.change_agent"}),
    ],
)
def test_each_edit_asks_for_the_right_of_its_kind(
    number: PhoneNumber, model: Any, key: str, values: dict[str, Any], needed: set[str]
) -> None:
    row = changes.MODELS[model].objects.order_by("pk")[0]
    assert changes.rights(edit(model, key or str(row.key), **values)) == needed


def test_the_rights_of_many_rows_are_asked_for_at_once(number: PhoneNumber) -> None:
    def queries(wanted: Edit) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert changes.rights(wanted) == {"telephony.add_phonenumber"}
        return len(asked)

    assert queries(new_numbers(1)) == queries(new_numbers(50))
