"""Doors for machines, without a login: is the line well, and its figures."""

import pytest
from django.test import Client

from monitoring.health.base import Status, Verdict
from tests.health.conftest import three
from tests.health.made import ABSENT, BROKEN, FINE, Made

__all__ = ["three"]
pytestmark = pytest.mark.django_db


def test_health_names_every_check_with_its_sentence(client: Client, three: Made) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "ok"
    names = [check["name"] for check in answer.json()["checks"]]
    assert names == ["database", "broker", "livekit"]
    assert set(answer.json()["checks"][0]) == {"name", "status", "sentence", "since"}


def test_livekit_away_is_ill_but_ready(client: Client, three: Made) -> None:
    three["livekit"] = BROKEN
    assert client.get("/health").status_code == 503
    assert client.get("/health/ready").status_code == 200
    assert client.get("/health/live").json() == {"status": "ok", "checks": []}


def test_without_its_broker_a_process_is_not_ready(client: Client, three: Made) -> None:
    three["broker"] = BROKEN
    assert client.get("/health/ready").status_code == 503


def test_whoever_asks_again_at_once_gets_the_last_look(client: Client, three: Made) -> None:
    client.get("/health")
    three["livekit"] = BROKEN
    assert client.get("/health").status_code == 200


def test_what_is_no_part_of_the_installation_is_off_and_not_missed(
    client: Client, three: Made
) -> None:
    three["livekit"] = ABSENT
    answer = client.get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "ok"
    assert [each["status"] for each in answer.json()["checks"]] == ["ok", "ok", "off"]


def test_what_is_starting_is_not_yet_well(client: Client, three: Made) -> None:
    three["livekit"] = Verdict(Status.STARTING, FINE.sentence)
    answer = client.get("/health")
    assert answer.status_code == 503 and answer.json()["status"] == "starting"
