"""The sound of a recording: parts of it, to whom it may go, and that it is written down."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import AsyncClient, Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from recordings.models import Listening, Recording
from recordings.stores import store_of
from telephony.models import Call
from tests.listening.conftest import MakeRecording
from tests.monitoring.conftest import MakeCall, MakeUser
from veyra.models import User
from veyra.ranges import part

HEARS = ("recordings.view_recording", "recordings.hear_recording")
BYTES = bytes(range(256)) * 4
pytestmark = pytest.mark.django_db(transaction=True)


def address(recording: Recording, visit: uuid.UUID | None = None) -> str:
    return f"/recordings/{recording.pk}/sound?visit={visit or uuid.uuid4()}"


def browser(user: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(user)
    return client


@pytest.fixture
def anna(make_user: MakeUser) -> User:
    return make_user(*HEARS)


async def body(answer: Any) -> bytes:
    if not answer.streaming:
        return bytes(answer.content)
    return b"".join([chunk async for chunk in answer.streaming_content])


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ({}, 200, 0, 1023),
        ({"Range": "bytes=0-"}, 206, 0, 1023),
        ({"Range": "bytes=100-299"}, 206, 100, 299),
        ({"Range": "bytes=1000-5000"}, 206, 1000, 1023),
        ({"Range": "bytes=-24"}, 206, 1000, 1023),
        ({"Range": "bytes=-5000"}, 206, 0, 1023),
        # What no player asks for may be answered by the whole.
        ({"Range": "bytes=0-1,5-6"}, 200, 0, 1023),
        ({"Range": "items=0-1"}, 200, 0, 1023),
        ({"Range": f"bytes={'9' * 5000}-"}, 200, 0, 1023),
    ],
)
async def test_a_player_gets_the_part_that_it_asks_for(
    asked: dict[str, str],
    status: int,
    first: int,
    last: int,
    anna: User,
    recorded: Recording,
) -> None:
    answer: Any = await browser(anna).get(address(recorded), headers=asked)
    assert answer.status_code == status
    assert await body(answer) == BYTES[first : last + 1]
    assert answer["Content-Length"] == str(last - first + 1)
    assert answer["Accept-Ranges"] == "bytes" and answer["Content-Type"] == "audio/ogg"
    told = answer.get("Content-Range")
    assert told == (f"bytes {first}-{last}/1024" if status == 206 else None)


@pytest.fixture
def recorded(make_recording: MakeRecording) -> Recording:
    return make_recording(data=BYTES)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=2000-3000", "bytes=-0", "bytes=-"])
async def test_a_part_that_is_not_there_is_told_with_the_size(
    asked: str, anna: User, recorded: Recording
) -> None:
    answer = await browser(anna).get(address(recorded), headers={"Range": asked})
    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */1024")


async def test_a_part_of_another_file_is_not_put_behind_what_was_heard(
    anna: User, recorded: Recording
) -> None:
    client = browser(anna)
    etag = (await client.head(address(recorded)))["ETag"]
    some_part = {"Range": "bytes=10-19"}
    same: Any = await client.get(address(recorded), headers={**some_part, "If-Range": etag})
    other: Any = await client.get(address(recorded), headers={**some_part, "If-Range": '"other"'})
    known = await client.get(address(recorded), headers={"If-None-Match": etag})
    assert (same.status_code, await body(same)) == (206, BYTES[10:20])
    assert (other.status_code, await body(other)) == (200, BYTES)
    assert known.status_code == 304


async def test_the_headers_alone_are_no_listening(anna: User, recorded: Recording) -> None:
    answer = await browser(anna).head(address(recorded), headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer["Content-Length"]) == (206, "10")
    assert answer.content == b"" and not await Listening.objects.aexists()


@given(size=some.integers(0, 50), first=some.integers(0, 60), last=some.integers(0, 60))
@pytest.mark.django_db(transaction=False)
def test_a_part_never_lies_beyond_the_file(size: int, first: int, last: int) -> None:
    for begin, end in (part(str(first), str(last), size), part("", str(last), size)):
        assert begin > end or 0 <= begin <= end < size


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


def test_a_call_that_is_not_recorded_has_no_sound(
    logged_in: Callable[..., Client], make_call: MakeCall
) -> None:
    waits = Recording.objects.create(call=make_call(), state=Recording.State.SAVING)
    assert Call.objects.get() == waits.call
    assert logged_in(*HEARS).get(address(waits)).status_code == 404
