"""The simulator over HTTP, asked by the client that asks the real LiveKit."""

import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial

import aiohttp
import pytest

from tests.simulator.conftest import Simulated
from veyra.livekit.client import LiveKit
from veyra.livekit.types import AGENT_NAME, AgentDispatch, DispatchRule, InboundTrunk, LiveKitError

TRUNK = InboundTrunk(
    name="trunk1",
    metadata='{"veyra": "trunk:1"}',
    numbers=("+74991124148",),
    allowed_addresses=("37.139.38.0/24",),
    auth_username="line",
    auth_password="secret",
    ringing_timeout=timedelta(seconds=30),
    max_call_duration=timedelta(minutes=30),
)
RULE = DispatchRule(
    name="Support",
    room="support-room-",
    attributes=(("veyra.rule", "0f1e"),),
    agents=(AgentDispatch(agent_name=AGENT_NAME, metadata='{"agent": "8d7c"}'),),
)


def test_what_is_created_is_listed_whole(simulated: Simulated) -> None:
    with simulated.client() as livekit:
        trunk_id = livekit.create_inbound_trunk(TRUNK)
        rule = replace(RULE, trunk_ids=(trunk_id,))
        rule_id = livekit.create_dispatch_rule(rule)
        assert livekit.list_inbound_trunks() == [replace(TRUNK, id=trunk_id)]
        assert livekit.list_dispatch_rules() == [replace(rule, id=rule_id)]
        assert livekit.list_outbound_trunks() == []
    assert simulated.saves == 2


def test_what_is_replaced_keeps_its_id_and_what_is_deleted_is_gone(simulated: Simulated) -> None:
    with simulated.client() as livekit:
        trunk_id, rule_id = livekit.create_inbound_trunk(TRUNK), livekit.create_dispatch_rule(RULE)
        livekit.replace_inbound_trunk(trunk_id, replace(TRUNK, name="other"))
        livekit.replace_dispatch_rule(rule_id, replace(RULE, kind="direct", room="support-room"))
        assert [(t.id, t.name) for t in livekit.list_inbound_trunks()] == [(trunk_id, "other")]
        assert [(r.id, r.kind) for r in livekit.list_dispatch_rules()] == [(rule_id, "direct")]
        livekit.delete_inbound_trunk(trunk_id)
        livekit.delete_dispatch_rule(rule_id)
        assert livekit.list_inbound_trunks() == []
        assert livekit.list_dispatch_rules() == []


def test_a_refusal_comes_as_livekit_words_it(simulated: Simulated) -> None:
    with simulated.client() as livekit:
        with pytest.raises(LiveKitError) as nothing:
            livekit.create_inbound_trunk(InboundTrunk(name="open"))
        with pytest.raises(LiveKitError) as unknown:
            livekit.delete_dispatch_rule("SDR_unknown")
        with pytest.raises(LiveKitError) as room:
            livekit.delete_room("nowhere")
    assert (nothing.value.code, nothing.value.permanent) == ("invalid_argument", True)
    assert nothing.value.message.startswith("for security, one of the fields must be set")
    assert unknown.value.message == "requested sip dispatch rule does not exist"
    assert room.value.message == "requested room does not exist"


def test_what_is_asked_together_is_answered_in_its_order(simulated: Simulated) -> None:
    numbers = ["+74991124148", "", "+74991124149"]
    trunks = [replace(TRUNK, name=each, numbers=(each,) if each else ()) for each in numbers]
    trunks[1] = InboundTrunk(name="open")
    with simulated.client() as livekit:
        works = [partial(livekit.create_inbound_trunk, each) for each in trunks]
        first, refused, last = livekit.together(works)
        found = {each.id: each.name for each in livekit.list_inbound_trunks()}
    assert found == {first: numbers[0], last: numbers[2]}
    assert isinstance(refused, LiveKitError) and refused.code == "invalid_argument"


def test_a_connection_that_cannot_be_opened_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LIVEKIT_API_KEY", raising=False)
    before = threading.enumerate()
    with pytest.raises(ValueError, match="must be set"), LiveKit("http://127.0.0.1:9", "", ""):
        pass
    assert threading.enumerate() == before


def test_a_token_that_another_secret_signed_opens_nothing(simulated: Simulated) -> None:
    stranger = simulated.client("another-secret-of-thirty-two-characters")
    with stranger as livekit, pytest.raises(LiveKitError) as error:
        livekit.list_inbound_trunks()
    assert (error.value.code, error.value.permanent) == ("unauthenticated", True)


def test_a_dispatch_opens_its_room(simulated: Simulated) -> None:
    with simulated.client() as livekit:
        assert livekit.create_dispatch(AGENT_NAME, "support-room", "{}").startswith("AD_")
        assert [room.name for room in livekit.list_rooms()] == ["support-room"]
        livekit.delete_room("support-room")
        assert livekit.list_rooms() == []


@pytest.mark.parametrize(
    ("path", "code"),
    [("/twirp/livekit.SIP/Nothing", "bad_route"), ("/simulate", "unauthenticated")],
)
async def test_what_is_not_there_or_not_allowed_is_said_in_json(
    simulated: Simulated, path: str, code: str
) -> None:
    async with aiohttp.ClientSession() as http, http.post(simulated.url + path) as answer:
        assert (await answer.json())["code"] == code
