"""What is saved, in a real LiveKit."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings

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
from telephony.routing.actual import key_of
from telephony.tasks import apply as apply_task
from tests.live.stack import Stack
from veyra.livekit.client import LiveKit
from veyra.livekit.types import InboundTrunk, LiveKitError

pytestmark = [pytest.mark.live, pytest.mark.django_db]


@pytest.fixture(scope="module")
def own_stack(start_stack: Callable[..., Stack]) -> Stack:
    """Not shared: these tests stop its server."""
    return start_stack()


@pytest.fixture
def livekit(own_stack: Stack, settings: LazySettings) -> Iterator[LiveKit]:
    """The real one, emptied."""
    settings.LIVEKIT_URL = own_stack.url
    settings.LIVEKIT_API_KEY = own_stack.api_key
    settings.LIVEKIT_API_SECRET = own_stack.api_secret
    with LiveKit.from_settings() as client:
        for rule in client.list_dispatch_rules():
            client.delete_dispatch_rule(rule.id)
        for trunk in client.list_inbound_trunks():
            client.delete_inbound_trunk(trunk.id)
        yield client


@pytest.fixture
def rules() -> tuple[DispatchRule, DispatchRule]:
    """Two numbers of one connection: Support answers both, Sales none yet."""
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1", username="u", password="p")
    agent = Agent.objects.create(name="Поддержка")
    support = DispatchRule.objects.create(name="Support", agent=agent, room="support-room-")
    sales = DispatchRule.objects.create(name="Sales", agent=agent, room="sales-")
    for number in ("+74991124148", "+74991124149"):
        support.numbers.add(PhoneNumber.objects.create(number=number, trunk=trunk))
    return support, sales


def state(row: Trunk | PhoneNumber | DispatchRule) -> str:
    found = PublishedObject.objects.worst_of([row.key]).get(row.key)
    return found.state if found else ""


def numbers_by_rule(livekit: LiveKit) -> dict[str, set[str]]:
    """Rule name -> the numbers whose calls it answers."""
    trunks = {trunk.id: set(trunk.numbers) for trunk in livekit.list_inbound_trunks()}
    return {
        rule.name: set().union(*(trunks.get(each, set()) for each in rule.trunk_ids))
        for rule in livekit.list_dispatch_rules()
    }


def test_saved_rows_become_objects_and_a_second_plan_is_empty(
    livekit: LiveKit, rules: tuple[DispatchRule, DispatchRule]
) -> None:
    sync.apply()
    (trunk,) = livekit.list_inbound_trunks()
    (rule,) = livekit.list_dispatch_rules()
    assert trunk.numbers == ("+74991124148", "+74991124149", "84991124148", "84991124149")
    assert (trunk.auth_username, trunk.auth_password) == ("u", "p")
    assert (trunk.ringing_timeout.seconds, trunk.max_call_duration.seconds) == (30, 1800)
    assert (rule.trunk_ids, rule.room) == ((trunk.id,), "support-room-")
    assert state(rules[0]) == PublishedState.LIVE
    assert sync.preview()[0].actions == ()


def test_a_moved_number_is_answered_by_the_other_rule(
    livekit: LiveKit, rules: tuple[DispatchRule, DispatchRule]
) -> None:
    sync.apply()
    support, sales = rules
    moved = PhoneNumber.objects.get(number="+74991124149")
    support.numbers.remove(moved)
    sales.numbers.add(moved)
    results = sync.apply()
    assert results
    assert all(result.done for result in results)
    assert numbers_by_rule(livekit) == {
        "Support": {"+74991124148", "84991124148"},
        "Sales": {"+74991124149", "84991124149"},
    }
    assert sync.preview()[0].actions == ()
    # And back, onto a connection that has a number already.
    sales.numbers.remove(moved)
    support.numbers.add(moved)
    results = sync.apply()
    assert results
    assert all(result.done for result in results)
    assert set(numbers_by_rule(livekit)) == {"Support"}


def test_two_rules_change_places(
    livekit: LiveKit, rules: tuple[DispatchRule, DispatchRule]
) -> None:
    support, sales = rules
    sales.numbers.set(support.numbers.all())
    DispatchRule.objects.filter(pk=sales.pk).update(pin="12")
    sync.apply()
    DispatchRule.objects.filter(pk=sales.pk).update(pin="")
    DispatchRule.objects.filter(pk=support.pk).update(pin="12")
    results = sync.apply()
    assert results
    assert all(result.done for result in results)
    assert {rule.name: rule.pin for rule in livekit.list_dispatch_rules()} == {
        "Support": "12",
        "Sales": "",
    }


def test_a_taken_number_says_by_whom(
    livekit: LiveKit, rules: tuple[DispatchRule, DispatchRule]
) -> None:
    foreign = livekit.create_inbound_trunk(InboundTrunk(name="old", numbers=("74991124148",)))
    sync.apply()
    taken = PhoneNumber.objects.get(number="+74991124148")
    row = PublishedObject.objects.get(source=taken.key)
    assert row.state == PublishedState.FAILED
    assert row.sentence.values["id"] == foreign
    assert state(PhoneNumber.objects.get(number="+74991124149")) == PublishedState.LIVE
    ours = str(Gateway.get().installation)
    others = [t.id for t in livekit.list_inbound_trunks() if not key_of(t.metadata, ours)]
    assert others == [foreign]


def test_livekit_away_makes_rows_wait_and_its_return_publishes_them(
    own_stack: Stack,
    livekit: LiveKit,
    rules: tuple[DispatchRule, DispatchRule],
    settings: LazySettings,
) -> None:
    own_stack.kill("livekit-server")
    try:
        apply_task()
        assert state(rules[0]) == PublishedState.WAITING
    finally:
        own_stack.start_server()
    apply_task()
    assert state(rules[0]) == PublishedState.LIVE
    # Nobody has to ask for it: beat does, in time.
    assert settings.CELERY_BEAT_SCHEDULE["apply"] == {"task": sync.TASK, "schedule": 30.0}


def test_a_wrong_key_is_told_apart_from_a_silent_livekit(
    own_stack: Stack, livekit: LiveKit
) -> None:
    with (
        LiveKit(own_stack.url, own_stack.api_key, "wrong" * 10) as wrong,
        pytest.raises(LiveKitError) as caught,
    ):
        wrong.list_rooms()
    assert (caught.value.permanent, caught.value.code) == (True, "unauthenticated")
    with (
        LiveKit("ws://127.0.0.1:9", own_stack.api_key, own_stack.api_secret) as silent,
        pytest.raises(LiveKitError) as caught,
    ):
        silent.list_rooms()
    assert (caught.value.permanent, caught.value.code) == (False, "unavailable")
