"""The rooms that there are now: seen, and acted in by those who may."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from recordings import forgetting, rooms
from recordings.models import RoomAction, Stream
from telephony.models import Call, CallEvent, Leg
from telephony.reasons import Reason
from telephony.verdict import ended_by_us
from tests.simulator.conftest import Simulated
from tests.streams.conftest import CALLER, Person
from veyra.livekit.types import Participant

pytestmark = pytest.mark.django_db
SEES = "view_roomaction"
ALL = (SEES, "mute_participant", "remove_participant", "message_room", "close_room")


def send(client: Client, door: str, livekit: Simulated, room: str, **fields: Any) -> str:
    """What the page that it leads to says."""
    sid = fields.pop("sid", None) or livekit.store.rooms[room].sid
    given = {"room": room, "sid": sid, "identity": CALLER.identity, "track": "TR_1", **fields}
    answer = client.post(f"/rooms/{door}/", given, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_rooms_of_now_are_listed_with_their_calls(
    livekit: Simulated, room: str, person: Person
) -> None:
    sid = livekit.store.rooms[room].sid
    call = Call.objects.create(state="answered", started_at=timezone.now(), room_sid=sid)
    client = person(SEES)
    html = client.get("/rooms/").content.decode()
    assert room in html and "1 participant" in html and str(call.pk) not in html
    user = person(SEES, name="boris")
    assert "No room of this name" in user.get("/rooms/?q=sales").content.decode()
    assert room in user.get("/rooms/?q=SUPPORT").content.decode()


def test_a_room_leads_to_its_call_for_who_may_see_calls(
    livekit: Simulated, room: str, admin_client: Client
) -> None:
    sid = livekit.store.rooms[room].sid
    call = Call.objects.create(state="answered", started_at=timezone.now(), room_sid=sid)
    for page in ("/rooms/", f"/rooms/one/?name={room}", f"/rooms/one/?id={sid}"):
        assert f"/calls/{call.pk}/" in admin_client.get(page).content.decode()


def test_no_address_has_the_name_of_a_room_in_it_where_callers_numbers_stand(
    livekit: Simulated, person: Person
) -> None:
    room = "call-_+79160000001_x"
    livekit.store.join(room, CALLER)
    client, sid = person(*ALL, "view_stream", "add_stream"), livekit.store.rooms[room].sid
    pages = [client.get(page).content.decode() for page in ("/rooms/", f"/rooms/one/?id={sid}")]
    links = re.findall(r'(?:href|action)="([^"]*)"', "".join(pages))
    assert "7916" not in "".join(links) and f"/streams/?id={sid}" in links
    given = {"room": room, "sid": sid, "identity": CALLER.identity, "track": "TR_1"}
    assert client.post("/rooms/mute/", given)["Location"] == f"/rooms/one/?id={sid}"
    assert f'value="{room}"' in client.get(f"/streams/?id={sid}").content.decode()


@pytest.mark.prove
def test_many_rooms_are_read_with_a_fixed_number_of_queries(
    livekit: Simulated, admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(rooms.SHOWN + 7):
        livekit.store.open_room(f"room-{number}")
    with django_assert_max_num_queries(20):
        html = admin_client.get("/rooms/").content.decode()
    assert html.count("/rooms/one/?id=") == rooms.SHOWN and "7" in html


def test_a_room_tells_who_is_in_it_and_what_he_sends(
    livekit: Simulated, room: str, person: Person
) -> None:
    listener = {"veyra.role": "listener"}
    hidden = Participant(sid="PA_2", identity="staff-1", kind="standard", attributes=listener)
    livekit.store.join(room, hidden)
    html = person(SEES).get(f"/rooms/one/?name={room}").content.decode()
    for told in ("Phone +79160000001", "telephone", "microphone", "listener, hidden"):
        assert told in html
    assert "Sends nothing." in html and 'class="vy-button' not in html


def test_nobody_is_hung_up_on_by_one_press(livekit: Simulated, room: str, person: Person) -> None:
    html = person(SEES, "remove_participant").get(f"/rooms/one/?name={room}").content.decode()
    before, _, after = html.partition("/rooms/remove/")
    assert f'<details id="remove-{CALLER.sid}"' in before and "Hang up…</summary>" in before
    assert before.count("<details") > before.count("</details>") and "</details>" in after


@pytest.mark.prove
def test_a_room_that_is_over_says_so(person: Person) -> None:
    assert "This room is over." in person(SEES).get("/rooms/one/?name=x").content.decode()


def test_each_deed_reaches_livekit_and_is_written_down(
    livekit: Simulated, room: str, person: Person
) -> None:
    client = person(*ALL)
    sid = livekit.store.rooms[room].sid
    assert "Nobody hears" in send(client, "mute", livekit, room)
    assert livekit.store.people[room][CALLER.identity].tracks[0].is_muted
    assert "there again" in send(client, "unmute", livekit, room)
    assert not livekit.store.people[room][CALLER.identity].tracks[0].is_muted
    assert "Sent to" in send(client, "message", livekit, room, text="Hello")
    assert "Removed" in send(client, "remove", livekit, room)
    assert livekit.store.people[room] == {}
    assert "closed" in send(client, "close", livekit, room)
    assert room not in livekit.store.rooms
    kinds = ["mute", "unmute", "message", "remove", "close"]
    told = RoomAction.objects.order_by("pk").values_list("kind", "user__username", "room_name")
    assert list(told) == [(kind, "anna", room) for kind in kinds]
    logged = LogEntry.objects.filter(user__username="anna")
    assert logged.count() == len(kinds)
    assert not [each for each in logged if "7916" in f"{each.object_repr}{each.change_message}"]
    events = CallEvent.objects.filter(source="staff", room_sid=sid).order_by("pk")
    assert [event.kind for event in events] == [f"staff_room_{kind}" for kind in kinds]
    assert {event.payload["who"] for event in events} == {"anna"}


@pytest.mark.parametrize("door", ["mute", "unmute", "remove", "message", "close"])
def test_each_deed_needs_its_own_right(
    door: str, livekit: Simulated, room: str, person: Person
) -> None:
    needed = {"message": "message_room", "close": "close_room", "remove": "remove_participant"}
    right = needed.get(door, "mute_participant")
    others = [each for each in ALL if each != right]
    sid = livekit.store.rooms[room].sid
    given = {"room": room, "sid": sid, "identity": CALLER.identity, "track": "TR_1", "text": "x"}
    answer: HttpResponse = person(*others).post(f"/rooms/{door}/", given)  # type: ignore[assignment]  # the test client's
    assert answer.status_code == 403 and not RoomAction.objects.exists()
    assert CALLER.identity in livekit.store.people[room]


def test_a_newer_room_of_the_same_name_is_left_alone(
    livekit: Simulated, room: str, person: Person
) -> None:
    assert "This room is over." in send(person(*ALL), "close", livekit, room, sid="RM_before")
    assert room in livekit.store.rooms and not RoomAction.objects.exists()


def test_what_is_not_there_any_more_is_said(livekit: Simulated, room: str, person: Person) -> None:
    html = send(person(*ALL), "mute", livekit, room, track="TR_9")
    assert "It is not there any more." in html and not RoomAction.objects.exists()


def test_an_empty_message_is_not_sent(livekit: Simulated, room: str, person: Person) -> None:
    assert "Write what you want to say." in send(person(*ALL), "message", livekit, room, text="")


def test_a_message_is_one_that_livekits_pages_read() -> None:
    read = json.loads(rooms.chat_message("Привет"))
    at = timezone.now() - timedelta(milliseconds=read["timestamp"])
    assert read["message"] == "Привет" and read["id"] and at


@pytest.mark.prove
def test_where_livekit_is_away_the_pages_say_so(
    livekit: Simulated, settings: Any, person: Person
) -> None:
    settings.LIVEKIT_URL = "http://127.0.0.1:9"
    client = person(*ALL)
    for page in ("/rooms/", "/rooms/one/?name=x"):
        assert "LiveKit does not answer." in client.get(page).content.decode()
    given = {"room": "x", "sid": "RM", "identity": "a", "track": "b"}
    html = client.post("/rooms/mute/", given, follow=True).content.decode()
    assert "LiveKit does not answer." in html


@pytest.mark.parametrize(
    ("deed", "departure", "reason"),
    [
        ("staff_room_remove", "PARTICIPANT_REMOVED", Reason.HUNG_UP_BY_STAFF),
        ("staff_room_close", "ROOM_DELETED", Reason.HUNG_UP_BY_STAFF),
        # Somebody else was removed, and then the caller hung up.
        ("staff_room_remove", "CLIENT_INITIATED", None),
    ],
)
def test_a_call_that_ended_so_was_ended_by_us(
    deed: str, departure: str, reason: Reason | None
) -> None:
    assert ended_by_us(frozenset({deed}), departure) is reason


def test_a_caller_who_is_to_be_forgotten_is_forgotten_here_too(
    livekit: Simulated, room: str, person: Person
) -> None:
    client, sid = person(*ALL), livekit.store.rooms[room].sid
    call = Call.objects.create(state="ended", started_at=timezone.now(), room_sid=sid)
    Leg.objects.create(call=call, role="caller", room_sid=sid)
    Stream.objects.create(room_name=room, room_sid=sid, state="over")
    send(client, "mute", livekit, room)
    forgetting.claim([call.pk], timezone.now())
    assert RoomAction.objects.filter(room_sid=sid, room_name="", identity="").count() == 1
    assert Stream.objects.get().room_name == ""
