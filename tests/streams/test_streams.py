"""Rooms that are sent on: begun, given more addresses, stopped, and told of truly."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from livekit import api

from agentworker.models import Agent
from agentworker.recording import RecordingPolicy as Policy
from recordings import looking, streaming
from recordings.models import Stream, StreamTarget
from telephony.models import Call, CallEvent
from tests import webhooks
from tests.simulator.conftest import KEY, SECRET, Simulated
from tests.streams.conftest import Person
from veyra.livekit import services
from veyra.livekit.media import Egress, Target, masked
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.recorders import Fault
from veyra.livekit.simulator.speaker import signed

pytestmark = pytest.mark.django_db
ALL = ("view_stream", "add_stream", "change_stream")
SERVER, KEY_OF_STREAM = "rtmps://live.example.org/app", "abcd-efgh-ijkl"
OTHER = "rtmp://other.example.org/app"


@pytest.fixture
def client(person: Person) -> Client:
    return person(*ALL)


def ask(client: Client, room: str, **fields: Any) -> Any:
    asked = {"room": room, "server": SERVER, "key": KEY_OF_STREAM, **fields}
    return client.post("/streams/", asked, follow=True)


def page(client: Client) -> str:
    return str(client.get("/streams/").content.decode())


def settle(state: str) -> Stream:
    """Look until it stands so."""
    ends = time.monotonic() + 5
    while True:
        looking.look()
        row = Stream.objects.get()
        if row.state == state:
            return row
        assert time.monotonic() < ends, (row.state, row.reason)
        time.sleep(0.01)


def live(client: Client, room: str) -> Stream:
    assert ask(client, room).status_code == 200
    return settle("live")


def jobs(livekit: Simulated) -> list[Any]:
    return list(livekit.switchboard.recorders.jobs.values())


def test_a_room_goes_out_and_its_key_is_shown_to_nobody(
    livekit: Simulated, room: str, client: Client
) -> None:
    row = live(client, room)
    (job,) = jobs(livekit)
    assert job.addresses == [f"{SERVER}/{KEY_OF_STREAM}"] and not job.has_picture
    html = page(client)
    assert masked(f"{SERVER}/{KEY_OF_STREAM}") in html and KEY_OF_STREAM not in html
    stored = StreamTarget.objects.values_list("address", flat=True).get()
    assert KEY_OF_STREAM not in repr(stored)
    told = CallEvent.objects.get(kind="staff_stream")
    assert (told.room_sid, told.payload) == (row.room_sid, {"who": "anna"})
    logged = LogEntry.objects.values_list("change_message", flat=True)
    assert len(logged) == 1 and KEY_OF_STREAM not in str(list(logged))


def a_call(livekit: Simulated, room: str, policy: Policy) -> None:
    """That goes on in this room, on a line with this policy."""
    sid, now = livekit.store.rooms[room].sid, timezone.now()
    agent = Agent.objects.create(name="Support", recording=policy)
    times = {"started_at": now, "answered_at": now}
    Call.objects.create(state="answered", room_name=room, room_sid=sid, agent=agent, **times)


@pytest.mark.parametrize("policy", [Policy.NEVER, Policy.AGREED])
def test_who_may_not_be_recorded_is_not_sent_on_either(
    policy: Policy, livekit: Simulated, room: str, client: Client
) -> None:
    a_call(livekit, room, policy)
    answer = ask(client, room)
    assert "is not sent on" in answer.content.decode() and answer.status_code == 400
    assert not Stream.objects.exists()


def test_a_stream_ends_when_somebody_comes_who_may_not_be_recorded(
    livekit: Simulated, room: str, client: Client
) -> None:
    live(client, room)
    a_call(livekit, room, Policy.NEVER)
    row = settle("over")
    assert row.reason["msgid"] == streaming.NOT_FOR_OTHERS
    assert jobs(livekit)[0].info.details == "End reason: StopEgress API"


def test_addresses_come_and_go_while_it_runs(livekit: Simulated, room: str, client: Client) -> None:
    row = live(client, room)
    client.post(f"/streams/{row.pk}/add/", {"server": OTHER, "key": "second-key"})
    looking.look()
    (job,) = jobs(livekit)
    assert job.addresses == [f"{SERVER}/{KEY_OF_STREAM}", f"{OTHER}/second-key"]
    first = row.targets.earliest("pk")
    client.post(f"/streams/{row.pk}/{first.pk}/remove/")
    looking.look()
    looking.look()
    assert job.addresses == [f"{OTHER}/second-key"]
    assert [target.state for target in row.targets.all()] == ["over", "live"]
    # The same address may come again.
    client.post(f"/streams/{row.pk}/add/", {"server": SERVER, "key": KEY_OF_STREAM})
    looking.look()
    assert job.addresses == [f"{OTHER}/second-key", f"{SERVER}/{KEY_OF_STREAM}"]
    assert [target.state for target in row.targets.all()] == ["over", "live", "live"]
    for target in row.targets.filter(is_wanted=True):
        client.post(f"/streams/{row.pk}/{target.pk}/remove/")
    assert settle("over").reason == {"msgid": "", "values": {}}


def test_it_is_stopped_by_hand_and_by_the_end_of_its_room(
    livekit: Simulated, room: str, client: Client
) -> None:
    row = live(client, room)
    client.post(f"/streams/{row.pk}/stop/")
    stopped = settle("over")
    assert stopped.ended_at and jobs(livekit)[0].info.details == "End reason: StopEgress API"
    assert [target.state for target in stopped.targets.all()] == ["over"]
    assert CallEvent.objects.filter(kind="staff_stream_end").count() == 1
    Stream.objects.all().delete()
    live(client, room)
    livekit.do(livekit.switchboard.delete_room(room))
    assert '<div data-standing="over">' in page(client)
    settle("over")
    assert streaming.ROOM_OVER in page(client).partition('<div data-standing="over">')[2]


@pytest.mark.prove
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.NO_START, "Nothing was heard or seen within"),
        (Fault.KILLED, "broke down in the middle"),
        (Fault.TARGET, "The other side does not answer"),
    ],
)
def test_each_fault_is_told_in_a_sentence(
    fault: Fault, told: str, livekit: Simulated, room: str, client: Client
) -> None:
    livekit.switchboard.recorders.faults.append(fault)
    ask(client, room)
    settle("failed")
    assert told in page(client)


@pytest.mark.prove
def test_one_address_that_fails_does_not_stop_the_others(
    livekit: Simulated, room: str, client: Client
) -> None:
    row = live(client, room)
    jobs(livekit)[0].fault = Fault.TARGET
    client.post(f"/streams/{row.pk}/add/", {"server": OTHER, "key": "second-key"})
    looking.look()
    assert [target.state for target in row.targets.all()] == ["live", "failed"]
    assert settle("live") and "does not answer" in page(client)


@pytest.mark.prove
def test_without_a_recorder_that_has_time_it_is_tried_again_and_then_given_up(
    livekit: Simulated, room: str, client: Client
) -> None:
    recorders = livekit.switchboard.recorders
    recorders.faults += [Fault.CPU, Fault.CPU]
    ask(client, room)
    looking.look()
    assert Stream.objects.get().state == "waiting" and "no processor" in page(client)
    Stream.objects.update(created_at=timezone.now() - streaming.PATIENCE)
    looking.look()
    assert Stream.objects.get().state == "failed" and "no processor" in page(client)
    looking.look()
    assert jobs(livekit) == []


def test_one_whose_program_was_killed_does_not_run_for_ever(
    livekit: Simulated, room: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    livekit.switchboard.recorders.faults.append(Fault.STUCK)
    live(client, room)
    livekit.do(livekit.switchboard.delete_room(room))
    looking.look()
    assert Stream.objects.get().state == "live"
    monkeypatch.setattr(streaming, "SILENT_AFTER", timedelta())
    assert settle("failed").reason["msgid"] == streaming.KILLED


def test_what_died_after_livekits_answer_goes_on_and_is_not_doubled(
    livekit: Simulated, room: str, client: Client
) -> None:
    row = live(client, room)
    Stream.objects.update(egress_id="", state="waiting")
    settle("live")
    assert len(jobs(livekit)) == 1 and Stream.objects.get().egress_id == row.egress_id


@pytest.mark.prove
def test_a_newer_room_of_the_same_name_is_not_sent_on(
    livekit: Simulated, room: str, client: Client
) -> None:
    ask(client, room)
    livekit.do(livekit.switchboard.delete_room(room))
    livekit.store.open_room(room)
    assert settle("over").reason["msgid"] == streaming.ROOM_OVER
    assert jobs(livekit) == []


@pytest.mark.prove
def test_one_that_livekit_forgot_is_over(livekit: Simulated, room: str, client: Client) -> None:
    live(client, room)
    livekit.switchboard.recorders.jobs.clear()
    assert settle("failed").reason["msgid"] == streaming.FORGOTTEN


def test_a_webhook_makes_it_be_looked_at(
    livekit: Simulated, room: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("telephony.intake.wake", asked.append)
    live(client, room)
    said = [one for one in livekit.said if isinstance(one, api.WebhookEvent)]
    body = sequence.body(next(one for one in said if one.event == "egress_updated"))
    assert webhooks.post(body.encode(), signed(body, KEY, SECRET)) == 200
    assert looking.TASK in asked
    kept = CallEvent.objects.get(kind="egress_updated")
    assert kept.room_sid and "streamOutputs" not in str(kept.payload)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"server": "https://example.org/live"}, "Write an address such as"),
        ({"server": "rtmp://example.org/app", "key": ""}, "Write an address such as"),
        ({"key": "two words"}, "Write an address such as"),
        ({"server": "rtmps://anna:secret@live.example.org/app"}, "A login in the address"),
        ({"room": "another"}, "No room of this name is open."),
        ({"server": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_sent_is_said(
    fields: dict[str, str], told: str, room: str, client: Client
) -> None:
    answer = ask(client, **{"room": room, **fields})
    assert answer.status_code == 400 and told in answer.content.decode()
    assert not Stream.objects.exists()


@pytest.mark.prove
def test_an_address_is_not_taken_twice_nor_for_a_stream_that_is_over(
    room: str, client: Client
) -> None:
    row = live(client, room)
    given = {"server": SERVER, "key": KEY_OF_STREAM}
    answer = client.post(f"/streams/{row.pk}/add/", given, follow=True)
    assert "It goes there already." in answer.content.decode()
    client.post(f"/streams/{row.pk}/stop/")
    settle("over")
    given["key"] = "another-key"
    answer = client.post(f"/streams/{row.pk}/add/", given, follow=True)
    assert "This stream is over." in answer.content.decode()
    assert row.targets.count() == 1


def test_where_no_egress_runs_the_page_is_grey_and_says_the_way(
    room: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "runs", lambda service: False)
    html = page(client)
    assert "--profile streams" in html and " disabled>" in html
    ask(client, room)
    assert not Stream.objects.exists()


@pytest.mark.prove
def test_a_livekit_that_is_away_stops_nothing(
    livekit: Simulated, room: str, client: Client, settings: LazySettings
) -> None:
    live(client, room)
    settings.LIVEKIT_URL = "http://127.0.0.1:9"
    looking.look()
    assert Stream.objects.get().state == "live"


@pytest.mark.parametrize("door", ["add", "stop", "remove"])
def test_each_hand_needs_the_right(door: str, room: str, client: Client, person: Person) -> None:
    row = live(client, room)
    target = row.targets.get()
    path = f"{target.pk}/remove" if door == "remove" else door
    other = person("view_stream", "add_stream", name="boris")
    assert other.post(f"/streams/{row.pk}/{path}/", {"server": OTHER}).status_code == 403
    looking.look()
    assert Stream.objects.get().state == "live" and row.targets.get().is_wanted


@pytest.mark.prove
def test_many_streams_are_shown_with_a_fixed_number_of_queries(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        state = "live" if number % 2 else "over"
        stream = Stream.objects.create(room_name=f"room-{number}", room_sid="RM", state=state)
        streaming._target(stream, f"{SERVER}/{KEY_OF_STREAM}")
    with django_assert_max_num_queries(15):
        assert "room-29" in page(client)


MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@given(
    st.sampled_from(["starting", "active", "ending", "complete", "failed"]),
    st.booleans(),
    st.integers(0, 120),
)
def test_only_who_is_silent_without_a_room_was_killed(
    status: Any, room_is_there: bool, seconds: int
) -> None:
    info = Egress(id="E", room_sid="R", room_name="r", status=status, updated_at=MOMENT)
    killed = streaming.was_killed(info, room_is_there, MOMENT + timedelta(seconds=seconds))
    is_over = status in ("complete", "failed")
    assert killed == (not is_over and not room_is_there and seconds > 30)


names = st.sampled_from(["rtmp://a/b/{a...}", "rtmp://a/b/{b...}", "rtmp://a/b/{c...}"])


@given(
    st.lists(st.tuples(names, st.booleans(), st.booleans()), max_size=4),
    st.lists(st.tuples(names, st.sampled_from(["active", "finished", "failed"])), max_size=4),
)
def test_changes_lead_to_what_is_wanted_and_no_further(
    rows: list[tuple[str, bool, bool]], there: list[tuple[str, Any]]
) -> None:
    targets = [StreamTarget(shown=s, is_wanted=w, is_told=t) for s, w, t in rows]
    known = [Target(address=address, status=status) for address, status in there]
    new, old = streaming.changes(targets, known)
    assert all(target.is_wanted for target in new)
    assert not {t.shown for t in old} & {t.shown for t in targets if t.is_wanted}
    assert len({t.shown for t in old}) == len(old)
    assert {t.shown for t in old} <= {t.address for t in known if t.status == "active"}
