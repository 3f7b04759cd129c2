"""What Prometheus reads."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from monitoring import machines
from monitoring.health.models import HealthCheck
from monitoring.incidents.models import Incident
from monitoring.metrics import collector, counting
from tests.monitoring.conftest import MakeCall, agent, make_call, number

__all__ = ["agent", "make_call", "number"]
pytestmark = pytest.mark.django_db
QUERIES = 13


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    machines._figures.cache_clear()
    yield
    machines._figures.cache_clear()


def scrape(client: Client) -> dict[str, float]:
    """Each sample as a query writes it: name{label="value"}."""
    machines._figures.cache_clear()
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


def test_calls_are_told_as_they_are_and_as_they_ended(client: Client, make_call: MakeCall) -> None:
    make_call()
    over = timezone.now() - timedelta(minutes=2)
    make_call(state="ended", outcome="abandoned", ended_at=over)
    before = scrape(client)
    assert before["veyra_calls_now{state=ringing}"] == 1
    assert before["veyra_calls_uncounted"] == 1
    counting.count(timezone.now())
    after = scrape(client)
    assert after["veyra_calls_total{direction=inbound}{outcome=abandoned}"] == 1
    assert after["veyra_calls_uncounted"] == 0


def test_incidents_are_told_also_where_there_are_none(client: Client) -> None:
    assert scrape(client)["veyra_incidents{severity=P1}{state=open}"] == 0
    now = timezone.now()
    Incident.objects.create(rule="x", cause="x", severity=1, opened_at=now, seen_at=now)
    Incident.objects.create(
        rule="y", cause="y", severity=2, state="acknowledged", opened_at=now, seen_at=now
    )
    found = scrape(client)
    assert found["veyra_incidents{severity=P1}{state=open}"] == 1
    assert found["veyra_incidents{severity=P2}{state=acknowledged}"] == 1


def test_a_check_is_well_soon_to_be_looked_at_or_not_well(client: Client) -> None:
    now = timezone.now()
    for name, status in (("disk", "warning"), ("livekit", "failed"), ("memory", "ok")):
        HealthCheck.objects.create(
            name=name, status=status, since=now, checked_at=now, sentence={"msgid": "x"}, value=7
        )
    HealthCheck.objects.create(name="egress", status="off", since=now, checked_at=now)
    found = scrape(client)
    assert [found[f"veyra_check{{name={name}}}"] for name in ("disk", "livekit", "memory")] == [
        *(0.5, 0, 1)
    ]
    assert "veyra_check{name=egress}" not in found
    assert found["veyra_check_value{name=disk}"] == 7


def test_more_calls_need_no_more_queries(
    make_call: MakeCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(QUERIES):
        collector.text()
    for _ in range(3):
        make_call(state="ended", outcome="answered", ended_at=timezone.now())
    with django_assert_num_queries(QUERIES):
        collector.text()


def test_no_figure_names_a_caller(client: Client, make_call: MakeCall) -> None:
    make_call(from_number="+79161230001")
    assert b"7916123" not in client.get("/metrics").content


def test_without_its_database_the_door_says_so(client: Client) -> None:
    def away(*question: object) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(away):
        assert client.get("/metrics").status_code == 503
