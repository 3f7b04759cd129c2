"""The door for LiveKit's webhooks."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.db import InternalError, OperationalError, connection
from pytest_django import DjangoAssertNumQueries

from telephony import intake, webhook_door
from telephony.models import CallEvent, FoldUnit
from telephony.webhook_door import LARGEST, Door
from tests.journal.conftest import sign
from tests.journal.witnesses import recording
from tests.webhooks import post, request, take
from veyra.asgi import application
from veyra.livekit import webhooks

Send = Callable[..., int]
pytestmark = pytest.mark.django_db
HALF_A_CHARACTER = "\ud800"


def bodies(name: str = "good_call") -> list[dict[str, Any]]:
    return [json.loads(record["body"]) for record in recording(name).raw("webhook")]


def signed(event: dict[str, Any]) -> tuple[Any, Any]:
    body = json.dumps(event).encode()
    return request(body, sign(body))


async def unread() -> Any:
    raise AssertionError("it is read")


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


def test_a_missing_token_is_refused() -> None:
    assert post(b"{}", headers=[]) == 401


def test_another_secret_is_refused(send: Send) -> None:
    assert send(bodies()[0], secret="another-secret-of-thirty-two-characters") == 401


def test_a_body_changed_after_signing_is_refused(send: Send) -> None:
    event = bodies()[0]
    token = sign(json.dumps(event).encode())
    assert send(event | {"event": "room_finished"}, authorization=token) == 401


def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    body = b" " * (LARGEST + 1)
    scope, _ = request(body, sign(body))
    assert async_to_sync(Door(take).answer)(scope, unread) == 413


def test_a_stranger_is_refused_before_he_is_read() -> None:
    scope, _ = request(b"{}", "nonsense")
    assert async_to_sync(Door(take).answer)(scope, unread) == 401


def test_strangers_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    door = Door(take)
    for _time in range(3):
        assert async_to_sync(door.answer)(*request(b"{}", "nonsense")) == 401
    assert len(caplog.records) == 1


def test_a_sender_who_is_gone_is_no_stranger(caplog: pytest.LogCaptureFixture) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope, _ = signed(bodies()[0])
    assert async_to_sync(Door(take).answer)(scope, receive) == 400
    assert not caplog.records and not CallEvent.objects.exists()


@pytest.mark.parametrize("claimed", [b"many", b"", b"-1"])
def test_a_body_that_hides_its_size_is_refused(claimed: bytes) -> None:
    token = (b"authorization", sign(b"{}").encode())
    assert post(b"{}", headers=[(b"content-length", claimed), token]) == 413


def test_a_body_that_grows_too_large_unannounced_is_refused() -> None:
    body = b" " * (LARGEST + 1)
    assert post(body, headers=[(b"authorization", sign(body).encode())]) == 413


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


def test_a_get_is_not_allowed() -> None:
    assert post(b"", method="GET") == 405


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


def test_webhooks_that_come_while_one_is_stored_are_stored_together() -> None:
    taken: list[list[str]] = []

    async def take(events: list[webhooks.WebhookEvent]) -> None:
        await asyncio.sleep(0)
        taken.append([event.id for event in events])

    async def all_at_once() -> list[int]:
        door = Door(take)
        return await asyncio.gather(*(door.answer(*signed(body)) for body in bodies()))

    assert set(async_to_sync(all_at_once)()) == {200}
    assert taken == [[bodies()[0]["id"]], [body["id"] for body in bodies()[1:]]]


def test_livekit_comes_again_with_what_found_no_database() -> None:
    async def take(_events: list[webhooks.WebhookEvent]) -> None:
        raise OperationalError

    async def all_at_once() -> list[int]:
        door = Door(take)
        return await asyncio.gather(*(door.answer(*signed(body)) for body in bodies()))

    assert set(async_to_sync(all_at_once)()) == {503}


def test_livekit_comes_again_where_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_door, "MOST_WAITING", 2)

    async def take(_events: list[webhooks.WebhookEvent]) -> None:
        await asyncio.sleep(0)

    async def in_turns() -> tuple[list[int], int]:
        door = Door(take)
        at_once = await asyncio.gather(*(door.answer(*signed(body)) for body in bodies()[:4]))
        return at_once, await door.answer(*signed(bodies()[4]))

    assert async_to_sync(in_turns)() == ([200, 200, 503, 503], 200)


def test_two_who_store_the_same_do_it_in_one_order() -> None:
    """Else each of them waits for what the other has stored."""
    found = [webhooks.parse(body) for body in bodies()]
    intake.take_webhooks(sorted(found, key=lambda event: event.id, reverse=True))
    stored = list(CallEvent.objects.order_by("pk").values_list("event_id", flat=True))
    assert stored == sorted(event.id for event in found)


def test_one_that_cannot_be_stored_does_not_hold_up_the_others() -> None:
    first, second = (webhooks.parse(body) for body in bodies()[:2])
    intake.take_webhooks([replace(first, participant_sid=HALF_A_CHARACTER), second])
    assert CallEvent.objects.get().event_id == second.id


@pytest.mark.postgres
def test_one_that_postgresql_refuses_does_not_hold_up_the_others() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite refuses no text for its length")
    first, second = (webhooks.parse(body) for body in bodies()[:2])
    intake.take_webhooks([replace(first, participant_sid="PA_" + "x" * 64), second])
    assert CallEvent.objects.get().event_id == second.id


def test_a_database_that_takes_nothing_now_loses_nothing() -> None:
    async def take(_events: list[webhooks.WebhookEvent]) -> None:
        raise InternalError("cannot execute INSERT in a read-only transaction")

    assert async_to_sync(Door(take).answer)(*signed(bodies()[0])) == 503


@pytest.mark.django_db(transaction=True)
def test_livekit_finds_the_door_and_pages_are_behind_it() -> None:
    """Through what uvicorn serves, by the thread that stores."""
    body = json.dumps(bodies()[0]).encode()
    assert served("/livekit/webhook", body, sign(body)) == 200
    assert served("/livekit/webhook", body, "nonsense") == 401
    assert served("/livekit/webhooks", body, sign(body)) == 404
    assert served("/", b"", "", method="GET") == 302
    assert CallEvent.objects.get().event_id == bodies()[0]["id"]


@async_to_sync
async def served(path: str, body: bytes, authorization: str, method: str = "POST") -> int:
    headers = [(b"host", b"localhost"), (b"authorization", authorization.encode())]
    headers.append((b"content-length", b"%d" % len(body)))
    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "headers": headers,
        "query_string": b"",
    }
    line: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # asgiref
    await line.send_input({"type": "http.request", "body": body})
    status = (await line.receive_output(5))["status"]
    await line.wait(5)
    return int(status)
