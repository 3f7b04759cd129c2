"""The laws of publishing, and another hand in a real LiveKit: lost, changed, made by somebody."""

import json
import time
from dataclasses import replace

import pytest
from django.conf import LazySettings

from agentworker.models import Agent, AgentVersion
from telephony import deciding, sync
from telephony.deciding import Answer
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
from telephony.tasks import apply as apply_task
from tests.live.test_wish import livekit, numbers_by_rule, own_stack, rules, state
from veyra.livekit.client import LiveKit
from veyra.livekit.types import AgentDispatch, InboundTrunk
from veyra.livekit.types import DispatchRule as Rule

__all__ = ["livekit", "own_stack", "rules"]
pytestmark = [pytest.mark.live, pytest.mark.django_db]

Rules = tuple[DispatchRule, DispatchRule]


def wipe(livekit: LiveKit) -> None:
    for rule in livekit.list_dispatch_rules():
        livekit.delete_dispatch_rule(rule.id)
    for trunk in livekit.list_inbound_trunks():
        livekit.delete_inbound_trunk(trunk.id)


def test_a_wiped_livekit_is_whole_again_within_a_minute_without_a_hand(
    livekit: LiveKit, rules: Rules, settings: LazySettings
) -> None:
    sync.apply()
    before = numbers_by_rule(livekit)
    wipe(livekit)
    started = time.monotonic()
    apply_task()
    assert numbers_by_rule(livekit) == before
    assert state(rules[0]) == PublishedState.LIVE
    waits = float(str(settings.CELERY_BEAT_SCHEDULE["apply"]["schedule"]))
    assert waits + time.monotonic() - started < 60


def test_what_was_deleted_there_comes_back_and_what_was_changed_there_waits(
    livekit: LiveKit, rules: Rules
) -> None:
    sync.apply()
    (trunk,) = livekit.list_inbound_trunks()
    (rule,) = livekit.list_dispatch_rules()
    # As somebody does who writes the object anew: our mark is gone.
    livekit.replace_inbound_trunk(trunk.id, InboundTrunk(name="by hand", numbers=("+1",)))
    livekit.delete_dispatch_rule(rule.id)
    sync.apply()
    (changed,) = livekit.list_inbound_trunks()
    assert (changed.id, changed.numbers) == (trunk.id, ("+1",))
    assert [found.trunk_ids for found in livekit.list_dispatch_rules()] == [(trunk.id,)]
    assert state(PhoneNumber.objects.all()[0]) == PublishedState.DIFFERS

    deciding.restore(Difference.objects.get())
    sync.apply()
    (restored,) = livekit.list_inbound_trunks()
    assert (restored.id, restored.numbers) == (trunk.id, trunk.numbers)
    assert restored.auth_password == "p"
    assert not Difference.objects.exists()
    assert sync.preview()[0].actions == ()


def test_theirs_is_taken_and_then_nothing_is_left_to_do(livekit: LiveKit, rules: Rules) -> None:
    AgentVersion.objects.create(agent=rules[0].agent, number=1, greeting="Здравствуйте!")
    sync.apply()
    (trunk,) = livekit.list_inbound_trunks()
    (rule,) = livekit.list_dispatch_rules()
    theirs = replace(trunk, id="", allowed_addresses=(*sync.admitted(), "203.0.113.9/32"))
    livekit.replace_inbound_trunk(trunk.id, theirs)
    livekit.replace_dispatch_rule(rule.id, replace(rule, id="", room="vip-"))
    sync.apply()
    for difference in Difference.objects.all():
        edit = deciding.taking(difference)
        shown = deciding.take_theirs(difference, edit, Answer())
        if shown is not None:
            assert not shown.errors
            answer = Answer(shown.token, accepted=True)
            assert deciding.take_theirs(difference, edit, answer) is None
    sync.apply()
    assert DispatchRule.objects.get(name="Support").room == "vip-"
    assert "203.0.113.9" in Trunk.objects.get().addresses
    assert [found.room for found in livekit.list_dispatch_rules()] == ["vip-"]
    assert sync.preview()[0].actions == ()
    assert not Difference.objects.exists()


def test_a_livekit_that_works_is_taken_over_with_its_ids(livekit: LiveKit) -> None:
    agent = Agent.objects.create(name="Вера")
    AgentVersion.objects.create(agent=agent, number=1, greeting="Здравствуйте!")
    trunk_id = livekit.create_inbound_trunk(
        InboundTrunk(name="Novofon", numbers=("+74991124148",), allowed_addresses=("192.0.2.1",))
    )
    # As `lk sip dispatch create` makes it: for every trunk.
    rule = Rule(name="all", room="call-", agents=(AgentDispatch(agent_name="inbound"),))
    rule_id = livekit.create_dispatch_rule(rule)
    sync.apply()
    adoption = deciding.taking_over([trunk_id, rule_id], str(agent.key))
    assert adoption.refused == {}
    shown = deciding.take_over(adoption, Answer())
    assert shown is not None
    assert deciding.take_over(adoption, Answer(shown.token, accepted=True)) is None
    sync.apply()
    here = str(Gateway.get().installation)
    (trunk,) = livekit.list_inbound_trunks()
    (mine,) = livekit.list_dispatch_rules()
    assert (trunk.id, mine.id) == (trunk_id, rule_id)
    assert key_of(trunk.metadata, here)
    assert mine.trunk_ids == (trunk_id,)
    assert state(PhoneNumber.objects.get()) == PublishedState.LIVE
    assert sync.preview()[0].actions == ()


def test_law_3_what_a_crash_left_unrecorded_is_adopted(livekit: LiveKit, rules: Rules) -> None:
    sync.apply()
    ids = {trunk.id for trunk in livekit.list_inbound_trunks()}
    PublishedObject.objects.all().delete()
    sync.apply()
    assert {trunk.id for trunk in livekit.list_inbound_trunks()} == ids
    assert set(PublishedObject.objects.objects_by_key().values()) >= ids


def test_laws_2_8_9_and_11_hold_for_every_rule_of_ours(livekit: LiveKit, rules: Rules) -> None:
    rules[1].numbers.add(PhoneNumber.objects.get(number="+74991124149"))
    rules[0].numbers.remove(PhoneNumber.objects.get(number="+74991124149"))
    sync.apply()
    trunks = livekit.list_inbound_trunks()
    for rule in livekit.list_dispatch_rules():
        assert set(rule.trunk_ids) <= {trunk.id for trunk in trunks}
        assert rule.trunk_ids
        assert rule.numbers == ()
        assert rule.kind == "individual"
        ((name, key),) = rule.attributes
        assert name == "veyra.rule"
        assert json.loads(rule.agents[0].metadata)["rule"] == key
    assert {(t.ringing_timeout.seconds, t.max_call_duration.seconds) for t in trunks} == {
        (30, 1800)
    }
    # Law 11: an assistant's words are looked up by the job; LiveKit is not touched for them.
    AgentVersion.objects.create(agent=rules[0].agent, number=1, greeting="Алло!")
    assert sync.preview()[0].actions == ()


def test_laws_5_and_7_a_number_nobody_or_two_rules_answer_is_not_sent_wrong(
    livekit: LiveKit, rules: Rules
) -> None:
    lonely = PhoneNumber.objects.create(number="+74991124150", trunk=Trunk.objects.get())
    rules[1].numbers.set(rules[0].numbers.all())
    sync.apply()
    assert state(lonely) == PublishedState.FAILED
    assert state(rules[1]) == PublishedState.FAILED
    assert [rule.name for rule in livekit.list_dispatch_rules()] == ["Support"]
    assert "+74991124150" not in livekit.list_inbound_trunks()[0].numbers


def test_law_6_half_a_login_is_never_sent(livekit: LiveKit, rules: Rules) -> None:
    Trunk.objects.update(password="")
    sync.apply()
    assert livekit.list_inbound_trunks() == []
    assert state(Trunk.objects.get()) == PublishedState.FAILED
    Trunk.objects.update(username="")
    sync.apply()
    (trunk,) = livekit.list_inbound_trunks()
    assert (trunk.auth_username, trunk.auth_password) == ("", "")
