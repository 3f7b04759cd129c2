"""What somebody changed in LiveKit waits on a page; what is not ours can be taken over."""

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from agentworker.models import Agent, AgentVersion
from telephony import sync
from telephony.models import (
    Difference,
    DispatchRule,
    Gateway,
    PhoneNumber,
    PublishedObject,
    PublishedState,
    Trunk,
)
from telephony.routing.actual import key_of
from tests.wish.test_sync import Remembered, livekit, number, standing
from veyra.livekit.types import AgentDispatch, InboundTrunk
from veyra.livekit.types import DispatchRule as Rule
from veyra.models import User

__all__ = ["livekit", "number"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Iterator[Client]:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", set_up_at="2026-01-01T00:00Z"))
    client.cookies["django_language"] = "en"
    yield client


@pytest.fixture
def edited(livekit: Remembered, number: PhoneNumber) -> Difference:
    """The published line, whose trunk somebody gave another address and another number."""
    sync.apply()
    (trunk,) = livekit.trunks.values()
    livekit.trunks[trunk.id] = replace(
        trunk,
        numbers=("+74991124148", "84991124148", "+74991124150"),
        allowed_addresses=(*sync.admitted(), "198.51.100.7/32"),
        auth_username="u",
        auth_password="canary-8",
    )
    sync.apply()
    return Difference.objects.get()


def text_of(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def agree(client: Client, url: str, **more: Any) -> None:
    """Read what it would do, tick, and say yes."""
    shown = client.get(url) if not more else client.post(url, more)
    token = shown.context["panel"]["token"]
    answer = client.post(url, {**more, "seen": token, "accepted": "on"})
    assert answer.status_code == 302, answer.content.decode()


def test_what_somebody_changed_in_livekit_is_not_overwritten(
    livekit: Remembered, edited: Difference, number: PhoneNumber
) -> None:
    before = dict(livekit.trunks)
    sync.apply()
    assert livekit.trunks == before
    assert standing(number).state == PublishedState.DIFFERS
    assert standing(number.trunk).state == PublishedState.DIFFERS


def test_the_page_shows_both_sides_in_words_and_never_the_password(
    edited: Difference, staff: Client
) -> None:
    text = text_of(staff, "differences")
    assert "203.0.113.0/24" in text
    assert "198.51.100.7/32" in text
    assert "+7 499 112-41-50" in text
    assert "canary-8" not in text + str(edited.fields) + edited.fingerprint
    assert "Somebody changed 1 thing" in text_of(staff, "admin:index")
    assert reverse("differences") in text_of(staff, "admin:telephony_trunk_changelist")


def test_restore_ours_puts_back_what_is_saved_in_one_look(
    livekit: Remembered, edited: Difference, staff: Client, number: PhoneNumber
) -> None:
    url = reverse("difference-restore", args=[edited.pk])
    staff.post(url, {"fingerprint": edited.fingerprint})
    sync.apply()
    (trunk,) = livekit.trunks.values()
    assert trunk.allowed_addresses == (*sync.admitted(), "203.0.113.0/24")
    assert (trunk.numbers, trunk.auth_username) == (("+74991124148", "84991124148"), "")
    assert not Difference.objects.exists()
    assert standing(number).state == PublishedState.LIVE


def test_a_decision_is_only_about_what_the_person_saw(edited: Difference, staff: Client) -> None:
    staff.post(reverse("difference-restore", args=[edited.pk]), {"fingerprint": "older"})
    assert Difference.objects.get().restore_at is None


def test_take_theirs_saves_it_here_and_leaves_nothing_to_do(
    livekit: Remembered, edited: Difference, staff: Client
) -> None:
    livekit_id = edited.livekit_id
    agree(staff, reverse("difference-take", args=[edited.pk]))
    trunk = Trunk.objects.get()
    assert (trunk.addresses, trunk.username) == ("198.51.100.7", "u")
    assert {n.number for n in PhoneNumber.objects.in_use()} == {"+74991124148", "+74991124150"}
    sync.apply()
    there = livekit.trunks[livekit_id]
    assert there.auth_password == "canary-8"
    assert there.allowed_addresses == (*sync.admitted(), "198.51.100.7/32")
    assert len(livekit.trunks) == 1
    assert sync.preview()[0].actions == ()
    assert not Difference.objects.exists()


def test_a_rule_taken_from_livekit_keeps_its_pin_and_room(
    livekit: Remembered, number: PhoneNumber, staff: Client
) -> None:
    sync.apply()
    (rule,) = livekit.rules.values()
    livekit.rules[rule.id] = replace(rule, pin="42", room="vip-", inbound_numbers=("+79160000000",))
    sync.apply()
    agree(staff, reverse("difference-take", args=[Difference.objects.get().pk]))
    saved = DispatchRule.objects.get()
    assert (saved.pin, saved.room, saved.callers) == ("42", "vip-", "+79160000000")
    sync.apply()
    assert [found.pin for found in livekit.rules.values()] == ["42"]
    assert sync.preview()[0].actions == ()


def test_what_veyra_cannot_keep_is_said_and_not_taken(
    livekit: Remembered, number: PhoneNumber, staff: Client
) -> None:
    sync.apply()
    (trunk,) = livekit.trunks.values()
    livekit.trunks[trunk.id] = replace(trunk, allowed_numbers=("+79160000000",))
    sync.apply()
    answer = staff.get(reverse("difference-take", args=[Difference.objects.get().pk]))
    assert answer.status_code == 400
    assert "allowed_numbers" in answer.content.decode()


def test_saving_the_row_restores_ours(
    livekit: Remembered, edited: Difference, number: PhoneNumber
) -> None:
    PublishedObject.objects.mark_saved([number.trunk.key])
    sync.apply()
    (trunk,) = livekit.trunks.values()
    assert trunk.auth_username == ""


def test_an_object_of_ours_that_lost_its_mark_is_still_known(
    livekit: Remembered, number: PhoneNumber
) -> None:
    """Whoever writes the whole object anew by hand leaves our metadata out."""
    sync.apply()
    (trunk,) = livekit.trunks.values()
    livekit.trunks[trunk.id] = replace(trunk, metadata="", numbers=("+74991124148",))
    sync.apply()
    found = Difference.objects.get()
    assert (found.whose, found.livekit_id) == ("ours", trunk.id)
    assert len(livekit.trunks) == 1


def test_what_was_deleted_in_livekit_comes_back_by_itself(
    livekit: Remembered, number: PhoneNumber
) -> None:
    sync.apply()
    livekit.trunks.clear()
    livekit.rules.clear()
    sync.apply()
    assert (len(livekit.trunks), len(livekit.rules)) == (1, 1)
    assert standing(number).state == PublishedState.LIVE


@pytest.fixture
def working(livekit: Remembered) -> tuple[str, str]:
    """A LiveKit that somebody set up by hand: a provider, and a rule for every call."""
    trunk = livekit.create_inbound_trunk(
        InboundTrunk(
            name="Novofon",
            numbers=("+74991124148", "+74991124149"),
            allowed_addresses=("185.45.152.0/24",),
            auth_username="u",
            auth_password="canary-6",
        )
    )
    agents = (AgentDispatch(agent_name="inbound"),)
    rule = livekit.create_dispatch_rule(
        Rule(name="all", room="call-", pin="7", trunk_ids=(trunk,), agents=agents)
    )
    sync.apply()
    return trunk, rule


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Вера")
    AgentVersion.objects.create(agent=agent, number=1, greeting="Здравствуйте!")
    return agent


def test_a_livekit_that_works_is_taken_over_by_one_button(
    livekit: Remembered, working: tuple[str, str], agent: Agent, staff: Client
) -> None:
    assert "Take them over" in text_of(staff, "admin:index")
    assert "canary-6" not in text_of(staff, "differences-take-over")
    ids = list(Difference.objects.values_list("livekit_id", flat=True))
    agree(staff, reverse("differences-take-over"), ids=ids, agent=agent.pk)
    sync.apply()
    here = str(Gateway.get().installation)
    trunk, rule = livekit.trunks[working[0]], livekit.rules[working[1]]
    assert (len(livekit.trunks), len(livekit.rules)) == (1, 1)
    assert key_of(trunk.metadata, here)
    assert key_of(rule.metadata, here)
    assert set(trunk.numbers) == {"+74991124148", "+74991124149", "84991124148", "84991124149"}
    assert trunk.allowed_addresses == (*sync.admitted(), "185.45.152.0/24")
    assert (trunk.auth_username, trunk.auth_password) == ("u", "canary-6")
    assert (rule.trunk_ids, rule.room, rule.pin) == ((working[0],), "call-", "7")
    assert {standing(each).state for each in PhoneNumber.objects.all()} == {PublishedState.LIVE}
    assert sync.preview()[0].actions == ()
    assert not Difference.objects.exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"numbers": (), "auth_username": "u", "auth_password": "p"}, "takes calls to every"),
        ({"other": ("krisp_enabled",)}, "krisp_enabled"),
        ({"allowed_numbers": ("+79160000000",)}, "allowed_numbers"),
        ({"numbers": ("support",)}, "not a telephone number"),
        ({"auth_username": "", "auth_password": "p"}, "only one of login"),
    ],
)
def test_what_cannot_become_ours_says_why_and_stays_as_it_is(
    livekit: Remembered,
    working: tuple[str, str],
    agent: Agent,
    staff: Client,
    values: dict[str, Any],
    said: str,
) -> None:
    livekit.trunks[working[0]] = replace(livekit.trunks[working[0]], **values)
    before = dict(livekit.trunks), dict(livekit.rules)
    answer = staff.post(reverse("differences-take-over"), {"ids": list(working), "agent": agent.pk})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    sync.apply()
    assert (livekit.trunks, livekit.rules) == before
    assert not Trunk.objects.exists()


def test_ignored_objects_are_not_counted_until_shown_again(
    livekit: Remembered, working: tuple[str, str], staff: Client
) -> None:
    for found in Difference.objects.all():
        staff.post(reverse("difference-ignore", args=[found.pk]))
    sync.apply()
    assert "Take them over" not in text_of(staff, "admin:index")
    row = Difference.objects.ignored().first()
    assert row is not None
    staff.post(reverse("difference-ignore", args=[row.pk]), {"ignored": "0"})
    assert Difference.objects.not_ours().get() == row


def test_another_veyra_s_objects_are_shown_and_cannot_be_taken(
    livekit: Remembered, number: PhoneNumber, agent: Agent, staff: Client
) -> None:
    sync.apply()
    Gateway.objects.update(installation="11111111-1111-1111-1111-111111111111")
    PublishedObject.objects.all().delete()
    sync.apply()
    assert {row.whose for row in Difference.objects.all()} == {"another"}
    ids = list(livekit.trunks)
    answer = staff.post(reverse("differences-take-over"), {"ids": ids, "agent": agent.pk})
    assert answer.status_code == 400
    assert "Managed by another Veyra" in text_of(staff, "differences")


@pytest.mark.parametrize("name", ["differences", "differences-take-over"])
def test_only_who_may_change_the_line_sees_differences(name: str) -> None:
    client = Client()
    client.force_login(User.objects.create_user("op", is_staff=True, set_up_at="2026-01-01T00:00Z"))
    assert client.get(reverse(name)).status_code == 403


def test_synclivekit_tells_the_differences(edited: Difference) -> None:
    out = StringIO()
    call_command("synclivekit", "--dry-run", stdout=out)
    assert "Changed in LiveKit" in out.getvalue()
    assert "“trunk1”" in out.getvalue()
    assert "198.51.100.7/32" in out.getvalue()
    assert "canary-8" not in out.getvalue()
