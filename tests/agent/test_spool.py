"""What a job saw becomes rows, whatever happens to the job, the worker or the database."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agentworker.models import Agent, AgentVersion, Session, SessionEvent, Turn
from agentworker.shipping import Shipper, remove_finished
from agentworker.spool import JobFacts, Leg, Spool, now_text
from veyra.livekit.tokens import TRIAL_ROOM

pytestmark = pytest.mark.django_db

ANNA = Leg("SCL_1", "PA_1")


@pytest.fixture
def version() -> AgentVersion:
    agent = Agent.objects.create(name="Поддержка")
    return AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Алло")


@pytest.fixture
def job(tmp_path: Path, version: AgentVersion) -> Callable[..., Spool]:
    def start(job_id: str = "AJ_1") -> Spool:
        spool = Spool(tmp_path, JobFacts(job_id, "call-1", "RM_1", "worker"))
        spool.session(version_id=version.pk, started_at=now_text(), sip_call_id="SCL_1")
        return spool

    return start


def test_a_conversation_is_stored_while_it_goes_on(job: Callable[..., Spool]) -> None:
    spool = job()
    shipper = Shipper(spool.path.parent)
    spool.event("started", ANNA, agent="1", version=1)
    spool.turn("agent", 1000.0, text="Алло", seconds=1.5)
    assert shipper.ship() == 3
    spool.turn("caller", 1002.0, digit="1")
    assert shipper.ship() == 1
    assert shipper.ship() == 0
    session = Session.objects.get()
    assert (session.job_id, session.sip_call_id, session.room_sid) == ("AJ_1", "SCL_1", "RM_1")
    assert [(t.speaker, t.text, t.digit) for t in session.turns.all()] == [
        ("agent", "Алло", ""),
        ("caller", "", "1"),
    ]
    event = SessionEvent.objects.get()
    assert (event.kind, event.participant_sid, event.folded_at) == ("started", "PA_1", None)
    assert event.payload == {"agent": "1", "version": 1}


def test_the_end_is_added_to_the_same_conversation(job: Callable[..., Spool]) -> None:
    spool = job()
    spool.session(ended_at=now_text(), close_reason="caller left")
    Shipper(spool.path.parent).ship()
    session = Session.objects.get()
    assert session.close_reason == "caller left"
    assert session.ended_at is not None and session.version is not None


def test_a_file_goes_when_its_job_is_over_and_not_before(job: Callable[..., Spool]) -> None:
    spool = job()
    shipper = Shipper(spool.path.parent)
    shipper.ship()
    assert spool.path.exists()
    spool.close()
    shipper.ship()
    assert not spool.path.exists()


def test_a_restarted_worker_ships_what_it_finds_and_stores_nothing_twice(
    job: Callable[..., Spool],
) -> None:
    spool = job()
    spool.turn("agent", 1000.0, text="Алло")
    spool.event("started", ANNA)
    Shipper(spool.path.parent).ship()
    spool.turn("caller", 1001.0, text="Да")
    spool.close()
    Shipper(spool.path.parent).ship()
    assert (Session.objects.count(), SessionEvent.objects.count()) == (1, 1)
    assert [turn.text for turn in Turn.objects.all()] == ["Алло", "Да"]
    assert not spool.path.exists()


def test_a_line_torn_by_a_killed_job_is_left_out(job: Callable[..., Spool]) -> None:
    spool = job()
    spool.event("started", ANNA)
    spool.close()
    with spool.path.open("a") as file:
        file.write('{"id": "AJ_1:9", "type": "ev')
    Shipper(spool.path.parent).ship()
    assert SessionEvent.objects.count() == 1
    assert not spool.path.exists()


def test_a_line_that_is_still_being_written_is_waited_for(job: Callable[..., Spool]) -> None:
    spool = job()
    shipper = Shipper(spool.path.parent)
    shipper.ship()
    line = json.dumps({"id": "AJ_1:9", "type": "event", "job_id": "AJ_1", "kind": "x"})
    line = line[:-1] + f', "at": "{now_text()}", "payload": {{}}}}\n'
    with spool.path.open("a") as file:
        file.write(line[:20])
    assert shipper.ship() == 0
    with spool.path.open("a") as file:
        file.write(line[20:])
    assert shipper.ship() == 1
    assert SessionEvent.objects.get().kind == "x"


def test_what_looks_like_a_zero_character_is_no_loss(job: Callable[..., Spool]) -> None:
    """PostgreSQL stores no such character; a person may well write the six that spell it."""
    spool = job()
    spool.turn("caller", 1000.0, text="a\0b")
    spool.turn("caller", 1001.0, text=r"\u0000")
    spool.close()
    Shipper(spool.path.parent).ship()
    assert [turn.text for turn in Turn.objects.all()] == ["ab", r"\u0000"]


def test_half_a_character_of_a_provider_does_not_lose_the_other_words(
    job: Callable[..., Spool],
) -> None:
    spool = job()
    spool.session(started_at=now_text())
    spool.turn("agent", 0.0, text="Done \ud83d.")
    Shipper(spool.path.parent).ship()
    assert Turn.objects.get().text == "Done ?."


def test_a_line_that_cannot_be_stored_does_not_hold_up_the_others(
    job: Callable[..., Spool],
) -> None:
    spool = job()
    spool.turn("agent", 1000.0, text="до")
    with spool.path.open("a") as file:
        file.write("not json\n[1]\n")
        file.write('{"id": "AJ_1:8", "type": "turn", "job_id": "nobody", "at": "x"}\n')
        huge = {"id": "AJ_1:7", "type": "turn", "job_id": "AJ_1", "at": now_text(), "text": ""}
        file.write(json.dumps({**huge, "speaker": "agent", "delay_ms": 10**30}) + "\n")
    spool.turn("agent", 1001.0, text="после")
    spool.close()
    Shipper(spool.path.parent).ship()
    assert [turn.text for turn in Turn.objects.all()] == ["до", "после"]
    assert not spool.path.exists()


def test_two_workers_may_share_a_folder(job: Callable[..., Spool]) -> None:
    spool = job()
    one, other = Shipper(spool.path.parent), Shipper(spool.path.parent)
    spool.event("started", ANNA)
    one.ship()
    spool.event("closed", ANNA, reason="caller left")
    spool.close()
    other.ship()
    one.ship()
    assert [event.kind for event in SessionEvent.objects.order_by("pk")] == ["started", "closed"]


def test_a_file_that_another_worker_removed_holds_nothing_up(tmp_path: Path) -> None:
    assert remove_finished(tmp_path / "AJ_1.jsonl", 0)


def test_a_job_that_never_spoke_leaves_its_events_only(tmp_path: Path) -> None:
    spool = Spool(tmp_path, JobFacts("AJ_2", "call-2", "RM_2"))
    spool.event("failed", Leg(), error="NoScriptError")
    spool.session(ended_at=now_text(), close_reason="failed")
    spool.close()
    Shipper(tmp_path).ship()
    assert SessionEvent.objects.get().payload == {"error": "NoScriptError"}
    assert not Session.objects.exists()


def test_a_trial_counts_in_no_figures_and_is_nobodys_call(tmp_path: Path) -> None:
    spool = Spool(tmp_path, JobFacts("AJ_2", f"{TRIAL_ROOM}1", "RM_2", "worker"))
    heard: list[dict[str, object]] = []
    spool.mirror = heard.append
    spool.session(started_at=now_text(), is_trial=True)
    spool.event("started", Leg())
    spool.turn("agent", 1000.0, text="Алло", delay_ms=300)
    Shipper(tmp_path).ship()
    assert Session.objects.get().is_trial
    assert Turn.objects.get().delay_ms is None
    assert SessionEvent.objects.exclude(folded_at=None).count() == 1
    # Who tries it sees how long he waited, though.
    assert heard[-1]["delay_ms"] == 300
