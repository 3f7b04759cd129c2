"""Applying what is saved, and what the rows say afterwards."""

import uuid
from collections.abc import Iterator
from io import StringIO
from typing import Any, Self

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from agentworker.models import Agent
from telephony import sync
from telephony.models import (
    DispatchRule,
    Gateway,
    PhoneNumber,
    PublishedObject,
    PublishedState,
    Trunk,
)
from telephony.tasks import apply as apply_task
from veyra.livekit.simulator.store import Store
from veyra.livekit.types import InboundTrunk, LiveKitError
from veyra.models import Lease

pytestmark = pytest.mark.django_db
Live, Waiting, Failed = PublishedState.LIVE, PublishedState.WAITING, PublishedState.FAILED


class Remembered(Store):
    """The LiveKit that the settings point at: it counts calls, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.error: LiveKitError | None = None
        # Fails from this call on.
        self.fails_at = 10**6

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        return None

    def __getattribute__(self, name: str) -> Any:
        if name.startswith(("list_", "create_", "replace_", "delete_")):
            self.calls.append(name)
            if self.error and len(self.calls) >= self.fails_at:
                raise self.error
        return super().__getattribute__(name)


@pytest.fixture
def livekit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Remembered]:
    """In place of the network: F's store, which refuses what LiveKit refuses."""
    found = Remembered()
    monkeypatch.setattr("telephony.sync.LiveKit.from_settings", lambda: found)
    yield found


@pytest.fixture
def number() -> PhoneNumber:
    """The mission's line: trunk1, its number, one rule for all of it."""
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    rule = DispatchRule.objects.create(
        name="Support", agent=Agent.objects.create(name="Поддержка"), room="support-room-"
    )
    rule.trunks.add(trunk)
    return PhoneNumber.objects.create(number="+74991124148", trunk=trunk)


def standing(row: Trunk | PhoneNumber | DispatchRule) -> PublishedObject:
    return PublishedObject.objects.worst_of([row.key])[row.key]


def test_saved_rows_become_objects_and_say_so(livekit: Remembered, number: PhoneNumber) -> None:
    sync.apply()
    (trunk,) = livekit.trunks.values()
    (rule,) = livekit.rules.values()
    assert trunk.numbers == ("+74991124148", "84991124148")
    assert trunk.allowed_addresses == (*sync.admitted(), "203.0.113.0/24")
    assert (trunk.ringing_timeout.seconds, trunk.max_call_duration.seconds) == (30, 1800)
    assert (rule.trunk_ids, rule.kind, rule.room) == ((trunk.id,), "individual", "support-room-")
    saved = DispatchRule.objects.get()
    assert rule.attributes == (("veyra.rule", str(saved.key)),)
    assert str(saved.agent.key) in rule.agents[0].metadata
    for row in (number, number.trunk, saved):
        assert standing(row).state == Live
        assert standing(row).synced_at is not None


def test_a_second_apply_does_nothing_and_costs_three_list_calls(
    livekit: Remembered, number: PhoneNumber, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sync.apply()
    before = list(PublishedObject.objects.values())
    livekit.calls.clear()
    with django_assert_max_num_queries(35):
        assert sync.apply() == []
    assert livekit.calls == [
        "list_inbound_trunks",
        "list_dispatch_rules",
        "list_outbound_trunks",
    ]
    assert list(PublishedObject.objects.values()) == before


def test_while_livekit_is_away_rows_wait_and_are_published_on_its_return(
    livekit: Remembered, number: PhoneNumber
) -> None:
    livekit.error, livekit.fails_at = LiveKitError("", permanent=False, code="unavailable"), 0
    apply_task()
    assert standing(number).state == Waiting
    assert "does not answer" in standing(number).sentence.msgid
    livekit.error = None
    apply_task()
    assert standing(number).state == Live


def test_what_is_live_stays_live_while_livekit_is_away(
    livekit: Remembered, number: PhoneNumber
) -> None:
    sync.apply()
    livekit.error, livekit.fails_at = LiveKitError("", permanent=False, code="unavailable"), 0
    with pytest.raises(LiveKitError):
        sync.apply()
    assert standing(number).state == Live


@pytest.mark.parametrize("fails_at", [4, 5])
def test_livekit_lost_in_the_middle_is_finished_later(
    livekit: Remembered, number: PhoneNumber, fails_at: int
) -> None:
    livekit.error = LiveKitError("", permanent=False, code="unavailable")
    livekit.fails_at = fails_at
    sync.apply()
    assert standing(number).state == Waiting
    livekit.error = None
    sync.apply()
    assert standing(number).state == Live
    assert (len(livekit.trunks), len(livekit.rules)) == (1, 1)


def test_a_wrong_api_key_is_told_on_the_rows(livekit: Remembered, number: PhoneNumber) -> None:
    livekit.error, livekit.fails_at = LiveKitError("", permanent=True, code="unauthenticated"), 0
    apply_task()
    assert "does not accept our key" in standing(number).sentence.msgid


def test_a_number_that_a_foreign_trunk_has_says_so(
    livekit: Remembered, number: PhoneNumber
) -> None:
    foreign = livekit.create_inbound_trunk(InboundTrunk(name="old", numbers=("74991124148",)))
    sync.apply()
    found = standing(number)
    assert found.state == Failed
    assert found.sentence.values["id"] == foreign
    assert set(livekit.trunks) == {foreign}


def test_another_installation_s_objects_are_foreign(
    livekit: Remembered, number: PhoneNumber
) -> None:
    sync.apply()
    theirs = dict(livekit.trunks), dict(livekit.rules)
    # The same database, copied to a second Veyra: only the installation differs.
    Gateway.objects.update(installation=uuid.uuid4())
    sync.apply()
    assert (livekit.trunks, livekit.rules) == theirs
    assert standing(number).state == Failed
    assert "this Veyra does not manage" in standing(number).sentence.msgid


def test_a_number_no_rule_serves_is_not_published(livekit: Remembered, number: PhoneNumber) -> None:
    lonely = PhoneNumber.objects.create(
        number="+74991124149", trunk=Trunk.objects.create(name="trunk2", addresses="192.0.2.1")
    )
    sync.apply()
    assert standing(lonely).state == Failed
    assert "Nobody answers" in standing(lonely).sentence.msgid
    assert len(livekit.trunks) == 1


def test_refusals_stand_on_the_row_that_caused_them(
    livekit: Remembered, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = 'Dispatch rule for the same trunk, x already exists in dispatch rule "SDR_9" "z"'

    def refuse(rule: object) -> str:
        raise LiveKitError(said, permanent=True, code="invalid_argument")

    monkeypatch.setattr(livekit, "create_dispatch_rule", refuse)
    sync.apply()
    assert standing(DispatchRule.objects.get()).state == Failed
    assert standing(DispatchRule.objects.get()).sentence.values == {"id": "SDR_9"}
    assert standing(number.trunk).state == Live
    # The number itself is not reached, whatever its trunk.
    assert standing(number).state == Failed


def test_a_lost_key_keeps_the_login_in_livekit_and_is_told(
    livekit: Remembered, number: PhoneNumber, settings: LazySettings
) -> None:
    Trunk.objects.update(username="u")
    trunk = Trunk.objects.get()
    trunk.password = "canary-7"
    trunk.save()
    sync.apply()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    Trunk.objects.update(addresses="203.0.113.9")
    sync.apply()
    (there,) = livekit.trunks.values()
    assert (there.auth_username, there.auth_password) == ("u", "canary-7")
    assert there.allowed_addresses == (*sync.admitted(), "203.0.113.9/32")
    assert standing(trunk).state == Failed
    assert "FIELD_KEYS" in standing(trunk).sentence.msgid


def test_with_a_lost_key_a_new_connection_is_not_published_without_its_password(
    livekit: Remembered, number: PhoneNumber, settings: LazySettings
) -> None:
    trunk = Trunk.objects.get()
    trunk.username, trunk.password = "u", "canary-7"
    trunk.save()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    sync.apply()
    assert livekit.trunks == {}
    assert livekit.rules == {}
    assert standing(trunk).state == Failed


def test_a_name_that_cannot_be_resolved_never_opens_the_connection(
    livekit: Remembered, number: PhoneNumber
) -> None:
    sync.apply()
    before = dict(livekit.trunks)
    Trunk.objects.update(addresses="sip.nowhere.invalid")
    sync.apply()
    assert livekit.trunks == before
    assert "has no address" in standing(number.trunk).sentence.msgid


def test_a_row_taken_out_of_use_leaves_livekit(livekit: Remembered, number: PhoneNumber) -> None:
    sync.apply()
    PhoneNumber.objects.update(is_active=False)
    sync.apply()
    assert (livekit.trunks, livekit.rules) == ({}, {})
    assert not PublishedObject.objects.filter(source=number.key).exists()


def test_two_writers_are_never_at_it_together(livekit: Remembered, number: PhoneNumber) -> None:
    Lease.take(sync.LEASE, 60)
    assert sync.apply() is None
    assert livekit.calls == []


def test_a_lost_lease_stops_the_writer(
    livekit: Remembered, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = livekit.create_inbound_trunk

    def robbed(trunk: InboundTrunk) -> str:
        Lease.objects.update(holder="00000000-0000-0000-0000-000000000001")
        return create(trunk)

    monkeypatch.setattr(livekit, "create_inbound_trunk", robbed)
    monkeypatch.setattr(sync, "RENEW_SECONDS", 0.0)
    assert sync.apply() == []
    assert livekit.rules == {}
    Lease.objects.all().delete()
    sync.apply()
    assert (len(livekit.trunks), len(livekit.rules)) == (1, 1)


def test_drift_is_restored(livekit: Remembered, number: PhoneNumber) -> None:
    sync.apply()
    (wanted,) = livekit.trunks.values()
    livekit.trunks.clear()
    sync.apply()
    (found,) = livekit.trunks.values()
    assert found.numbers == wanted.numbers
    (rule,) = livekit.rules.values()
    assert rule.trunk_ids == (found.id,)


def test_synclivekit_says_what_it_would_do_and_does_it(
    livekit: Remembered, number: PhoneNumber
) -> None:
    out = StringIO()
    call_command("synclivekit", "--dry-run", stdout=out)
    assert "trunk1" in out.getvalue()
    assert livekit.trunks == {}
    call_command("synclivekit", stdout=StringIO())
    assert len(livekit.trunks) == 1
    out = StringIO()
    call_command("synclivekit", stdout=out)
    assert "0" in out.getvalue().splitlines()[-1]


def test_no_secret_stands_in_a_row_or_a_log(
    livekit: Remembered, number: PhoneNumber, caplog: pytest.LogCaptureFixture
) -> None:
    trunk = Trunk.objects.get()
    trunk.username, trunk.password = "u", "canary-9"
    trunk.save()
    livekit.error, livekit.fails_at = LiveKitError("x", permanent=True, code="internal"), 4
    sync.apply()
    assert "canary-9" not in repr(list(PublishedObject.objects.values())) + caplog.text
    assert "1124148" not in caplog.text


def test_what_is_saved_while_another_is_at_it_is_not_left_for_the_beat(
    livekit: Remembered, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task of the second save finds the first one at work, and goes away."""
    create = livekit.create_dispatch_rule

    def slow(rule: DispatchRule) -> str:
        DispatchRule.objects.update(room="saved-meanwhile-")
        assert sync.apply() is None
        return create(rule)  # type: ignore[arg-type]  # LiveKit's own, of the same name

    monkeypatch.setattr(livekit, "create_dispatch_rule", slow)
    sync.apply()
    assert [rule.room for rule in livekit.rules.values()] == ["saved-meanwhile-"]
