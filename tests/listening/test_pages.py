"""Where recordings are found and heard: the list, the page of a call, a page of their own."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from recordings.models import Recording
from tests.listening.conftest import MakeRecording
from tests.monitoring.conftest import MakeCall

LIST = "/admin/recordings/recording/"
SEES = ("recordings.view_recording", "telephony.view_call", "agentworker.view_session")
HEARS = (*SEES, "recordings.hear_recording")
LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]


def found(client: Client, query: str) -> set[str]:
    """The callers that the list shows for this search."""
    page = client.get(f"{LIST}?{query}")
    assert page.status_code == 200
    rows = page.context["cl"].result_list
    return {row.call.from_number if row.call else "" for row in rows}


@pytest.fixture
def three(make_call: MakeCall, make_recording: MakeRecording) -> list[Recording]:
    """Of a delivery, of a bill, and of no call."""
    delivery = make_call(["Where is my delivery?"], from_number="+79161230001", state="ended")
    bill = make_call(["The bill is wrong."], from_number="+79161230002", state="ended")
    return [make_recording(each, data=b"x") for each in (delivery, bill, None)]


def test_a_recording_is_found_by_a_word_that_was_said_and_by_a_number(
    three: list[Recording], logged_in: LoggedIn
) -> None:
    client = logged_in(*HEARS)
    assert found(client, "") == {"+79161230001", "+79161230002", ""}
    assert found(client, "q=deliveries") == {"+79161230001"}
    assert found(client, "q=8+(916)+123-00-02") == {"+79161230002"}
    assert found(client, "q=nobody") == set()


def test_who_may_not_read_words_does_not_find_by_them(
    three: list[Recording], logged_in: LoggedIn
) -> None:
    client = logged_in("recordings.view_recording", "telephony.view_call")
    assert found(client, "q=deliveries") == set()


def test_recordings_are_filtered_by_day_state_number_and_assistant(
    three: list[Recording], logged_in: LoggedIn
) -> None:
    client, call = logged_in(*HEARS), three[0].call
    Recording.objects.filter(pk=three[1].pk).update(state="missing")
    assert call is not None
    assert found(client, "state__exact=missing") == {"+79161230002"}
    both = {"+79161230001", "+79161230002"}
    assert found(client, f"call__number__id__exact={call.number_id}") == both
    assert found(client, f"call__agent__id__exact={call.agent_id}") == both
    assert found(client, "created_at_to_0=2020-01-01") == set()
    assert "By day" in client.get(LIST).content.decode()


def test_a_row_leads_to_what_was_said_and_marks_the_word(
    three: list[Recording], logged_in: LoggedIn
) -> None:
    call = three[0].call
    assert call is not None
    html = logged_in(*HEARS).get(f"{LIST}?q=delivery").content.decode()
    assert re.search(rf'href="/calls/{call.pk}/\?[^"]*\bq=delivery"', html)
    assert f'data-player-at="/recordings/{three[0].pk}/?part=1"' in html


def test_who_may_not_hear_sees_no_player(three: list[Recording], logged_in: LoggedIn) -> None:
    client, call = logged_in(*SEES), three[0].call
    assert call is not None
    assert "data-player-at" not in client.get(LIST).content.decode()
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "You may see that there is a recording, but not hear it." in html
    assert "data-player=" not in html and "data-from" not in html and "recording.ogg" not in html


def test_who_sees_no_recordings_does_not_learn_of_them(
    three: list[Recording], logged_in: LoggedIn
) -> None:
    client, call = logged_in("telephony.view_call", "agentworker.view_session"), three[0].call
    assert call is not None
    html = client.get(f"/calls/{call.pk}/").content.decode()
    assert "recording-title" not in html and "data-from" not in html
    assert client.get(f"/recordings/{three[0].pk}/").status_code == 403
    assert client.get(LIST).status_code == 403


def test_a_line_of_the_call_knows_where_it_is_heard(
    three: list[Recording], logged_in: LoggedIn
) -> None:
    call = three[0].call
    assert call is not None
    html = logged_in(*HEARS).get(f"/calls/{call.pk}/").content.decode()
    assert 'data-from="0.0" data-to="1.3"' in html
    assert f'data-player="/recordings/{three[0].pk}/sound"' in html


def test_a_page_that_is_open_gets_its_player_when_there_is_one(
    make_call: MakeCall, make_recording: MakeRecording, logged_in: LoggedIn
) -> None:
    """A fragment takes the place of the one that has its name."""
    client, call = logged_in(*HEARS), make_call(["Hello"])
    before = fragments(client, call.pk)
    make_recording(call, data=b"x")
    assert fragments(client, call.pk) == before and {"recording", "listenings"} <= before


def fragments(client: Client, call: UUID) -> set[str]:
    html = client.get(f"/calls/{call}/?part=1").content.decode()
    return set(re.findall(r'data-fragment="(\w+)"', html))


def test_what_is_missing_says_why(
    make_call: MakeCall, make_recording: MakeRecording, logged_in: LoggedIn
) -> None:
    reason = {"msgid": "The file is not in the storage any more."}
    gone = make_recording(make_call(), data=b"x", state="missing", reason=reason, file="")
    html = logged_in(*HEARS).get(f"/calls/{gone.call_id}/").content.decode()
    assert "The file is not in the storage any more." in html and "data-player=" not in html


def test_the_page_of_a_call_plays_the_talk_and_leads_to_what_else_was_recorded(
    three: list[Recording], make_recording: MakeRecording, logged_in: LoggedIn
) -> None:
    video = make_recording(three[0].call, data=b"x", kind="video", file="recordings/x.mp4")
    html = logged_in(*HEARS).get(f"/calls/{video.call_id}/").content.decode()
    assert f'data-player="/recordings/{three[0].pk}/sound"' in html
    assert f'<a href="/recordings/{video.pk}/">picture and sound</a>' in html
    assert f"/recordings/{video.pk}/sound" not in html


def test_a_recording_without_a_call_has_a_page(three: list[Recording], logged_in: LoggedIn) -> None:
    html = logged_in(*HEARS).get(f"/recordings/{three[2].pk}/").content.decode()
    assert "data-player=" in html and "See the call" not in html


@pytest.mark.parametrize("right", ["view_hold", "view_deletion"])
def test_a_player_leads_to_where_a_recording_is_kept_and_its_deletion_is_proven(
    right: str, three: list[Recording], logged_in: LoggedIn
) -> None:
    talk, link = three[0], f'<a href="/recordings/{three[0].pk}/">Keeping and deleting</a>'
    client = logged_in(*HEARS, f"recordings.{right}")
    for page in (f"/calls/{talk.call_id}/", f"/recordings/{talk.pk}/?part=1"):
        assert link in client.get(page).content.decode()
    assert link not in client.get(f"/recordings/{talk.pk}/").content.decode()
    other = logged_in(*HEARS, name="boris").get(f"/calls/{talk.call_id}/")
    assert "Keeping and deleting" not in other.content.decode()


def test_the_list_takes_as_many_queries_for_many_as_for_few(
    three: list[Recording],
    logged_in: LoggedIn,
    make_call: MakeCall,
    make_recording: MakeRecording,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = logged_in(*HEARS)
    client.get(LIST)
    with django_assert_num_queries(13):
        client.get(LIST)
    for _ in range(5):
        make_recording(make_call(), data=b"x")
    with django_assert_num_queries(13):
        client.get(LIST)
