"""Reading LiveKit's bus, from recorded bytes."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony import intake
from telephony.models import CallEvent
from tests.journal.witnesses import NAMES, recording
from veyra.livekit import tap
from veyra.livekit.tap import CALL_STATE, CHANNELS, TapMessage, Unreadable


def messages(name: str) -> list[TapMessage]:
    found = [tap.read(r["channel"], base64.b64decode(r["raw"])) for r in recording(name).raw("tap")]
    return [message for message in found if message]


def test_a_good_call_is_told_from_knock_to_hang_up() -> None:
    told = messages("good_call")
    kinds = [(m.kind, m.payload.get("status", "")) for m in told]
    assert kinds == [
        ("invite", ""),
        ("call_state", "call_incoming"),
        ("dispatch", ""),
        ("call_state", "call_incoming"),
        ("call_state", "active"),
        ("call_state", "disconnected"),
    ]
    assert len({m.sip_call_id for m in told}) == 1 and told[0].sip_call_id.startswith("SCL_")
    invite = told[0].payload
    assert (invite["from"], invite["to"]) == ("79161230001", "74991124148")
    assert invite["source_ip"] == "127.0.0.1" and invite["provider_call_id"]


def test_the_answer_time_and_the_end_are_counted_in_nanoseconds() -> None:
    last = messages("good_call")[-1].payload
    talked = timedelta(microseconds=(last["ended_ns"] - last["started_ns"]) // 1000)
    assert timedelta(seconds=4.9) < talked < timedelta(seconds=5.2)


def test_rule_attributes_come_with_the_record() -> None:
    attributes = messages("good_call")[-1].payload["attributes"]
    assert attributes["veyra.rule"] == "0f1e2d3c-4b5a-4697-8877-665544332211"


def test_the_times_are_when_the_messages_were_sent() -> None:
    for record in recording("good_call").raw("tap"):
        message = tap.read(record["channel"], base64.b64decode(record["raw"]))
        assert message and abs(message.at.timestamp() - record["at"]) < 0.1


def test_every_message_has_its_own_id() -> None:
    for name in NAMES:
        ids = [message.id for message in messages(name)]
        assert len(ids) == len(set(ids)) and all(i.startswith("REQ_") for i in ids)


def test_a_transfer_is_about_no_call() -> None:
    # internal.Request {1: "REQ_x", 3: 1, 8: {2: ""}} inside an envelope
    request = b"\x0a\x05REQ_x\x18\x01\x42\x02\x12\x00"
    assert tap.read(CALL_STATE, b"\x12" + bytes([len(request)]) + request) is None


@settings(max_examples=200)
@given(st.sampled_from(CHANNELS), st.binary(max_size=80))
def test_noise_is_unreadable_and_nothing_worse(channel: str, noise: bytes) -> None:
    try:
        tap.read(channel, noise)
    except Unreadable:
        return


@settings(max_examples=100)
@given(st.data())
def test_a_message_cut_short_is_unreadable_or_read_in_part(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(recording("good_call").raw("tap")))
    raw = base64.b64decode(record["raw"])
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(Unreadable):
        tap.read(record["channel"], raw[:cut])


@pytest.mark.django_db
def test_many_wrong_passwords_are_a_few_rows() -> None:
    once = messages("wrong_password")
    storm = [TapMessage(**{**vars(m), "id": f"{m.id}-{n}"}) for n in range(10) for m in once]
    assert len(storm) >= 47
    intake.take_tap(storm)
    assert CallEvent.objects.count() <= 4


@pytest.mark.django_db
def test_a_message_that_cannot_be_stored_takes_no_other_along() -> None:
    first, *others = messages("good_call")
    intake.take_tap([replace(first, sip_call_id="\ud800"), *others])
    assert set(CallEvent.objects.values_list("event_id", flat=True)) == {m.id for m in others}
