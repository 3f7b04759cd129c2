"""Calls on the simulated line say what the recorded ones said."""

import asyncio
import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from google.protobuf.json_format import MessageToJson
from livekit import api

from tests.simulator.conftest import KEY, SECRET, Simulated
from tests.simulator.test_server import RULE, TRUNK
from veyra.livekit import tap
from veyra.livekit.matching import Invite
from veyra.livekit.simulator import encoding
from veyra.livekit.simulator.bus import BusMessage
from veyra.livekit.simulator.sequence import Said
from veyra.livekit.simulator.speaker import signed
from veyra.livekit.types import DispatchRule, InboundTrunk, LiveKitError, Transfer
from veyra.livekit.webhooks import BadSignature, hash_signed, receive

RECORDED = Path(__file__).parent.parent / "journal" / "recorded"
ON_BUS = ("invite", "call_state", "dispatch")
OPEN = replace(TRUNK, auth_username="", auth_password="")
INVITE = Invite("79161230001", "74991124148", "37.139.38.10")


def publish(simulated: Simulated, trunk: InboundTrunk = OPEN, rule: DispatchRule = RULE) -> str:
    """The trunk's id; the rule serves it."""
    trunk_id = simulated.store.create_inbound_trunk(trunk)
    simulated.store.create_dispatch_rule(replace(rule, trunk_ids=(trunk_id,)))
    return trunk_id


def told(said: list[Said]) -> list[str]:
    """Each message in a word or two."""
    return [_tap(m) if isinstance(m, BusMessage) else _webhook(m) for m in said]


def _tap(message: BusMessage) -> str:
    found = tap.read(message.channel, message.raw)
    assert found
    return f"{found.kind} {found.payload.get('status', '')}".strip()


def _webhook(event: api.WebhookEvent) -> str:
    body = json.loads(MessageToJson(event))
    person = body.get("participant", {})
    return f"{body['event']} {person.get('kind', '')}".strip()


def recorded(name: str) -> list[str]:
    words = []
    for record in json.loads((RECORDED / f"{name}.json").read_text())["records"]:
        if record["source"] == "tap":
            words.append(_tap(BusMessage(record["channel"], base64.b64decode(record["raw"]))))
        elif record["source"] == "webhook":
            body = json.loads(record["body"])
            words.append(f"{body['event']} {body.get('participant', {}).get('kind', '')}".strip())
    return words


async def _until(simulated: Simulated, word: str) -> None:
    for _ in range(200):
        if told(simulated.said)[-1:] == [word]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(told(simulated.said))


def test_an_answered_call_is_told_like_a_recorded_one(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    assert (seen["status"], seen["brief"]) == (200, RULE.agents[0].metadata)
    assert simulated.do(simulated.switchboard.hang_up(seen["sip_call_id"]))
    simulated.do(_until(simulated, "room_finished"))
    assert told(simulated.said) == recorded("good_call")


def test_a_caller_who_gives_up_is_told_like_a_recorded_one(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE, agent_comes=False))
    assert seen["status"] == 180
    simulated.do(simulated.switchboard.hang_up(seen["sip_call_id"]))
    simulated.do(_until(simulated, "room_finished"))
    assert told(simulated.said) == recorded("gave_up")


def test_a_call_that_nobody_answers_ends_by_the_trunks_ringing_timeout(
    simulated: Simulated,
) -> None:
    publish(simulated, replace(OPEN, ringing_timeout=timedelta(milliseconds=20)))
    simulated.do(simulated.switchboard.place_call(INVITE, agent_comes=False))
    simulated.do(_until(simulated, "room_finished"))
    assert told(simulated.said) == recorded("nobody_came")


def test_a_number_that_nobody_serves_is_refused_like_a_recorded_one(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(replace(INVITE, called="74991124149")))
    assert (seen["status"], seen["room"]) == (486, "")
    assert told(simulated.said) == recorded("unknown_number")


def test_a_deleted_room_throws_its_caller_out_and_is_finished(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    with simulated.client() as livekit:
        assert {p.kind for p in livekit.list_participants(seen["room"])} == {"sip", "agent"}
        livekit.delete_room(seen["room"])
    simulated.do(_until(simulated, "room_finished"))
    end = ["track_unpublished", "participant_left SIP", "call_state disconnected"]
    end += ["track_unpublished", "participant_left AGENT", "room_finished"]
    assert told(simulated.said)[-6:] == end
    assert simulated.store.list_rooms() == []


def test_a_caller_who_is_removed_ends_his_call(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    with simulated.client() as livekit:
        livekit.remove_participant(seen["room"], "sip_79161230001")
    simulated.do(_until(simulated, "room_finished"))
    assert simulated.switchboard.lines == {}


def test_a_call_that_is_transferred_ends_here(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    with simulated.client() as livekit:
        livekit.transfer(transfer_in(seen["room"]))
    simulated.do(_until(simulated, "room_finished"))
    assert simulated.switchboard.lines == {}


def test_a_ringing_call_is_not_transferred(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE, agent_comes=False))
    with simulated.client() as livekit, pytest.raises(LiveKitError, match="non established"):
        livekit.transfer(transfer_in(seen["room"]))
    assert len(simulated.switchboard.lines) == 1


def transfer_in(room: str) -> Transfer:
    identity, ringing = "sip_79161230001", timedelta(seconds=5)
    return Transfer(room=room, identity=identity, to="tel:+79160000001", ringing=ringing)


def test_data_is_sent_only_into_a_room_that_is_there(simulated: Simulated) -> None:
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    with simulated.client() as livekit:
        livekit.send_data(seen["room"], ["agent-1"], "veyra.hint", b"{}")
        with pytest.raises(LiveKitError) as refused:
            livekit.send_data("no such room", ["agent-1"], "veyra.hint", b"{}")
    assert refused.value.code == "not_found"


@pytest.mark.parametrize(("source_ip", "status"), [("37.139.39.1", 486), ("nonsense", 503)])
def test_a_call_from_elsewhere_is_refused(
    simulated: Simulated, source_ip: str, status: int
) -> None:
    publish(simulated)
    invite = replace(INVITE, source_ip=source_ip)
    assert simulated.do(simulated.switchboard.place_call(invite))["status"] == status


def test_a_number_on_two_trunks_answers_nobody(simulated: Simulated) -> None:
    publish(simulated)
    other = simulated.store.create_inbound_trunk(InboundTrunk(numbers=("+74951234567",)))
    simulated.store.replace_inbound_trunk(other, OPEN)
    assert simulated.do(simulated.switchboard.place_call(INVITE))["status"] == 503
    assert told(simulated.said) == ["invite"]


@pytest.mark.parametrize(
    ("username", "password", "status", "recording"),
    [("", "", 407, "no_password"), ("line", "wrong", 401, "wrong_password")],
)
def test_a_line_with_a_login_turns_away_who_does_not_know_it(
    simulated: Simulated, username: str, password: str, status: int, recording: str
) -> None:
    publish(simulated, TRUNK)
    simulated.switchboard.login_seconds = 0.01
    invite = replace(INVITE, username=username, password=password)
    seen = simulated.do(simulated.switchboard.place_call(invite))
    assert (seen["status"], seen["room"]) == (status, "")
    simulated.do(_until(simulated, "call_state error"))
    assert told(simulated.said) == recorded(recording)


def test_a_login_is_told_like_a_recorded_one(simulated: Simulated) -> None:
    publish(simulated, TRUNK)
    known = replace(INVITE, username="line", password="secret")
    seen = simulated.do(simulated.switchboard.place_call(known))
    assert seen["status"] == 200
    simulated.do(simulated.switchboard.hang_up(seen["sip_call_id"]))
    simulated.do(_until(simulated, "room_finished"))
    on_bus = [word for word in recorded("login") if word.split()[0] in ON_BUS]
    assert [word for word in told(simulated.said) if word.split()[0] in ON_BUS] == on_bus


@pytest.mark.parametrize("pin", ["", "9999"])
def test_a_wrong_pin_is_told_like_a_recorded_one(simulated: Simulated, pin: str) -> None:
    publish(simulated, rule=replace(RULE, pin="1234"))
    seen = simulated.do(simulated.switchboard.place_call(replace(INVITE, pin=pin)))
    assert (seen["status"], seen["room"]) == (200, "")
    assert told(simulated.said) == recorded("wrong_pin")


def test_a_caller_with_the_right_pin_is_answered_before_the_agent_comes(
    simulated: Simulated,
) -> None:
    publish(simulated, rule=replace(RULE, pin="1234"))
    place = simulated.switchboard.place_call
    assert simulated.do(place(INVITE))["room"] == ""
    seen = simulated.do(place(replace(INVITE, pin="1234"), agent_comes=False))
    assert (seen["status"], seen["room"][:13]) == (200, "support-room-")
    assert told(simulated.said)[-1] == "call_state active"


def test_two_rules_for_one_call_stop_the_whole_line(simulated: Simulated) -> None:
    trunk_id = publish(simulated)
    other = simulated.store.create_dispatch_rule(replace(RULE, trunk_ids=("ST_elsewhere",)))
    simulated.store.replace_dispatch_rule(other, replace(RULE, trunk_ids=(trunk_id,)))
    assert simulated.do(simulated.switchboard.place_call(INVITE))["status"] == 503
    assert told(simulated.said)[-1] == "call_state error"


def test_a_shared_room_outlives_its_first_caller(simulated: Simulated) -> None:
    publish(simulated, rule=replace(RULE, kind="direct", room="support-room"))
    place = simulated.switchboard.place_call
    first = simulated.do(place(INVITE))
    second = simulated.do(place(replace(INVITE, caller="79161230002")))
    assert (second["status"], second["room_sid"]) == (200, first["room_sid"])
    simulated.do(simulated.switchboard.hang_up(first["sip_call_id"]))
    assert [room.participants for room in simulated.store.list_rooms()] == [2]
    simulated.do(simulated.switchboard.hang_up(second["sip_call_id"]))
    simulated.do(_until(simulated, "room_finished"))


def test_the_tap_reads_numbers_address_trunk_and_answer_time(simulated: Simulated) -> None:
    trunk = publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    on_bus = [m for m in simulated.said if isinstance(m, BusMessage)]
    read = [tap.read(message.channel, message.raw) for message in on_bus]
    invite, _, dispatch, _, active = [message for message in read if message]
    assert {m.sip_call_id for m in (invite, dispatch, active)} == {seen["sip_call_id"]}
    for message in (invite, dispatch):
        assert message.payload["from"] == "79161230001"
        assert message.payload["to"] == "74991124148"
        assert message.payload["source_ip"] == "37.139.38.10"
    assert dispatch.payload["trunk_id"] == trunk
    assert active.payload["started_ns"] > active.payload["created_ns"]
    assert active.payload["attributes"]["veyra.rule"] == "0f1e"


def test_a_webhook_carries_the_token_of_its_body(
    simulated: Simulated, settings: LazySettings
) -> None:
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    publish(simulated)
    seen = simulated.do(simulated.switchboard.place_call(INVITE))
    events = [m for m in simulated.said if isinstance(m, api.WebhookEvent)]
    body = MessageToJson(events[1], indent=None)
    token = hash_signed(signed(body, KEY, SECRET))
    event = receive(body.encode(), token)
    assert (event.kind, event.room_sid) == ("participant_joined", seen["room_sid"])
    assert event.attributes["sip.callID"] == seen["sip_call_id"]
    with pytest.raises(BadSignature):
        receive(body.encode() + b" ", token)


def test_what_was_published_is_there_after_a_restart(simulated: Simulated, tmp_path: Path) -> None:
    publish(simulated, TRUNK)
    path = tmp_path / "simulator.json"
    encoding.save(simulated.store, path)
    assert encoding.load(path) == simulated.store
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_header_that_the_trunk_reads_becomes_an_attribute(simulated: Simulated) -> None:
    publish(simulated, replace(OPEN, headers_to_attributes=(("X-Veyra-Source", "veyra.source"),)))
    headers = {"X-Veyra-Source": "198.51.100.7", "X-Other": "not asked for"}
    place = simulated.switchboard.place_call
    seen = simulated.do(place(INVITE, headers=headers))
    (caller,) = (p for p in simulated.store.list_participants(seen["room"]) if p.kind == "sip")
    assert caller.attributes["veyra.source"] == "198.51.100.7"
    assert "not asked for" not in caller.attributes.values()
