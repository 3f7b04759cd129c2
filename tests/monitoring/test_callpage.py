"""The page of a call tells its story, finds words in it, and gives it away as a file."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import translation
from django.utils.timezone import localtime

from agentworker.models import NumberPlace, Place, Session, Speaker
from monitoring.callpage import gather
from telephony.models import Call, CallEvent, DispatchRule, PhoneNumber
from tests.monitoring.conftest import MakeCall, MakeUser, say
from veyra.models import User

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]
READER = ("telephony.view_call", "agentworker.view_session")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def call(make_call: MakeCall) -> Call:
    """A minute of talk, hung up by the caller."""
    made = make_call(
        ["Where is my order?", "Your orders come tomorrow."],
        state=Call.State.ENDED,
        outcome=Call.Outcome.ANSWERED,
        reason="hung_up_by_caller",
    )
    made.answered_at = made.started_at + timedelta(milliseconds=900)
    made.ended_at = made.started_at + timedelta(seconds=65)
    made.save()
    return made


def tell(call: Call, kind: str, seconds: float, source: str = "agent", **payload: object) -> None:
    CallEvent.objects.create(
        event_id=f"{kind}:{seconds}",
        source=source,
        kind=kind,
        at=call.started_at + timedelta(seconds=seconds),
        payload=payload,
        sip_call_id=call.legs.get().sip_call_id or "",
    )


def texts(call: Call) -> list[str]:
    return [moment.text for moment in gather(call, with_words=True).story]


def test_the_story_goes_from_who_called_to_how_it_ended(call: Call) -> None:
    tell(call, "closed", 65.2, reason="caller left")
    tell(call, "dtmf", 20, digit="7")
    tell(call, "started", 0.6)
    tell(call, "speech_started", 1)
    told = gather(call, with_words=True).story
    assert [moment.text for moment in told] == [
        "+7 916 123-00-01 called +7 499 112-41-48",
        "Support came to the call",
        "Somebody answered",
        "Support began to speak",
        "The caller pressed 7",
        "The caller hung up, after 1 min 04 s of talk",
    ]
    assert [moment.after for moment in told] == [
        "",
        "+0.6 s",
        "+0.9 s",
        "+1.0 s",
        "+20.0 s",
        "+1:05",
    ]


def test_a_recording_that_another_recorder_goes_on_with_has_not_ended(call: Call) -> None:
    facts = (
        ("recorder:1", "recording_started", 2),
        ("egress:p:began", "recording_started", 5),
        ("recorder:2", "recording_stopped", 6),
        ("egress:p:ended", "recording_stopped", 50),
    )
    for name, kind, second in facts:
        tell(call, kind, second, source="observer")
        CallEvent.objects.filter(event_id=f"{kind}:{second}").update(event_id=name)
    told = gather(call, with_words=True).story
    assert [(moment.text, moment.after) for moment in told if "ecord" in moment.text] == [
        ("Recording began", "+2.0 s"),
        ("Another recorder went on with the recording", "+5.0 s"),
        ("Recording ended", "+50.0 s"),
    ]


def test_the_story_names_the_connection_and_the_rule_and_tells_why(
    call: Call, number: PhoneNumber, rule: DispatchRule
) -> None:
    call.trunk, call.rule, call.source_ip = number.trunk, rule, "10.0.0.1"
    way_in = gather(call, with_words=True).story[1]
    assert way_in.text == "It came through “trunk1”, and “Everybody” took it"
    assert list(way_in.why) == [
        "+7 499 112-41-48 is our number; it comes through trunk1.",
        "“trunk1” takes calls from 10.0.0.1.",
        "“Everybody” takes the call.",
        "Support answers.",
        "When all assistants are busy, “Everybody” has callers wait in a queue with music.",
    ]


def test_no_reason_is_made_up_where_the_line_was_changed_since(
    call: Call, number: PhoneNumber, rule: DispatchRule
) -> None:
    call.trunk, call.rule, call.source_ip = number.trunk, rule, "10.0.0.1"
    type(rule).objects.update(is_active=False)
    way_in = gather(call, with_words=True).story[1]
    assert way_in.text == "It came through “trunk1”, and “Everybody” took it"
    assert list(way_in.why) == ["The line was changed since, so it is not told why."]


def test_the_story_names_the_rule_where_the_connection_is_not_known(
    call: Call, rule: DispatchRule
) -> None:
    call.rule = rule
    way_in = gather(call, with_words=True).story[1]
    assert way_in.text == "“Everybody” took it" and not way_in.why


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("goodbye", "Support said goodbye"),
        ("silence", "The caller was silent and was asked twice, then Support said goodbye"),
        ("error", "The conversation broke off by an error of the assistant"),
    ],
)
def test_the_story_tells_why_the_assistant_stopped(call: Call, reason: str, told: str) -> None:
    tell(call, "closed", 60, reason=reason)
    assert told in texts(call)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (
            {"name": "a", "kind": "message", "ok": True, "ms": 1240},
            "Support used “Take a message or a wish to be called back”: it worked, in 1.2 s",
        ),
        (
            {"name": "a", "kind": "http", "ok": False, "ms": 40, "status": 404},
            "Support used “Ask another system”: the answer was 404 (0.0 s)",
        ),
        (
            {"name": "look_up", "kind": "knowledge", "ok": True, "ms": 20, "passages": [["a", 1]]},
            "Support used “Look into what it knows”: it worked, in 0.0 s. It found: a, passage 1",
        ),
        (
            {"name": "look_up", "kind": "knowledge", "ok": True, "ms": 20, "passages": []},
            "Support used “Look into what it knows”: it worked, in 0.0 s. It found nothing there",
        ),
        (
            {"name": "dance", "kind": "x", "ok": False},
            "Support used “dance”: it did not work (0.0 s)",
        ),
    ],
)
def test_the_story_tells_what_the_assistant_did(
    call: Call, fact: dict[str, object], said: str
) -> None:
    tell(call, "tool", 20)
    CallEvent.objects.filter(kind="tool").update(payload=fact)
    assert said in texts(call)


def test_what_the_assistant_asked_for_itself_is_told_as_its_own(call: Call) -> None:
    tell(call, "staff_introduce", 20, "staff", who="", whom="Sales")
    assert "Support asked to give the call to “Sales”" in texts(call)


def test_what_no_fact_says_is_not_in_the_story(make_call: MakeCall) -> None:
    call = make_call(from_number="")
    assert texts(call) == ["A withheld number called +7 499 112-41-48"]


def test_a_call_out_is_told_from_our_side(call: Call) -> None:
    call.direction, call.from_number = Call.Direction.OUTBOUND, "+74991124100"
    call.reason = "hung_up_by_callee"
    tell(call, "dtmf", 20, digit="7")
    assert texts(call) == [
        "We called +7 499 112-41-48 from +7 499 112-41-00",
        "The person called picked up",
        "The person called pressed 7",
        "The person called hung up, after 1 min 04 s of talk",
    ]


def test_words_are_found_in_any_form_and_marked(logged_in: LoggedIn, call: Call) -> None:
    client = logged_in(*READER)
    html = client.get(f"/calls/{call.pk}/", {"q": "ordered"}).content.decode()
    assert "Found in 2 lines." in html
    assert "<mark>order</mark>?" in html and "<mark>orders</mark> come" in html
    html = client.get(f"/calls/{call.pk}/", {"q": "pizza", "part": "1"}).content.decode()
    assert "Nobody said that." in html and "<mark>" not in html


def test_what_was_said_is_no_markup_however_it_is_cut(logged_in: LoggedIn, call: Call) -> None:
    say(Session.objects.get(), "<b>order & pay</b>")
    html = logged_in(*READER).get(f"/calls/{call.pk}/", {"q": "order"}).content.decode()
    assert "&lt;b&gt;<mark>order</mark> &amp; pay&lt;/b&gt;" in html


def test_a_conversation_is_taken_as_text(logged_in: LoggedIn, call: Call) -> None:
    say(Session.objects.get(), "Two\nlines.", Speaker.AGENT, interrupted=True)
    answer = logged_in(*READER).get(f"/calls/{call.pk}/conversation.txt")
    told = answer.content.decode().splitlines()
    assert told[1].startswith("+7 916 123-00-01 talked to Support")
    assert told[3].endswith("] Caller: Where is my order?")
    assert told[5].endswith("] Assistant: Two") and told[6] == "    lines. (interrupted)"
    name = f"call-{localtime(call.started_at):%Y-%m-%d-%H%M}-{call.pk.hex[:8]}.txt"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_conversation_is_taken_as_json(logged_in: LoggedIn, call: Call) -> None:
    found = json.loads(logged_in(*READER).get(f"/calls/{call.pk}/conversation.json").content)
    assert found["from"] == "+79161230001" and found["outcome"] == "answered"
    assert [line["text"] for line in found["lines"]] == [
        "Where is my order?",
        "Your orders come tomorrow.",
    ]
    assert datetime.fromisoformat(found["lines"][0]["at"]) == call.started_at


def test_it_is_written_down_who_took_a_conversation(logged_in: LoggedIn, call: Call) -> None:
    logged_in(*READER).get(f"/calls/{call.pk}/conversation.json")
    entry = LogEntry.objects.get()
    assert entry.user.username == "anna" and entry.object_id == str(call.pk)
    assert entry.get_change_message() == "Took the conversation as a file (json)."


def test_the_page_names_the_version_that_spoke_and_leads_to_it(
    logged_in: LoggedIn, call: Call
) -> None:
    version = Session.objects.get().version
    assert version is not None
    url, named = f"/calls/{call.pk}/", f"Assistant “{version.agent}”, version 1"
    assert named in logged_in(*READER).get(url).content.decode()
    link = f'<a href="/admin/agentworker/agent/{version.agent_id}/versions/1/">{named}</a>'
    reader = logged_in(*READER, "agentworker.view_agent", name="berta")
    page = reader.get(url).content.decode()
    assert link in page


@pytest.mark.parametrize("form", ["txt", "json"])
def test_words_are_given_to_nobody_without_the_right(
    make_user: MakeUser, client: Client, call: Call, form: str
) -> None:
    url = f"/calls/{call.pk}/conversation.{form}"
    assert client.get(url).status_code == 302
    client.force_login(make_user("telephony.view_call"))
    assert client.get(url).status_code == 403
    client.force_login(make_user("agentworker.view_session", name="berta"))
    assert client.get(url).status_code == 403
    assert not LogEntry.objects.exists()


def test_there_is_no_other_kind_of_file(logged_in: LoggedIn, call: Call) -> None:
    assert logged_in(*READER).get(f"/calls/{call.pk}/conversation.exe").status_code == 404


@pytest.mark.parametrize(("zone", "is_told"), [("Asia/Yekaterinburg", True), ("UTC", False)])
def test_times_are_by_the_clock_of_the_place_that_was_called(
    call: Call, number: PhoneNumber, logged_in: LoggedIn, zone: str, is_told: bool
) -> None:
    place = Place.objects.create(name="Ekaterinburg shop", time_zone=zone)
    NumberPlace.objects.create(key=number.key, number=number.number, place=place)
    Call.objects.update(started_at=datetime(2026, 11, 22, 12, 30, tzinfo=UTC))
    client = logged_in(*READER)
    User.objects.update(time_zone="UTC")
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert ("17:30:00" if is_told else "12:30:00") in html
    assert ("Times by the clock of “Ekaterinburg shop” (UTC+5)" in html) is is_told
    text = client.get(f"/calls/{call.pk}/conversation.txt")
    assert ("-1730-" if is_told else "-1230-") in text["Content-Disposition"]
