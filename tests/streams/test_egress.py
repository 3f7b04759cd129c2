"""What LiveKit's program records of a room comes to where recordings lie, or its row says why."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import av
import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from agentworker.models import Agent, SessionEvent
from agentworker.recording import RecordingPolicy as Policy
from recordings import egress, looking, orders, streaming
from recordings.models import Recording, Storage
from recordings.stores import open_recording, store_of
from telephony import intake
from telephony.models import Call, CallEvent
from tests.recordings.conftest import _s3, s3
from tests.recordings.s3 import S3
from tests.simulator.conftest import Simulated
from tests.streams.conftest import Person
from veyra.livekit import services
from veyra.livekit.simulator.recorders import Fault
from veyra.models import User

__all__ = ["_s3", "s3"]

pytestmark = pytest.mark.django_db
ALL = ("view_roomaction", "record_call", "view_recording", "hear_recording")


@pytest.fixture
def storage(s3: S3) -> Iterator[Storage]:
    """A bucket, in a folder of it, where LiveKit's program has a login of its own."""
    login = {"egress_access_key": "egress", "egress_secret_key": "secret-of-egress"}
    row = s3.storage(is_current=True, prefix="veyra", **login)
    row.save()
    yield row


@pytest.fixture
def client(person: Person, storage: Storage) -> Client:
    return person(*ALL)


def ask(client: Client, livekit: Simulated, room: str, track: str = "") -> str:
    """What the page says that it leads to."""
    given = {"room": room, "sid": livekit.store.rooms[room].sid, "track": track}
    return str(client.post("/rooms/record/", given, follow=True).content.decode())


def settle(state: str) -> Recording:
    ends = time.monotonic() + 5
    while True:
        looking.look()
        egress.fetch()
        row = Recording.objects.get()
        if row.state == state:
            return row
        assert time.monotonic() < ends, (row.state, row.reason)
        time.sleep(0.01)


def close(livekit: Simulated, room: str) -> None:
    livekit.do(livekit.switchboard.delete_room(room))


def names(storage: Storage) -> list[str]:
    return sorted(store_of(storage).names(""))


@pytest.mark.parametrize("is_encrypted", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_picture_and_sound_of_a_room_come_to_the_storage_by_a_login_that_only_writes(
    is_encrypted: bool, livekit: Simulated, room: str, client: Client, storage: Storage
) -> None:
    Storage.objects.update(is_encrypted=is_encrypted)
    sid = livekit.store.rooms[room].sid
    call = Call.objects.create(state="answered", started_at=timezone.now(), room_sid=sid)
    assert "Picture and sound" in ask(client, livekit, room)
    assert settle("recording").call == call
    (job,) = livekit.switchboard.recorders.jobs.values()
    assert (job.bucket.access_key, job.has_picture) == ("egress", True)
    close(livekit, room)
    row = settle("ready")
    source = open_recording(row)
    with av.open(io.BytesIO(b"".join(source.read())), "r") as film:
        assert film.streams.video and film.streams.audio
    assert row.size == source.size and len(row.sha256) == 64 and (row.seconds or 0) > 0
    assert names(storage) == [row.file] and row.file.endswith(f"{row.pk}.mp4")
    assert bool(row.file_key) is is_encrypted
    assert LogEntry.objects.filter(object_id=str(row.pk), user__username="anna").exists()
    assert CallEvent.objects.get(kind="staff_record_picture").room_sid == sid


def talk(livekit: Simulated, room: str, policy: Policy) -> Agent:
    """A call in this room whose assistant has this policy."""
    agent = Agent.objects.create(name="Support", recording=policy)
    sid, now = livekit.store.rooms[room].sid, timezone.now()
    Call.objects.create(
        state="answered",
        started_at=now,
        answered_at=now,
        room_name=room,
        room_sid=sid,
        agent=agent,
    )
    return agent


def says(livekit: Simulated, room: str, kind: str) -> None:
    """The job of the call in this room says so."""
    fact = SessionEvent(event_id=f"AJ_1:{kind}", kind=kind, at=timezone.now())
    fact.room_sid, fact.room_name = livekit.store.rooms[room].sid, room
    fact.save()
    intake.take_agent_facts()


@pytest.mark.parametrize(
    ("policy", "track", "why"),
    [(Policy.NEVER, "", orders.NEVER), (Policy.AGREED, "TR_1", orders.NOT_AGREED)],
)
def test_neither_picture_nor_voice_of_who_may_not_be_recorded_is_recorded(
    policy: Policy, track: str, why: str, livekit: Simulated, room: str, client: Client
) -> None:
    talk(livekit, room, policy)
    assert escape(why) in ask(client, livekit, room, track)
    assert not Recording.objects.exists() and not livekit.switchboard.recorders.jobs


def test_a_yes_that_is_taken_back_ends_what_livekit_records(
    livekit: Simulated, room: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(livekit, room, Policy.AGREED)
    says(livekit, room, "recording_agreed")
    ask(client, livekit, room)
    assert settle("recording").wanted == "on"
    woken: list[str] = []
    monkeypatch.setattr(intake, "wake", woken.append)
    says(livekit, room, "recording_refused")
    assert looking.TASK in woken
    assert settle("ready").wanted == "off"


@pytest.mark.prove
def test_one_voice_is_recorded_alone_and_stopped_by_hand(
    livekit: Simulated, room: str, client: Client, storage: Storage
) -> None:
    ask(client, livekit, room, "TR_1")
    row = settle("recording")
    client.post(f"/rooms/recordings/{row.pk}/stop/")
    row = settle("ready")
    assert (row.kind, row.wanted, names(storage)) == ("track", "off", [row.file])
    heard = client.get(f"/recordings/{row.pk}/sound", follow=True)
    assert heard["Content-Type"] == "audio/ogg"


@pytest.mark.parametrize(
    ("fault", "state", "told"),
    [
        pytest.param(Fault.CPU, "failed", "no processor", marks=pytest.mark.prove),
        pytest.param(Fault.NO_START, "failed", "Nothing was heard", marks=pytest.mark.prove),
        pytest.param(Fault.KILLED, "failed", "broke down", marks=pytest.mark.prove),
        (Fault.UPLOAD, "failed", "could not bring the file"),
        pytest.param(Fault.EMPTY, "missing", "heard or seen", marks=pytest.mark.prove),
        pytest.param(Fault.BACKUP, "failed", "backup/veyra/egress/", marks=pytest.mark.prove),
        pytest.param(Fault.TWICE, "ready", "", marks=pytest.mark.prove),
        (Fault.STUCK, "missing", "it was killed"),
    ],
)
def test_each_fault_ends_in_a_true_state_with_its_sentence(
    fault: Fault,
    state: str,
    told: str,
    livekit: Simulated,
    room: str,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    livekit.switchboard.recorders.faults.append(fault)
    ask(client, livekit, room)
    if fault not in (Fault.CPU, Fault.NO_START, Fault.KILLED):
        settle("recording")
    if fault is Fault.STUCK:
        monkeypatch.setattr(streaming, "SILENT_AFTER", timedelta())
    close(livekit, room)
    row = settle(state)
    assert told in str(row.sentence) and bool(row.file) is (state == "ready")
    assert row.ended_at and row.state not in Recording.OPEN


def test_one_that_was_told_to_end_and_never_does_ends_though_its_room_goes_on(
    livekit: Simulated, room: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    livekit.switchboard.recorders.faults.append(Fault.STUCK)
    ask(client, livekit, room)
    row = settle("recording")
    client.post(f"/rooms/recordings/{row.pk}/stop/")
    looking.look()
    assert Recording.objects.get().state == "recording"
    monkeypatch.setattr(egress, "STUCK", timedelta())
    row = settle("missing")
    assert row.reason["msgid"] == egress.KILLED and row.ended_at


def test_one_that_brings_its_file_for_long_after_its_room_is_waited_for(
    livekit: Simulated, room: str, client: Client
) -> None:
    ask(client, livekit, room)
    row = settle("recording")
    with livekit.client() as asked:
        (info,) = asked.list_egress(room=room)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Recording.objects.update(created_at=an_hour_ago)
    brings = replace(info, status="ending", updated_at=an_hour_ago)
    row.refresh_from_db()
    assert egress._why_dead(brings, row, room_is_there=False) == ""
    assert egress._why_dead(replace(brings, status="active"), row, room_is_there=False)


def test_what_livekit_has_forgotten_is_looked_for_in_the_storage(
    livekit: Simulated, room: str, client: Client, storage: Storage
) -> None:
    ask(client, livekit, room)
    row = settle("recording")
    livekit.switchboard.recorders.jobs.clear()
    store_of(storage).write(egress.source_of(row), [b"film"])
    Recording.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert settle("ready").size == 4


def test_what_was_given_up_without_an_end_is_not_left_lying_in_the_storage(
    storage: Storage,
) -> None:
    row = Recording.objects.create(kind="video", state="deleted", storage=storage)
    store_of(storage).write(egress.source_of(row), [b"film"])
    egress.tidy()
    assert names(storage) == [egress.source_of(row)]
    Recording.objects.update(created_at=timezone.now() - timedelta(days=2))
    egress.tidy()
    assert names(storage) == []


@pytest.mark.prove
def test_a_file_that_is_not_in_the_storage_is_missing(
    livekit: Simulated, room: str, client: Client, storage: Storage
) -> None:
    ask(client, livekit, room)
    row = settle("recording")
    close(livekit, room)
    looking.look()
    store_of(storage).delete(egress.source_of(row))
    egress.fetch()
    missing = Recording.objects.get()
    assert (missing.state, missing.reason["msgid"]) == ("missing", egress.NOT_THERE)


@pytest.mark.prove
def test_who_is_killed_after_the_move_finds_it_done(
    livekit: Simulated,
    room: str,
    client: Client,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Storage.objects.update(is_encrypted=True)
    ask(client, livekit, room)
    settle("recording")
    close(livekit, room)
    looking.look()
    save = egress._save
    with monkeypatch.context() as dies:
        dies.setattr(egress, "_save", lambda row, **v: None if "file" in v else save(row, **v))
        egress.fetch()
    assert Recording.objects.get().state == "saving" and len(names(storage)) == 1
    row = settle("ready")
    assert b"ftyp" in b"".join(open_recording(row).read(0, 64)) and row.sha256


@pytest.mark.prove
def test_what_came_after_all_is_not_left_lying_in_the_storage(
    livekit: Simulated, room: str, client: Client, storage: Storage
) -> None:
    ask(client, livekit, room)
    row = settle("recording")
    close(livekit, room)
    looking.look()
    theirs = ["egress/5f0c1d1e-0000-4000-8000-000000000000.mp4", "egress/of-somebody.mp4"]
    for name in theirs:
        store_of(storage).write(name, [b"film"])
    egress.tidy()
    assert egress.source_of(row) in names(storage)
    Recording.objects.update(state="missing", ended_at=timezone.now())
    egress.tidy()
    assert egress.source_of(row) in names(storage)
    Recording.objects.update(ended_at=timezone.now() - timedelta(days=1))
    egress.tidy()
    assert names(storage) == theirs


@pytest.mark.prove
def test_a_storage_that_is_away_is_waited_for(
    livekit: Simulated, room: str, client: Client, storage: Storage
) -> None:
    ask(client, livekit, room)
    settle("recording")
    close(livekit, room)
    looking.look()
    address = storage.endpoint
    Storage.objects.update(endpoint="http://127.0.0.1:9")
    egress.fetch()
    assert Recording.objects.get().state == "saving" and Recording.objects.get().sentence.msgid
    Storage.objects.update(endpoint=address)
    assert settle("ready").reason == {}


@pytest.mark.prove
def test_an_answer_that_was_lost_doubles_nothing(
    livekit: Simulated, room: str, client: Client
) -> None:
    ask(client, livekit, room)
    row = settle("recording")
    Recording.objects.update(egress_id="", state="expected")
    assert settle("recording").egress_id == row.egress_id
    assert len(livekit.switchboard.recorders.jobs) == 1
    livekit.switchboard.recorders.jobs.clear()
    Recording.objects.update(egress_id="", state="expected")
    Recording.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert settle("failed").reason["msgid"] == egress.NOT_BEGUN


def test_two_whose_answers_were_lost_are_not_taken_for_each_other(
    livekit: Simulated, room: str, client: Client
) -> None:
    ask(client, livekit, room)
    ask(client, livekit, room, "TR_1")
    Recording.objects.update(egress_id="", state="expected")
    looking.look()
    jobs = livekit.switchboard.recorders.jobs
    found = {row.kind: jobs[row.egress_id].has_picture for row in Recording.objects.all()}
    assert found == {"video": True, "track": False}


@pytest.mark.prove
def test_a_newer_room_is_not_recorded_in_its_place(
    livekit: Simulated, room: str, client: Client
) -> None:
    given = {"room": room, "sid": "RM_before", "track": ""}
    html = client.post("/rooms/record/", given, follow=True).content.decode()
    assert "This room is over." in html and not Recording.objects.exists()


def test_without_a_bucket_or_an_egress_the_buttons_are_grey_and_say_why(
    livekit: Simulated, room: str, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = person(*ALL)
    html = ask(client, livekit, room)
    assert "login of its own" in html and "Record this alone" not in html
    monkeypatch.setattr(services, "runs", lambda service: False)
    assert "--profile streams" in ask(client, livekit, room)
    assert not Recording.objects.exists()


def test_who_may_not_record_records_nothing(
    livekit: Simulated, room: str, person: Person, storage: Storage
) -> None:
    client = person("view_roomaction", "view_recording")
    assert "Recorded by LiveKit" not in client.get(f"/rooms/one/?name={room}").content.decode()
    given = {"room": room, "sid": livekit.store.rooms[room].sid}
    assert client.post("/rooms/record/", given).status_code == 403
    assert not Recording.objects.exists()


@pytest.mark.prove
def test_a_livekit_that_is_away_leaves_it_to_the_next_look(
    livekit: Simulated, room: str, client: Client, settings: LazySettings
) -> None:
    with livekit.client() as asked:
        (there,) = asked.list_rooms([room])
    settings.LIVEKIT_URL = "http://127.0.0.1:9"
    row = egress.begin(Recording.Kind.VIDEO, there, "", User.objects.get())
    assert row.state == "expected" and "does not answer" in str(row.sentence)
