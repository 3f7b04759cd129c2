"""Imagined callers on a running simulator leave behind what real ones would."""

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from agentworker.models import Agent, AgentVersion, Session, SessionEvent
from agentworker.script import Script
from telephony.imagined import imagine_call, imagine_talk
from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.simulate import CannotSimulate, simulate
from tests.simulator.conftest import KEY, SECRET, Simulated
from tests.simulator.test_server import RULE
from veyra.livekit.types import AGENT_NAME, AgentDispatch, InboundTrunk, LiveKitError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line(simulated: Simulated, settings: LazySettings) -> Iterator[Simulated]:
    """A saved line that the simulator serves."""
    settings.DEBUG = True
    settings.LIVEKIT_URL = simulated.url.replace("http", "ws")
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello!")
    trunk = Trunk.objects.create(name="trunk1", addresses="37.139.38.0/24")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    DispatchRule.objects.create(name="All", agent=agent).trunks.add(trunk)
    brief = AgentDispatch(agent_name=AGENT_NAME, metadata=json.dumps({"agent": str(agent.key)}))
    trunk_id = simulated.store.create_inbound_trunk(
        InboundTrunk(numbers=("+74991124148",), allowed_addresses=("37.139.38.0/24",))
    )
    rule = replace(RULE, trunk_ids=(trunk_id,), agents=(brief,))
    simulated.store.create_dispatch_rule(rule)
    yield simulated


async def test_every_answered_call_becomes_a_session_with_its_turns(line: Simulated) -> None:
    seen = await simulate(12, 4, Random(3), pace=0)
    assert sum(seen.values()) == 12
    sessions = [session async for session in Session.objects.prefetch_related("turns")]
    assert 0 < seen[200] == len(sessions) < 12
    for session in sessions:
        assert (session.close_reason, session.worker) == ("caller left", "simulator")
        turns = list(session.turns.all())
        assert turns[0].text == "Hello!"
        assert turns[-1].speaker == "caller"
    kinds = {event.kind async for event in SessionEvent.objects.all()}
    assert {"started", "audio_heard_by_caller", "speech_started", "closed"} <= kinds
    assert line.switchboard.lines == {}


async def test_without_a_number_there_is_nothing_to_call(line: Simulated) -> None:
    await PhoneNumber.objects.all().adelete()
    with pytest.raises(CannotSimulate):
        await simulate(1, 1, Random(1))


async def test_a_livekit_that_is_away_is_an_error(line: Simulated, settings: LazySettings) -> None:
    settings.LIVEKIT_URL = "ws://127.0.0.1:1"
    with pytest.raises(LiveKitError) as error:
        await simulate(1, 1, Random(1))
    assert error.value.code == "unavailable"


@pytest.mark.parametrize("command", ["simulate", "simulator"])
def test_production_has_no_imagined_calls(settings: LazySettings, command: str) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="never for production"):
        call_command(command)


def test_the_same_dice_imagine_the_same_call() -> None:
    script = Script(agent="1", version=1, language="en", greeting="Hello!")
    assert imagine_call(Random(7)) == imagine_call(Random(7))
    assert imagine_talk(script, Random(7)) == imagine_talk(script, Random(7))
