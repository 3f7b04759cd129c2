"""The part of a call's page where staff act, and its doors: who sees a hand, and who may use it."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from agentworker.models import BlockedCaller
from telephony.models import Call, CallAction, CallBack, CallEvent, OutboundCall, Trunk
from tests.hands.conftest import MakeCall, Room
from veyra.models import SecurityEvent, User

pytestmark = pytest.mark.django_db
LogIn = Callable[..., Client]
SEES, PLACES = "telephony.view_call", "telephony.add_outboundcall"
DOORS = {
    "hang-up": "hang_up_call",
    "hint": "hint_call",
    "transfer": "transfer_call",
    "introduce": "transfer_call",
    "block": "block_caller",
    "unblock": "block_caller",
}
BUTTONS = {
    "hang_up_call": "Hang up",
    "hint_call": "Hint to the assistant",
    "transfer_call": "Transfer the call",
    "block_caller": "Block this caller",
}


def press(client: Client, call: Call, door: str, **values: str) -> tuple[int, str]:
    """As the page's script does."""
    given = {"ticket": str(uuid.uuid4()), **values}
    answer = client.post(f"/calls/{call.pk}/{door}/?part=1", given)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_closed_without_its_own_right(
    door: str, log_in: LogIn, make_call: MakeCall
) -> None:
    others = [f"telephony.{right}" for right in set(DOORS.values()) - {DOORS[door]}]
    client, call = log_in(SEES, *others), make_call()
    assert press(client, call, door, text="x", to="+79160000001", term="day")[0] == 403
    assert not CallAction.objects.exists() and not BlockedCaller.objects.exists()


@pytest.mark.parametrize("door", DOORS)
def test_no_door_opens_to_whoever_may_not_see_calls(
    door: str, log_in: LogIn, make_call: MakeCall
) -> None:
    assert press(log_in(f"telephony.{DOORS[door]}"), make_call(), door)[0] == 403


@pytest.mark.parametrize("door", DOORS)
def test_nothing_is_done_by_opening_an_address(
    door: str, log_in: LogIn, make_call: MakeCall
) -> None:
    client = log_in(SEES, f"telephony.{DOORS[door]}")
    assert client.get(f"/calls/{make_call().pk}/{door}/").status_code == 405


@pytest.mark.parametrize("right", BUTTONS)
def test_only_the_hands_that_a_person_has_are_drawn(
    right: str, log_in: LogIn, make_call: MakeCall
) -> None:
    html = log_in(SEES, f"telephony.{right}").get(f"/calls/{make_call().pk}/").content.decode()
    assert {name for name, words in BUTTONS.items() if words in html} == {right}


def test_without_hands_there_is_no_place_for_them(log_in: LogIn, make_call: MakeCall) -> None:
    html = log_in(SEES).get(f"/calls/{make_call().pk}/").content.decode()
    assert 'id="hands"' not in html


def test_a_call_that_is_over_keeps_only_the_block(log_in: LogIn, make_call: MakeCall) -> None:
    call = make_call(ended_at=timezone.now(), state="ended", outcome="answered")
    client = log_in(SEES, *(f"telephony.{right}" for right in BUTTONS))
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert {name for name, words in BUTTONS.items() if words in html} == {"block_caller"}


def test_where_the_provider_transfers_nothing_a_number_is_written_down_as_a_colleague(
    log_in: LogIn, make_call: MakeCall
) -> None:
    Trunk.objects.update(out_refer=False)
    call, add = make_call(), "/admin/telephony/colleague/add/"
    client = log_in(SEES, "telephony.transfer_call", "telephony.add_colleague")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "Have the number written down as a colleague" in html
    # In a new tab: whoever talks stays in the call.
    assert f'href="{add}" target="_blank">Add a colleague</a>' in html


@pytest.mark.parametrize("rights", [[], ["telephony.add_outboundcall"]])
def test_who_was_lost_is_called_back_from_the_page_of_his_call(
    log_in: LogIn, make_call: MakeCall, rights: list[str]
) -> None:
    over = {"ended_at": timezone.now(), "state": "ended"}
    lost, talked = (make_call(outcome=outcome, **over) for outcome in ("no_agent", "answered"))
    client, door = log_in(SEES, *rights), "/calls-out/?to=%2B79161234567"
    assert (door in client.get(f"/calls/{lost.pk}/").content.decode()) == bool(rights)
    assert door not in client.get(f"/calls/{talked.pk}/").content.decode()


def test_whom_a_colleague_called_back_nobody_is_urged_to_call(
    log_in: LogIn, make_call: MakeCall
) -> None:
    lost = make_call(ended_at=timezone.now(), state="ended", outcome="no_agent")
    given = {"caller": "+79161234567", "first_at": lost.started_at, "last_at": lost.started_at}
    row = CallBack.objects.create(**given)
    client = log_in(SEES, "telephony.add_outboundcall", "telephony.view_callback")
    page = f"/calls/{lost.pk}/"
    html = client.get(page).content.decode()
    assert 'class="vy-button" href="/calls-out/' in html and "Called back:" not in html
    row.mark(User.objects.create_user("olga"), done=True)
    html = client.get(page).content.decode()
    assert 'class="vy-button vy-quiet" href="/calls-out/' in html and "Called back: olga, " in html
    # A call after that is another matter.
    later = make_call(ended_at=timezone.now(), state="ended", outcome="no_agent")
    assert "Called back:" not in client.get(f"/calls/{later.pk}/").content.decode()


@pytest.mark.parametrize("rights", [[], ["view_callback"], ["view_callback", "change_callback"]])
def test_who_called_back_says_so_on_the_page_of_that_call(
    log_in: LogIn, make_call: MakeCall, rights: list[str]
) -> None:
    now = timezone.now()
    call = make_call(direction="outbound", to_number="+79161234567", state="ended", ended_at=now)
    row = CallBack.objects.create(caller="+79161234567", first_at=now, last_at=now)
    client = log_in(SEES, *(f"telephony.{right}" for right in rights))
    page, done = f"/calls/{call.pk}/", f"/admin/telephony/callback/{row.pk}/done/"
    html = client.get(page).content.decode()
    assert ("list of those to call back" in html) == ("view_callback" in rights)
    for shown in ("Press “Done”", f'formaction="{done}"', "called-back"):
        assert (shown in html) == ("change_callback" in rights)
    answer = client.post(done, headers={"Referer": f"http://testserver{page}"})
    if "change_callback" in rights:
        assert answer.headers["Location"].endswith(page)
        assert "list of those to call back" not in client.get(page).content.decode()


@pytest.mark.parametrize("page", ["/calls/{}/", "/calls-out/{}/"])
def test_while_the_talk_goes_on_nothing_of_the_list_leads_out_of_it(
    log_in: LogIn, make_call: MakeCall, page: str
) -> None:
    now = timezone.now()
    call = make_call(direction="outbound", to_number="+79161234567", state="answered")
    OutboundCall.objects.create(pk=call.pk, to_number="+79161234567", state="dialled")
    client = log_in(SEES, *(f"telephony.{each}_callback" for each in ("view", "change")), PLACES)
    page = page.format(call.pk)
    part = f"{page}?part=1"
    assert '<div data-fragment="waits" hidden>' in client.get(part).content.decode()
    CallBack.objects.create(caller="+79161234567", first_at=now, last_at=now)
    for address in (page, part):  # who watches is told too
        html = client.get(address).content.decode()
        assert "list of those to call back" in html and "formaction" not in html
        assert 'href="/admin/telephony/callback/" target="_blank"' in html
    call.state, call.ended_at = "ended", now
    call.save()
    html = client.get(part).content.decode()
    assert "formaction" in html and "_blank" not in html
    # The form stays on the page: a fragment with a token would differ each time.
    assert "csrf" not in html


def test_pressing_twice_with_one_form_asks_once(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    client, call = log_in(SEES, "telephony.hang_up_call"), make_call()
    for _ in range(2):
        status, html = press(client, call, "hang-up", ticket="0" * 31 + "1")
    assert status == 200 and "data-waiting" in html and "On its way" in html
    assert CallAction.objects.count() == LogEntry.objects.count() == 1


def test_without_a_script_a_press_leads_back_to_the_page(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    client, call = log_in(SEES, "telephony.hint_call"), make_call()
    given = {"ticket": str(uuid.uuid4()), "text": ""}
    answer = client.post(f"/calls/{call.pk}/hint/", given, follow=True)
    assert "Write what the assistant should know." in answer.content.decode()
    assert not CallAction.objects.exists()


@pytest.mark.parametrize(
    ("door", "values", "sentence"),
    [
        ("hint", {"text": "  "}, "Write what the assistant should know."),
        ("hint", {"text": "x" * 501}, "at most 500 characters"),
        ("transfer", {"to": ""}, "Write the number"),
        ("transfer", {"to": "sip:x@y"}, "is not a telephone number"),
        ("transfer", {"to": "+1 555 123 45 67"}, "may not call"),
        ("hang-up", {"ticket": "nonsense"}, "valid UUID"),
        ("block", {"term": "forever"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_done_comes_back_with_a_sentence(
    log_in: LogIn,
    make_call: MakeCall,
    room: Room,
    door: str,
    values: dict[str, str],
    sentence: str,
) -> None:
    client = log_in(SEES, f"telephony.{DOORS[door]}")
    status, html = press(client, make_call(), door, **values)
    assert status == 400 and sentence in html
    assert not CallAction.objects.exists() and not BlockedCaller.objects.exists()


def test_a_refused_transfer_is_kept_for_whoever_answers_for_the_line(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    press(log_in(SEES, "telephony.transfer_call"), make_call(), "transfer", to="+15551234567")
    assert SecurityEvent.objects.get().kind == "dial_prefix"


def test_the_last_transfer_that_is_allowed_is_not_refused_for_being_pressed_twice(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    Trunk.objects.update(out_at_once=1)
    client, call, ticket = log_in(SEES, "telephony.transfer_call"), make_call(), str(uuid.uuid4())
    pressed = [press(client, call, "transfer", to="+79160000001", ticket=ticket) for _ in range(2)]
    assert [status for status, _html in pressed] == [200, 200]
    assert not SecurityEvent.objects.exists()
    assert press(client, call, "transfer", to="+79160000001")[0] == 400


def test_why_no_transfer_is_possible_stands_on_the_page(log_in: LogIn, make_call: MakeCall) -> None:
    Trunk.objects.update(out_refer=False)
    client, call = log_in(SEES, "telephony.transfer_call"), make_call()
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "does not transfer calls" in html and "Transfer the call" not in html
    assert press(client, call, "transfer", to="+79160000001")[0] == 400


def test_a_hint_is_told_as_read_and_then_as_used(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    client = log_in(SEES, "telephony.hint_call", "agentworker.view_session")
    call, ticket = make_call(), uuid.uuid4()
    press(client, call, "hint", text="Offer a discount.", ticket=str(ticket))
    CallAction.objects.update(state="done")
    for kind, words in [("hint_heard", "has read it"), ("hint_used", "has used it")]:
        CallEvent.objects.create(
            event_id=kind,
            source="agent",
            kind=kind,
            at=timezone.now(),
            payload={"hint": str(ticket)},
            room_sid=call.room_sid,
        )
        html = client.get(f"/calls/{call.pk}/hands/").content.decode()
        assert words in html and "Offer a discount." in html
    assert "data-waiting" not in html


def test_the_words_of_a_hint_are_hidden_from_whoever_may_not_read_words(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    client, call = log_in(SEES, "telephony.hint_call"), make_call()
    press(client, call, "hint", text="Offer a discount.")
    assert "discount" not in client.get(f"/calls/{call.pk}/").content.decode()


# blocking


def block(client: Client, call: Call, term: str = "good") -> str:
    status, html = press(client, call, "block", term=term)
    assert status == 200
    return html


def test_a_caller_is_blocked_in_every_spelling_and_let_in_again(
    log_in: LogIn, make_call: MakeCall
) -> None:
    client, call = log_in(SEES, "telephony.block_caller"), make_call(from_number="89161234567")
    assert "Let him call again" in block(client, call)
    texts = {"+79161234567", "79161234567", "89161234567"}
    assert BlockedCaller.objects.texts(timezone.now()) == texts
    other = make_call(from_number="+79161234567")
    assert "Let him call again" in client.get(f"/calls/{other.pk}/").content.decode()
    _status, html = press(client, other, "unblock")
    assert "Block this caller" in html and not BlockedCaller.objects.exists()
    kinds = CallEvent.objects.filter(source="staff").values_list("kind", flat=True)
    assert list(kinds) == ["staff_block", "staff_unblock"]


def test_a_block_for_a_day_ends_by_itself(log_in: LogIn, make_call: MakeCall) -> None:
    client, call = log_in(SEES, "telephony.block_caller"), make_call()
    block(client, call, "day")
    assert BlockedCaller.objects.texts(timezone.now())
    BlockedCaller.objects.update(until=timezone.now())
    assert not BlockedCaller.objects.texts(timezone.now())
    assert "Block this caller" in client.get(f"/calls/{call.pk}/").content.decode()
    block(client, call, "good")
    assert BlockedCaller.objects.get().until is None


@pytest.mark.parametrize("number", ["", "anonymous", "Anonymous"])
def test_who_hides_his_number_cannot_be_blocked(
    log_in: LogIn, make_call: MakeCall, number: str
) -> None:
    client, call = log_in(SEES, "telephony.block_caller"), make_call(from_number=number)
    assert "Block this caller" not in client.get(f"/calls/{call.pk}/").content.decode()
    status, html = press(client, call, "block", term="good")
    assert status == 400 and "hides his number" in html


def test_whom_we_called_cannot_be_blocked(log_in: LogIn, make_call: MakeCall) -> None:
    call = make_call(direction="outbound")
    assert press(log_in(SEES, "telephony.block_caller"), call, "block", term="day")[0] == 400
