"""The sound of a recording: to whom it may go, and that it is written down."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import LogEntry
from django.test import AsyncClient, Client
from django.utils import timezone

from recordings.models import Listening, Recording
from recordings.stores import store_of
from telephony.models import Call
from tests.listening.conftest import MakeRecording, body
from tests.monitoring.conftest import MakeCall, MakeUser

HEARS = ("recordings.view_recording", "recordings.hear_recording")
BYTES = bytes(range(256)) * 4
pytestmark = pytest.mark.django_db


def address(recording: Recording, visit: uuid.UUID | None = None) -> str:
    return f"/recordings/{recording.pk}/sound?visit={visit or uuid.uuid4()}"


@pytest.fixture
def recorded(make_recording: MakeRecording) -> Recording:
    return make_recording(data=BYTES)


@pytest.mark.django_db(transaction=True)
async def test_a_player_gets_the_part_that_it_asks_for(
    make_user: MakeUser, recorded: Recording
) -> None:
    client = AsyncClient()
    await client.aforce_login(await sync_to_async(make_user)(*HEARS))
    asked = {"Range": "bytes=100-299"}
    answer: Any = await client.get(address(recorded), headers=asked)
    assert (answer.status_code, answer["Content-Type"]) == (206, "audio/ogg")
    assert await body(answer) == BYTES[100:300]


def test_the_headers_alone_are_no_listening(
    logged_in: Callable[..., Client], recorded: Recording
) -> None:
    answer = logged_in(*HEARS).head(address(recorded), headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer["Content-Length"]) == (206, "10")
    assert answer.content == b"" and not Listening.objects.exists()


def heard(recording: Recording) -> list[tuple[str, str]]:
    return [(each.name, each.form) for each in Listening.objects.newest_of(recording)]


def test_all_that_a_player_asks_for_is_one_listening(
    logged_in: Callable[..., Client], make_recording: MakeRecording, make_call: MakeCall
) -> None:
    recording = make_recording(make_call(), data=BYTES)
    client, visit = logged_in(*HEARS), uuid.uuid4()
    for asked in ("bytes=0-", "bytes=1000-", "bytes=500-599"):
        answer = client.get(address(recording, visit), headers={"Range": asked})
        assert answer.status_code == 206
    assert heard(recording) == [("anna", "sound")]
    entry = LogEntry.objects.get()
    assert entry.get_edited_object() == recording.call
    assert entry.user.username == "anna" and "Heard the recording" in entry.change_message


def test_who_listens_again_is_written_down_again(
    logged_in: Callable[..., Client], recorded: Recording
) -> None:
    client = logged_in(*HEARS)
    for _ in range(2):
        assert client.get(address(recorded)).status_code == 200
    assert len(heard(recorded)) == 2 and LogEntry.objects.count() == 2


def test_nobody_listens_under_the_visit_of_another_or_an_old_one(
    logged_in: Callable[..., Client], recorded: Recording, make_recording: MakeRecording
) -> None:
    anna, visit = logged_in(*HEARS), uuid.uuid4()
    anna.get(address(recorded, visit))
    boris, other = logged_in(*HEARS, name="boris"), make_recording(data=BYTES)
    sent_on = [boris.get(address(recorded, visit)), anna.get(address(other, visit))]
    Listening.objects.update(seen_at=timezone.now() - timedelta(hours=2))
    sent_on += [anna.get(address(recorded, visit)), anna.get(address(recorded)[:-37])]
    assert {answer.status_code for answer in sent_on} == {302}
    assert heard(recorded) == [("anna", "sound")] and heard(other) == []
    assert anna.get(sent_on[2]["Location"]).status_code == 200
    assert heard(recorded) == [("anna", "sound")] * 2


@pytest.mark.parametrize("rights", [(), HEARS[:1], HEARS[1:], ("recordings.download_recording",)])
def test_who_may_not_hear_hears_nothing(
    rights: tuple[str, ...], logged_in: Callable[..., Client], recorded: Recording
) -> None:
    assert logged_in(*rights).get(address(recorded)).status_code == 403
    assert heard(recorded) == []


def test_a_file_that_is_gone_is_told_in_words_and_is_no_listening(
    logged_in: Callable[..., Client], recorded: Recording
) -> None:
    assert recorded.storage is not None
    store_of(recorded.storage).delete(recorded.file)
    answer = logged_in(*HEARS).get(address(recorded))
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert "not in the storage any more" in answer.content.decode()
    assert heard(recorded) == [] and not LogEntry.objects.exists()


@pytest.mark.parametrize("door", ["sound", "recording.ogg", "recording.mp3", "recording.wav"])
def test_what_is_deleted_is_handed_out_no_more_though_its_file_is_still_there(
    door: str, logged_in: Callable[..., Client], make_recording: MakeRecording
) -> None:
    recording = make_recording(state="deleted", deleted_at=timezone.now())
    assert recording.storage and store_of(recording.storage).exists(recording.file)
    client = logged_in(*HEARS, "recordings.download_recording")
    answer = client.get(f"/recordings/{recording.pk}/{door}?visit={uuid.uuid4()}")
    assert answer.status_code == 404
    assert heard(recording) == []


def test_a_call_that_is_not_recorded_has_no_sound(
    logged_in: Callable[..., Client], make_call: MakeCall
) -> None:
    waits = Recording.objects.create(call=make_call(), state=Recording.State.SAVING)
    assert Call.objects.get() == waits.call
    assert logged_in(*HEARS).get(address(waits)).status_code == 404
