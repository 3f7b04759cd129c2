"""The door for LiveKit's webhooks."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from telephony.models import CallEvent, FoldUnit
from telephony.views import LARGEST
from tests.journal.conftest import sign
from tests.journal.witnesses import recording
from veyra.livekit import webhooks

Send = Callable[..., int]
pytestmark = pytest.mark.django_db


def bodies(name: str = "good_call") -> list[dict[str, Any]]:
    return [json.loads(record["body"]) for record in recording(name).raw("webhook")]


def test_a_signed_webhook_is_stored_and_marks_its_room(send: Send) -> None:
    joined = bodies()[1]
    assert send(joined) == 200
    event = CallEvent.objects.get()
    assert (event.event_id, event.kind, event.source) == (
        joined["id"],
        "participant_joined",
        "webhook",
    )
    assert event.sip_call_id == joined["participant"]["attributes"]["sip.callID"]
    assert event.participant_sid == joined["participant"]["sid"]
    unit = FoldUnit.objects.get()
    assert unit.key == f"room:{joined['room']['sid']}" and unit.dirty_at


def test_a_webhook_that_comes_twice_is_stored_once(send: Send) -> None:
    assert [send(bodies()[0]), send(bodies()[0])] == [200, 200]
    assert CallEvent.objects.count() == 1


def test_storing_a_webhook_takes_two_statements(
    send: Send, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):  # with SAVEPOINT and RELEASE, which here stand for a commit
        send(bodies()[1])


@pytest.mark.parametrize("authorization", ["nonsense", "Bearer x.y.z", "a.b"])
def test_a_token_that_is_none_is_refused(send: Send, authorization: str) -> None:
    assert send(bodies()[0], authorization=authorization) == 401
    assert not CallEvent.objects.exists()


def test_a_missing_token_is_refused(client: Client) -> None:
    answer = client.post("/livekit/webhook", data=b"{}", content_type="application/json")
    assert answer.status_code == 401


def test_another_secret_is_refused(send: Send) -> None:
    assert send(bodies()[0], secret="another-secret-of-thirty-two-characters") == 401


def test_a_body_changed_after_signing_is_refused(send: Send) -> None:
    event = bodies()[0]
    token = sign(json.dumps(event).encode())
    assert send(event | {"event": "room_finished"}, authorization=token) == 401


def test_a_body_too_large_is_refused_before_it_is_read(send: Send) -> None:
    assert send(b" " * (LARGEST + 1)) == 413


def test_a_body_that_hides_its_size_is_refused(client: Client) -> None:
    answer = client.post(
        "/livekit/webhook", data=b"{}", content_type="application/json", CONTENT_LENGTH="many"
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"{}",
        b'{"event": "room_started"}',
        b'{"id": "EV_1", "event": ""}',
        b'{"id": "EV_1", "event": "room_started"}',
        b'{"id": "EV_1", "event": "x", "createdAt": "soon"}',
        b'{"id": "EV_1", "event": "x", "createdAt": "1795262705", "room": 5}',
        b'{"id": "EV_1", "event": "x", "createdAt": "99999999999999999999"}',
        b"\xff\xfe",
    ],
)
def test_signed_nonsense_is_refused(send: Send, body: bytes) -> None:
    assert send(body) == 400
    assert not CallEvent.objects.exists()


def test_an_unknown_event_is_stored_and_folds_to_nothing(send: Send) -> None:
    from telephony.folding import drain
    from telephony.models import Call

    event = {"id": "EV_1", "event": "moon_rose", "createdAt": "1795262705", "room": {"sid": "RM_1"}}
    assert send(event) == 200
    drain()
    assert CallEvent.objects.get().kind == "moon_rose"
    assert not Call.objects.exists()


def test_an_event_about_no_room_is_stored_without_a_unit(send: Send) -> None:
    event = {"id": "EV_1", "event": "ingress_started", "createdAt": "1795262705"}
    assert send(event) == 200
    assert CallEvent.objects.exists() and not FoldUnit.objects.exists()


def test_a_get_is_not_allowed(client: Client) -> None:
    assert client.get("/livekit/webhook").status_code == 405


def test_nul_characters_do_not_reach_the_database(send: Send) -> None:
    event = bodies()[1]
    event["participant"]["attributes"]["sip.h.X"] = "a\0b"
    assert send(event) == 200
    assert CallEvent.objects.get().payload["participant"]["attributes"]["sip.h.X"] == "ab"


def test_the_secrets_of_a_room_are_not_kept(send: Send) -> None:
    event = bodies()[0]
    event["room"]["turnPassword"] = "canary"
    send(event)
    assert "canary" not in json.dumps(CallEvent.objects.get().payload)


def test_times_are_as_exact_as_livekit_says() -> None:
    events = {(e.kind, e.participant_kind): e.at for e in map(webhooks.parse, bodies())}
    assert events["participant_joined", "SIP"].microsecond % 1000 == 0
    assert events["participant_joined", "SIP"].microsecond > 0
    assert events["participant_left", "SIP"].microsecond == 0
    assert events["room_started", ""] < events["participant_joined", "AGENT"]


def test_a_webhook_is_read_into_a_frozen_value() -> None:
    body = next(body for body in bodies() if body["event"] == "track_published")
    event = webhooks.parse(body)
    assert event.track == webhooks.Track(sid=body["track"]["sid"], kind="audio")
    assert event.participant_identity == "sip_79161230001"
    assert event.at > datetime(2026, 1, 1, tzinfo=UTC)


def test_an_egress_names_its_room() -> None:
    body = {
        "id": "EV_1",
        "event": "egress_started",
        "createdAt": "1795262705",
        "egressInfo": {"egressId": "EG_1", "roomId": "RM_1", "roomName": "support-room"},
    }
    event = webhooks.parse(body)
    assert (event.egress_id, event.room_sid, event.room_name) == ("EG_1", "RM_1", "support-room")
