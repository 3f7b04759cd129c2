"""The page of workers: what each carries, and the buttons that let it rest."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentworker.burden import Scales
from agentworker.models import StandIn, Worker
from monitoring.workers import Fleet, Shown, shown
from tests.people.test_roles import member
from veyra.version import version

pytestmark = pytest.mark.django_db


def worker(name: str, jobs: int = 0, ago: float = 0, **values: Any) -> Worker:
    now = timezone.now()
    wanted = {"capacity": 5, "registered": True, "host": "one", "pid": 1, "started_at": now}
    seen = now - timedelta(seconds=ago)
    taken = [{"job": f"AJ_{each}", "room": f"r{each}"} for each in range(jobs)]
    return Worker.objects.create(name=name, seen_at=seen, jobs=taken, **wanted | values)


def client_of(role: str) -> Client:
    client = Client()
    client.force_login(member(role))
    return client


def test_an_engineer_sees_what_each_worker_carries_and_lets_one_rest() -> None:
    worker("one:1", jobs=4, load=91.4, memory_taken=40.2, memory_mib=812, version="0.1.0")
    worker("two:1")
    client = client_of("Engineer")
    page = client.get("/workers/").content.decode()
    for told in ("4 of 10 places taken", "4 of 5", "91 %", "40 % taken", "812 MB", "0.1.0"):
        assert told in page, told
    step = {"step": "drain_worker", "target": "one:1", "back": "workers"}
    after = client.post("/diagnosis/step/", step, follow=True)
    assert after.redirect_chain == [("/workers/", 302)]
    assert Worker.objects.get(name="one:1").is_resting
    assert "It ends the 4 calls that it has" in after.content.decode()
    client.post("/diagnosis/step/", step | {"step": "take_calls_again"})
    assert not Worker.objects.get(name="one:1").is_resting


def test_who_only_reads_has_no_buttons_and_others_no_page() -> None:
    worker("one:1")
    assert "drain_worker" not in client_of("Auditor").get("/workers/").content.decode()
    assert client_of("Operator").get("/workers/").status_code == 403


def test_the_page_asks_as_much_for_many_workers_as_for_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    call_command("makeroles")
    client = client_of("Engineer")
    client.get("/workers/?part=1")
    for name in ("one", "two", "three"):
        worker(name)
        with django_assert_num_queries(7):
            client.get("/workers/?part=1")


def test_a_line_is_nearly_full_with_four_of_five_places_taken() -> None:
    now = timezone.now()
    assert Fleet([shown(worker("a", jobs=4), now)]).is_tight
    assert not Fleet([shown(worker("b", jobs=3), now)]).is_tight


def test_places_of_who_rests_or_is_gone_are_no_places() -> None:
    now = timezone.now()
    fleet = Fleet(
        [
            shown(worker("works", jobs=1), now),
            shown(worker("rests", is_resting=True), now),
            shown(worker("killed", ago=60), now),
            shown(worker("lost", registered=False), now),
        ]
    )
    assert [each.state for each in fleet.shown] == ["works", "rests", "silent", "unknown"]
    assert (fleet.places, fleet.free) == (5, 4)


def test_who_waits_in_the_queue_is_told_beside_the_places() -> None:
    worker("one:1", jobs=5)
    StandIn.hold("RM_1", "room", "ru", is_transfer=False, place=1)
    page = client_of("Engineer").get("/workers/").content.decode()
    assert "1 caller waits in the queue" in page and "soon callers wait with music" in page


def test_a_worker_tells_what_it_weighs() -> None:
    scales = Scales()
    first = scales.weigh()
    assert first.load is None and first.memory_taken and (first.memory_mib or 0) > 10
    assert scales.weigh() is first  # not more often than needed
    scales._at -= 11
    assert scales.weigh().load is not None


def test_its_version_is_that_of_the_project() -> None:
    assert version().count(".") == 2
    assert Shown(Worker(capacity=1, jobs=[]), "silent").lives is False
