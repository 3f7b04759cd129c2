"""Listening to a call and joining it: who may, what is kept of it, and who has to go."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from telephony import attending, intake
from telephony.models import Call, CallEvent, FoldUnit, Visit
from tests.monitoring.conftest import MakeCall
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.livekit import webhooks
from veyra.models import User

__all__ = ["simulated"]

pytestmark = pytest.mark.django_db
MAY_LISTEN = ("telephony.view_call", "telephony.listen_call")
MAY_JOIN = ("telephony.view_call", "telephony.join_call")
ROOM = {"room_name": "support-room-1", "room_sid": "RM_1"}
LogIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _livekit(simulated: Simulated, settings: LazySettings) -> None:
    settings.LIVEKIT_URL = simulated.url
    settings.LIVEKIT_PUBLIC_URL = "wss://line.example"
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET


@pytest.fixture
def talk(make_call: MakeCall) -> Call:
    return make_call(state=Call.State.ANSWERED, answered_at=timezone.now(), **ROOM)


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"])
    return found


def begin(client: Client, call: Call, how: str = "listen") -> dict[str, Any]:
    answer = client.post(f"/calls/{call.pk}/{how}/")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def told_of(call: Call) -> list[str]:
    return list(CallEvent.objects.filter(room_sid=call.room_sid).values_list("kind", flat=True))


def test_a_listener_is_hidden_and_can_send_nothing(logged_in: LogIn, talk: Call) -> None:
    told = begin(logged_in(*MAY_LISTEN), talk)
    token = claims(told["token"])
    grants = token["video"]
    assert told["url"] == "wss://line.example"
    assert grants["room"] == "support-room-1" and grants["roomJoin"] and grants["hidden"]
    assert not grants["canPublish"] and not grants["canPublishData"] and grants["canSubscribe"]
    assert token["attributes"]["veyra.role"] == "listener"
    assert token["exp"] - timezone.now().timestamp() <= 120


def test_who_joins_is_seen_and_may_send_his_microphone_only(logged_in: LogIn, talk: Call) -> None:
    token = claims(begin(logged_in(*MAY_JOIN), talk, "join")["token"])
    grants = token["video"]
    assert not grants.get("hidden") and grants["canPublish"] and not grants["canPublishData"]
    assert grants["canPublishSources"] == ["microphone"]
    assert token["attributes"]["veyra.role"] == "supervisor"


@pytest.mark.parametrize(
    ("how", "rights"),
    [("listen", MAY_JOIN), ("join", MAY_LISTEN), ("listen", ("telephony.listen_call",))],
)
def test_without_its_own_right_each_door_stays_shut(
    how: str, rights: tuple[str, ...], logged_in: LogIn, talk: Call
) -> None:
    assert logged_in(*rights).post(f"/calls/{talk.pk}/{how}/").status_code == 403
    assert not Visit.objects.exists()


def test_nobody_logged_in_is_led_to_the_login(client: Client, talk: Call) -> None:
    for door in (f"/calls/{talk.pk}/listen/", f"/calls/{talk.pk}/join/", "/visits/trial/"):
        assert client.post(door).status_code == 302


def test_a_link_alone_begins_nothing(logged_in: LogIn, talk: Call) -> None:
    assert logged_in(*MAY_LISTEN).get(f"/calls/{talk.pk}/listen/").status_code == 405


def test_who_listens_is_an_event_of_the_call_and_in_the_audit(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN)
    told = begin(client, talk)
    assert told_of(talk) == ["staff_listen"]
    kept = CallEvent.objects.get(kind="staff_listen")
    assert (kept.source, kept.payload["who"]) == ("staff", "anna")
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.object_id) == ("anna", str(talk.pk))
    assert client.post(told["leave"]).status_code == 204
    assert client.post(told["leave"]).status_code == 204
    assert told_of(talk) == ["staff_listen", "staff_listen_end"]


def test_the_rows_of_a_call_are_rendered_anew_when_somebody_listens(
    logged_in: LogIn, talk: Call
) -> None:
    begin(logged_in(*MAY_LISTEN), talk)
    assert Call.objects.get().version == talk.version + 1


def test_a_ringing_call_can_be_heard_but_not_joined(logged_in: LogIn, make_call: MakeCall) -> None:
    call = make_call(**ROOM)
    client = logged_in(*MAY_LISTEN, "telephony.join_call")
    begin(client, call)
    answer = client.post(f"/calls/{call.pk}/join/")
    assert answer.status_code == 409
    assert "as soon as somebody has" in answer.json()["error"]


@pytest.mark.parametrize("fields", [{"state": "ended", **ROOM}, {"state": "ringing"}])
def test_a_call_without_sound_is_not_entered(
    fields: dict[str, Any], logged_in: LogIn, make_call: MakeCall
) -> None:
    answer = logged_in(*MAY_LISTEN).post(f"/calls/{make_call(**fields).pk}/listen/")
    assert answer.status_code == 409 and answer.json()["error"]
    assert not Visit.objects.exists()


def test_an_open_page_gets_fresh_tokens(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN)
    told = begin(client, talk)
    Visit.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    again = client.post(told["stay"]).json()
    assert claims(again["token"])["sub"] == claims(told["token"])["sub"]
    assert Visit.objects.get().seen_at > timezone.now() - timedelta(seconds=5)


def test_nobody_stays_in_another_persons_visit(
    logged_in: LogIn, make_user: Callable[..., User], talk: Call
) -> None:
    told = begin(logged_in(*MAY_LISTEN), talk)
    other = Client()
    other.force_login(make_user(*MAY_LISTEN, name="boris"))
    assert other.post(told["stay"]).status_code == 404
    assert other.post(told["leave"]).status_code == 404
    assert Visit.objects.get().left_at is None


def ended_by_sweep(call: Call) -> bool:
    attending.sweep()
    return Visit.objects.get().left_at is not None


def test_a_visit_goes_on_while_nothing_speaks_against_it(logged_in: LogIn, talk: Call) -> None:
    begin(logged_in(*MAY_LISTEN), talk)
    assert not ended_by_sweep(talk)
    assert told_of(talk) == ["staff_listen"]


def test_who_lost_the_right_has_to_go_and_gets_no_more_tokens(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN)
    told = begin(client, talk)
    User.objects.get().user_permissions.clear()
    assert client.post(told["stay"]).status_code == 403
    assert ended_by_sweep(talk)
    assert told_of(talk) == ["staff_listen", "staff_listen_end"]


def test_who_may_only_listen_now_has_to_leave_the_talk(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN, "telephony.join_call")
    told = begin(client, talk, "join")
    user = User.objects.get()
    user.user_permissions.remove(user.user_permissions.get(codename="join_call"))
    assert client.post(told["stay"]).status_code == 403
    assert ended_by_sweep(talk)


def test_who_logged_out_has_to_go(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN)
    begin(client, talk)
    client.logout()
    assert ended_by_sweep(talk)


def test_who_was_dismissed_has_to_go(logged_in: LogIn, talk: Call) -> None:
    begin(logged_in(*MAY_LISTEN), talk)
    User.objects.update(is_active=False)
    assert ended_by_sweep(talk)


def test_a_page_that_fell_silent_is_gone(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN)
    told = begin(client, talk)
    Visit.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    assert ended_by_sweep(talk)
    answer = client.post(told["stay"])
    assert answer.status_code == 409 and "You have left this call" in answer.json()["error"]


def test_a_visit_ends_with_its_call(logged_in: LogIn, talk: Call) -> None:
    client = logged_in(*MAY_LISTEN)
    told = begin(client, talk)
    Call.objects.update(state=Call.State.ENDED, ended_at=timezone.now())
    assert client.post(told["stay"]).json()["error"] == "The call has ended."
    assert ended_by_sweep(talk)


def test_visits_end_also_while_livekit_is_away(
    logged_in: LogIn, talk: Call, settings: LazySettings
) -> None:
    client = logged_in(*MAY_LISTEN)
    begin(client, talk)
    client.logout()
    settings.LIVEKIT_URL = "http://127.0.0.1:1"
    assert ended_by_sweep(talk)


def test_the_way_to_livekit_is_tried_in_a_room_that_nothing_is_told_of(logged_in: LogIn) -> None:
    told = logged_in(*MAY_LISTEN).post("/visits/trial/").json()
    room = claims(told["token"])["video"]["room"]
    event = webhooks.WebhookEvent(
        id="EV_1", kind="room_started", at=timezone.now(), room_name=room, room_sid="RM_9"
    )
    intake.take_webhooks([event])
    assert not CallEvent.objects.exists() and not FoldUnit.objects.exists()


def test_who_may_neither_listen_nor_join_tries_nothing(logged_in: LogIn) -> None:
    assert logged_in("telephony.view_call").post("/visits/trial/").status_code == 403


def test_a_visit_that_does_not_exist_is_not_found(logged_in: LogIn) -> None:
    assert logged_in(*MAY_LISTEN).post(f"/visits/{uuid.uuid4()}/stay/").status_code == 404


@pytest.mark.parametrize(
    ("rights", "buttons"),
    [
        (("telephony.view_call",), set()),
        (MAY_LISTEN, {"listen"}),
        (MAY_JOIN, {"join"}),
        ((*MAY_LISTEN, "telephony.join_call"), {"listen", "join"}),
    ],
)
def test_each_button_is_drawn_for_those_who_may_press_it(
    rights: tuple[str, ...], buttons: set[str], logged_in: LogIn, talk: Call, well: None
) -> None:
    html = logged_in(*rights).get(f"/calls/{talk.pk}/").content.decode()
    assert {name for name in ("listen", "join") if f'data-part="{name}"' in html} == buttons
    assert ("ear.js" in html) == bool(buttons)


def test_a_call_that_is_over_has_no_ear(logged_in: LogIn, make_call: MakeCall, well: None) -> None:
    call = make_call(state=Call.State.ENDED, **ROOM)
    assert "ear.js" not in logged_in(*MAY_LISTEN).get(f"/calls/{call.pk}/").content.decode()


def test_the_page_tells_who_listened(logged_in: LogIn, talk: Call, well: None) -> None:
    client = logged_in(*MAY_LISTEN)
    client.post(begin(client, talk)["leave"])
    html = client.get(f"/calls/{talk.pk}/").content.decode()
    assert "Anna began to listen" in html and "Anna stopped listening" in html
