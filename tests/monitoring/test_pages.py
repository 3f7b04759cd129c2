"""Pages of monitoring: what they show, to whom, and with how many queries."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from agentworker.models import Session, Worker
from monitoring.callpage import gather
from telephony.models import Call, CallEvent, DispatchRule, PhoneNumber, PublishedObject, TestCall
from telephony.testcalls import USER_PREFIX
from tests.monitoring.conftest import MakeCall, MakeUser, say

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

PAGES = {
    "/live/": "telephony.view_call",
    "/live/rows/": "telephony.view_call",
    f"/calls/{uuid.UUID(int=1)}/": "telephony.view_call",
    "/numbers/7/call/": "telephony.add_testcall",
    "/numbers/7/call/tests/": "telephony.add_testcall",
    f"/test-calls/{uuid.UUID(int=1)}/heard/": "telephony.view_testcall",
}
POSTS = ["/numbers/7/call/browser/", "/numbers/7/call/telephone/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_a_login(path: str, client: Client) -> None:
    answer = client.get(path)
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_closed_without_its_right(path: str, logged_in: LoggedIn) -> None:
    others = {right for right in PAGES.values() if right != PAGES[path]}
    answer = logged_in(*others).get(path)
    assert answer.status_code == 403
    assert "You may not open this page." in answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_closed_to_whoever_is_not_staff(
    path: str, make_user: MakeUser, client: Client
) -> None:
    client.force_login(make_user(PAGES[path], is_staff=False))
    assert client.get(path).status_code == 403


@pytest.mark.parametrize(("path", "right"), PAGES.items())
def test_a_page_opens_with_its_right(path: str, right: str, logged_in: LoggedIn) -> None:
    # The row is not there: the door is passed, and the answer says so.
    expected = 200 if path.startswith("/live/") else 404
    assert logged_in(right).get(path).status_code == expected


@pytest.mark.parametrize("path", POSTS)
def test_a_call_is_not_placed_by_opening_an_address(path: str, logged_in: LoggedIn) -> None:
    assert logged_in("telephony.add_testcall").get(path).status_code == 405


def test_the_board_shows_who_calls_whom_and_what_was_said_last(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    words = ["Anybody there?", "Hello.", "What does it cost?", "Two hundred."]
    make_call(words, state=Call.State.ANSWERED)
    page = logged_in("telephony.view_call", "agentworker.view_session").get("/live/")
    html = page.content.decode()
    for shown in ("+7 916 123-00-01", "+7 499 112-41-48", *words[2:], "Talking"):
        assert shown in html
    assert not any(old in html for old in words[:2])


def test_a_call_in_trouble_leads_to_where_it_is_helped(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    client = logged_in("telephony.view_call", "telephony.hint_call")
    make_call(state=Call.State.ENDED, outcome=Call.Outcome.ANSWERED)
    assert "Help this caller" not in client.get("/live/").content.decode()
    call = make_call(state=Call.State.RINGING)
    html = client.get("/live/").content.decode()
    assert f'href="/calls/{call.pk}/">Help this caller</a>' in html


def test_who_can_do_nothing_for_a_call_in_trouble_only_opens_it(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    call = make_call(state=Call.State.RINGING)
    html = logged_in("telephony.view_call").get("/live/").content.decode()
    assert "Help this caller" not in html
    assert f'href="/calls/{call.pk}/">Open the call</a>' in html


def test_an_empty_board_says_what_it_is_for(logged_in: LoggedIn) -> None:
    html = logged_in("telephony.view_call").get("/live/").content.decode()
    assert "Nobody is on the line right now." in html and "Set up the line" in html


def test_the_board_takes_as_many_queries_for_ten_calls_as_for_one(
    logged_in: LoggedIn,
    make_call: MakeCall,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = logged_in("telephony.view_call", "agentworker.view_session")
    for _ in range(10):
        make_call(["Hello?"], state=Call.State.ANSWERED)
    # When he was there last, session, person, two of his rights, his places; callers with their
    # calls, last turns; turned away, to be called back, two voices that may speak, closures.
    with django_assert_num_queries(13):
        assert len(client.get("/live/rows/").json()["rows"]) == 10


def test_the_page_of_a_call_tells_its_course_and_its_words(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    call = make_call(
        ["What does it cost?", "Nothing."],
        state=Call.State.ENDED,
        outcome=Call.Outcome.ANSWERED,
        reason="hung_up_by_caller",
        answered_at=timezone.now() - timedelta(seconds=50),
        ended_at=timezone.now() - timedelta(seconds=15),
    )
    sip_call_id = call.legs.get().sip_call_id or ""
    CallEvent.objects.create(
        event_id="1",
        source="agent",
        kind="dtmf",
        at=timezone.now(),
        payload={"digit": "7"},
        sip_call_id=sip_call_id,
    )
    client = logged_in("telephony.view_call", "agentworker.view_session")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "+7 916 123-00-01 talked to Support on +7 499 112-41-48 for 35 s." in html
    for words in ("The caller hung up.", "The caller pressed 7", "What does it cost?", "Nothing."):
        assert words in html


def test_the_page_of_a_call_shows_the_way_that_it_came(
    make_call: MakeCall, make_user: MakeUser, number: PhoneNumber, client: Client
) -> None:
    engineer = make_user("telephony.view_call", "telephony.view_callevent", name="engineer")
    client.force_login(engineer)
    call = make_call(trunk=number.trunk, source_ip="127.0.0.1", provider_ip="37.139.38.5")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "trunk1 → sign-in to the provider → call entrance → Support" in html
    assert "37.139.38.5 → registrar → 127.0.0.1 → gateway" in html
    Call.objects.update(provider_ip="")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "trunk1 → call entrance → Support" in html
    Call.objects.update(direction=Call.Direction.BROWSER)
    assert "call entrance →" not in client.get(f"/calls/{call.pk}/").content.decode()


def test_raw_words_stand_only_before_those_who_read_events(
    logged_in: LoggedIn, make_call: MakeCall, make_user: MakeUser, client: Client
) -> None:
    call = make_call()
    html = logged_in("telephony.view_call").get(f"/calls/{call.pk}/").content.decode()
    assert "SCL_" not in html
    client.force_login(
        make_user("telephony.view_call", "telephony.view_callevent", name="engineer")
    )
    assert "SCL_" in client.get(f"/calls/{call.pk}/").content.decode()


def test_words_are_hidden_from_whoever_may_only_see_calls(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    call = make_call(["A secret."])
    html = logged_in("telephony.view_call").get(f"/calls/{call.pk}/").content.decode()
    assert "A secret." not in html and "but not what was said" in html


def test_speech_that_nobody_understood_is_told_as_such(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    call = make_call()
    say(Session.objects.get(), "", seconds=3.2)
    client = logged_in("telephony.view_call", "agentworker.view_session")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "(speech, 3 s: no recogniser)" in html and "add a recogniser" in html


def test_the_page_of_a_call_takes_as_many_queries_for_many_turns(
    make_call: MakeCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = make_call([str(n) for n in range(20)])
    call = Call.objects.select_related("agent").prefetch_related("legs").get(pk=made.pk)
    with django_assert_num_queries(3):
        gather(call, with_words=True)


HOME = (
    "telephony.view_call",
    "telephony.view_phonenumber",
    "agentworker.add_agent",
    "telephony.add_testcall",
)


def test_an_empty_installation_is_led_by_its_first_step(logged_in: LoggedIn) -> None:
    html = logged_in(*HOME).get("/admin/").content.decode()
    assert html.count("vy-done") == 0 and "Add an assistant" in html


def test_a_number_says_who_answers_it_and_may_be_called(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule, make_call: MakeCall
) -> None:
    PublishedObject.objects.create(
        kind="number", key=f"number:{number.key}", source=number.key, state="live"
    )
    make_call(state=Call.State.ENDED, outcome=Call.Outcome.ANSWERED)
    free_worker()
    html = logged_in(*HOME).get("/admin/").content.decode()
    assert "Support answers." in html and f"/numbers/{number.pk}/call/" in html


def free_worker() -> None:
    """There is somebody who can take a call."""
    now = timezone.now()
    Worker.objects.create(
        name="w", host="h", pid=1, started_at=now, seen_at=now, capacity=4, registered=True
    )


def test_a_number_that_no_rule_serves_says_so(logged_in: LoggedIn, number: PhoneNumber) -> None:
    assert "Nobody answers it." in logged_in(*HOME).get("/admin/").content.decode()


def test_a_number_that_failed_says_why(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    PublishedObject.objects.create(
        kind="number",
        key=f"number:{number.key}",
        source=number.key,
        state="failed",
        error={"msgid": "LiveKit said no to %(what)s.", "values": {"what": "it"}},
    )
    assert "LiveKit said no to it." in logged_in(*HOME).get("/admin/").content.decode()


def test_every_page_says_when_livekit_is_simulated(logged_in: LoggedIn, settings: object) -> None:
    client = logged_in("telephony.view_call")
    assert "Training mode." not in client.get("/live/").content.decode()
    settings.LIVEKIT_SIMULATED = True  # type: ignore[attr-defined]  # pytest-django's settings
    for path in ("/live/", "/admin/"):
        assert "Training mode." in client.get(path).content.decode()


def test_a_test_call_shows_its_result_and_its_call(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule, make_call: MakeCall
) -> None:
    test = TestCall.objects.create(
        number=number, state="done", heard="x.wav", result={"msgid": "Well heard.", "values": {}}
    )
    call = make_call(from_number=USER_PREFIX + test.pk.hex[:8], is_test=True)
    rights = ("telephony.add_testcall", "telephony.view_testcall", "telephony.view_call")
    html = logged_in(*rights).get(f"/numbers/{number.pk}/call/").content.decode()
    for words in ("Well heard.", f"/calls/{call.pk}/", f"/test-calls/{test.pk}/heard/"):
        assert words in html


def test_asking_for_a_test_call_makes_its_row(logged_in: LoggedIn, number: PhoneNumber) -> None:
    path = f"/numbers/{number.pk}/call/telephone/"
    answer = logged_in("telephony.add_testcall").post(path)
    assert answer.status_code == 302
    assert TestCall.objects.get().number == number
