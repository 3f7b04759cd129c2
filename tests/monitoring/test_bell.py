"""The card that rings in a colleague's browser: for whom it rings, and who has the call."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from monitoring import board
from monitoring.consumers import FORBIDDEN, BellConsumer
from telephony import attending, ringing
from telephony.colleagues import Found
from telephony.finding import Person
from telephony.models import Call, CallEvent, Colleague, Ring, Visit
from tests.monitoring.conftest import MakeCall
from tests.monitoring.test_visits import claims
from tests.simulator.conftest import KEY, SECRET
from veyra.live import RINGS
from veyra.models import User

pytestmark = pytest.mark.django_db
LogIn = Callable[..., Client]
SEES = "telephony.view_call"


@pytest.fixture(autouse=True)
def _livekit(settings: LazySettings) -> None:
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET


@pytest.fixture
def call(make_call: MakeCall) -> Call:
    return make_call(room_name="support-1", room_sid="RM_1")


def colleague(client: Client, **fields: Any) -> Colleague:
    user = User.objects.get(pk=client.session["_auth_user_id"])
    return Colleague.objects.create(name=user.username.capitalize(), user=user, **fields)


def ring_for(call: Call, *people: Colleague, note: str = "") -> Ring:
    """The first of these is rung now."""
    found = [Found(each.pk, 15) for each in people]
    ring = ringing.begin(call, Ring.Why.TRANSFER, found, note)
    rung = Person(colleague=people[0].pk, seconds=15, is_free=True, by_browser=True)
    assert ringing.ring_next(ring, 0, rung, timezone.now())
    return ring


def card(client: Client) -> str:
    return str(client.get("/rings/").json()["html"])


def test_only_the_browser_of_who_is_rung_now_rings(logged_in: LogIn, call: Call) -> None:
    anna, boris = logged_in(SEES, name="anna"), logged_in(SEES, name="boris")
    rung, other = colleague(anna), colleague(boris)
    assert card(anna) == ""
    ring = ring_for(call, rung, other, note="He asks about his invoice")
    assert f"/calls/{call.pk}/?take={ring.pk}" in card(anna) and "his invoice" in card(anna)
    assert card(boris) == "" and card(logged_in(SEES, name="clara")) == ""
    Colleague.objects.filter(pk=rung.pk).update(in_browser=False)
    assert card(anna) == ""


def test_a_page_that_shows_the_card_is_noted(logged_in: LogIn, call: Call) -> None:
    anna, boris = logged_in(SEES, name="anna"), logged_in(SEES, name="boris")
    ring = ring_for(call, colleague(anna), colleague(boris))
    card(boris)
    ring.refresh_from_db()
    assert not ring.is_shown
    card(anna)
    ring.refresh_from_db()
    assert ring.is_shown


def test_every_page_has_a_bell_only_for_whom_it_can_ring(logged_in: LogIn) -> None:
    anna = logged_in(SEES, name="anna")
    pages = ("/live/", "/admin/", "/report/", "/admin/telephony/call/")
    assert not any("veyra/bell.js" in anna.get(page).content.decode() for page in pages)
    colleague(anna)
    assert all("veyra/bell.js" in anna.get(page).content.decode() for page in pages)
    Colleague.objects.update(in_browser=False)
    assert not any("veyra/bell.js" in anna.get(page).content.decode() for page in pages)


def test_who_answers_has_the_call_and_talks_in_it(logged_in: LogIn, call: Call) -> None:
    anna = logged_in(SEES, name="anna")
    ring = ring_for(call, colleague(anna), note="An old client")
    page = anna.get(f"/calls/{call.pk}/?take={ring.pk}").content.decode()
    assert 'data-enters="take"' in page and "An old client" in page
    token = claims(anna.post(f"/rings/{ring.pk}/take/").json()["token"])
    visit = Visit.objects.get()
    assert token["attributes"]["veyra.role"] == "colleague" and token["sub"] == visit.identity
    assert token["video"]["canPublish"] and not token["video"].get("hidden")
    ring.refresh_from_db()
    assert (ring.state, ring.taken_as) == (Ring.State.TAKEN, visit.identity)
    assert LogEntry.objects.get().object_id == str(call.pk)
    assert list(CallEvent.objects.values_list("kind", flat=True)) == ["people_ring", "people_taken"]
    Call.objects.update(state="answered", answered_at=timezone.now())
    (row,) = board.read()
    assert row.is_joined and row.phase == "colleague" and row.trouble is None


def test_a_page_that_is_loaded_anew_comes_back_to_the_talk(logged_in: LogIn, call: Call) -> None:
    anna = logged_in(SEES, name="anna")
    ring = ring_for(call, colleague(anna))
    first = anna.post(f"/rings/{ring.pk}/take/").json()
    anna.post(first["leave"])
    second = anna.post(f"/rings/{ring.pk}/take/").json()
    ring.refresh_from_db()
    assert ring.taken_as == claims(second["token"])["sub"] != claims(first["token"])["sub"]
    # The old page's token is of a visit that is over.
    assert anna.post(first["stay"]).status_code == 409
    ringing.close(ring, ended=True)
    refused = anna.post(f"/rings/{ring.pk}/take/")
    # The call itself goes on before his eyes.
    assert refused.status_code == 409 and "does not ring for you" in refused.json()["error"]


def test_the_card_does_not_take_a_call_from_his_own_telephone(logged_in: LogIn, call: Call) -> None:
    anna = logged_in(SEES, name="anna")
    mine = colleague(anna, phone="+79167654321")
    ring = ring_for(call, mine)
    assert ringing.take(ring, mine, by_phone := f"colleague-{ring.pk}-0")
    refused = anna.post(f"/rings/{ring.pk}/take/")
    assert refused.status_code == 409 and "by telephone" in refused.json()["error"]
    ring.refresh_from_db()
    assert ring.taken_as == by_phone and not Visit.objects.exists()


def test_the_first_who_answers_has_it_and_the_others_are_told_who(
    logged_in: LogIn, call: Call
) -> None:
    anna, boris = logged_in(SEES, name="anna"), logged_in(SEES, name="boris")
    mine, his = colleague(anna, phone="+79167654321"), colleague(boris)
    ring = ring_for(call, mine, his)
    # His telephone was faster than his browser; another one never rang.
    refused = boris.post(f"/rings/{ring.pk}/take/")
    assert refused.status_code == 409 and "does not ring for you" in refused.json()["error"]
    assert anna.post(f"/rings/{ring.pk}/take/").status_code == 200
    refused = boris.post(f"/rings/{ring.pk}/take/")
    assert refused.status_code == 409 and "Anna was faster" in refused.json()["error"]
    assert card(anna) == "" and Visit.objects.count() == 1


def test_what_a_colleague_should_know_is_told_only_to_him(logged_in: LogIn, call: Call) -> None:
    anna, boris = logged_in(SEES, name="anna"), logged_in(SEES, name="boris")
    ring = ring_for(call, colleague(anna), colleague(boris), note="An old client")
    page = f"/calls/{call.pk}/?take={ring.pk}"
    for _time in ("while it rings", "when he has taken it"):
        assert "An old client" in anna.get(page).content.decode()
        # Who was too late is told so at the door, and no more.
        text = boris.get(page).content.decode()
        assert "An old client" not in text and 'data-enters="take"' in text
        anna.post(f"/rings/{ring.pk}/take/")


def test_not_now_rings_the_next_one_at_once(logged_in: LogIn, call: Call) -> None:
    anna, boris = logged_in(SEES, name="anna"), logged_in(SEES, name="boris")
    ring = ring_for(call, colleague(anna), colleague(boris))
    assert boris.post(f"/rings/{ring.pk}/decline/").status_code == 204
    ring.refresh_from_db()
    assert ring.next_at and ring.next_at > timezone.now()
    assert anna.post(f"/rings/{ring.pk}/decline/").status_code == 204
    ring.refresh_from_db()
    assert ring.next_at <= timezone.now()


def test_nobody_answers_who_may_not_see_calls_or_is_no_colleague(
    logged_in: LogIn, call: Call
) -> None:
    clerk, guest = logged_in("telephony.view_trunk", name="clerk"), logged_in(SEES, name="guest")
    ring = ring_for(call, colleague(clerk))
    for door in ("take", "decline"):
        assert clerk.post(f"/rings/{ring.pk}/{door}/").status_code == 403
        assert clerk.get(f"/rings/{ring.pk}/{door}/").status_code == 405
    assert card(clerk) == ""
    assert guest.post(f"/rings/{ring.pk}/take/").status_code == 409
    assert guest.post(f"/rings/{uuid.uuid4()}/take/").status_code == 404
    ring.refresh_from_db()
    assert ring.state == Ring.State.RINGING and not Visit.objects.exists()


def test_who_took_the_call_and_logs_out_is_taken_out_of_it(logged_in: LogIn, call: Call) -> None:
    anna = logged_in(SEES, name="anna")
    ring = ring_for(call, colleague(anna))
    anna.post(f"/rings/{ring.pk}/take/")
    assert attending.sweep() == 0
    anna.logout()
    assert attending.sweep() == 1
    assert Visit.objects.get().left_at


def test_a_call_that_is_over_is_not_answered(logged_in: LogIn, call: Call) -> None:
    anna = logged_in(SEES, name="anna")
    ring = ring_for(call, colleague(anna))
    Call.objects.update(state="ended", ended_at=timezone.now())
    assert anna.post(f"/rings/{ring.pk}/take/").status_code == 409
    page = anna.get(f"/calls/{call.pk}/?take={ring.pk}").content.decode()
    assert "data-enters" not in page
    assert anna.get(f"/calls/{call.pk}/?take=nonsense").status_code == 200


# The socket


class Socket:
    def __init__(self, user: User | AnonymousUser) -> None:
        scope = {"type": "websocket", "path": "/ws/ring/", "query_string": b"", "user": user}
        self.line: Any = ApplicationCommunicator(BellConsumer.as_asgi(), scope)  # type: ignore[no-untyped-call]  # asgiref

    async def connect(self) -> None:
        await self.line.send_input({"type": "websocket.connect"})
        assert (await self.line.receive_output())["type"] == "websocket.accept"

    async def disconnect(self) -> None:
        await self.line.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.line.wait()


async def announced() -> None:
    """Of another thread's word the layer of a test does not wake this one."""
    await get_channel_layer().group_send(RINGS, {"type": "row.changed", "kind": "ring", "pk": "1"})


@pytest.fixture
def _rung(make_call: MakeCall, logged_in: LogIn) -> Iterator[tuple[Ring, User]]:
    anna = logged_in(SEES, name="anna")
    rung = colleague(anna)
    ring = ringing.begin(make_call(), Ring.Why.FIRST, [Found(rung.pk, 15)])
    user = User.objects.get(username="anna")
    yield ring, user


@pytest.mark.django_db(transaction=True)
async def test_the_socket_tells_at_once_that_it_rings_and_that_it_does_not(
    _rung: tuple[Ring, User],
) -> None:
    ring, user = _rung
    socket = Socket(user)
    await socket.connect()
    assert '"ring": null' in (await socket.line.receive_output())["text"]
    pk = ring.people[0]["colleague"]
    person = Person(colleague=pk, seconds=15, is_free=True, by_browser=True)
    assert await sync_to_async(ringing.ring_next)(ring, 0, person, timezone.now())
    await announced()
    assert str(ring.pk) in (await socket.line.receive_output(3))["text"]
    row = await Colleague.objects.aget()
    assert await sync_to_async(ringing.take)(ring, row, "colleague-1")
    await announced()
    assert '"ring": null' in (await socket.line.receive_output(3))["text"]
    await socket.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_the_socket_is_closed_to_whom_nothing_rings(_rung: tuple[Ring, User]) -> None:
    await Colleague.objects.all().aupdate(in_browser=False)
    for user in (AnonymousUser(), _rung[1]):
        socket = Socket(user)
        await socket.connect()
        assert (await socket.line.receive_output())["code"] == FORBIDDEN
