"""What all checks cost, at their periods, while everything that they ask answers."""

import time

import pytest
from django.conf import LazySettings
from django.utils import timezone

from monitoring.health import every, redises, running
from monitoring.health.models import HealthCheck
from tests.health.world import Pages, answering_options, valkey
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated

__all__ = ["simulated"]
pytestmark = [pytest.mark.prove, pytest.mark.django_db]
# Milliseconds of a processor in a minute: two percent of one core.
MOST = 1_200
TIMES = 5


def test_all_checks_take_less_than_two_percent_of_a_core(
    simulated: Simulated, settings: LazySettings
) -> None:
    settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY = simulated.url, KEY
    settings.LIVEKIT_API_SECRET = SECRET
    with valkey() as url, answering_options() as port, Pages() as gateway:
        settings.REDIS_URL = settings.LIVEKIT_REDIS_URL = url
        settings.SIP_TEST_TO = f"127.0.0.1:{port}"
        settings.SIP_HEALTH_PORT = settings.SIP_METRICS_PORT = gateway.port
        running.look(timezone.now())
        rows = {row.name: row for row in HealthCheck.objects.all()}
        cost = {check.name: milliseconds(check.name, rows) for check in every.CHECKS}
        minute = sum(cost[check.name] * 60 / check.period for check in every.CHECKS)
    redises.client_of.cache_clear()
    assert minute < MOST, sorted(cost.items(), key=lambda item: -item[1])[:5]


def milliseconds(name: str, rows: dict[str, HealthCheck]) -> float:
    """Of a processor, for one look; those who answer run in this process, too, and count."""
    began = time.process_time()
    for _time in range(TIMES):
        running.ask([every.find(name)], rows, timezone.now())
    return (time.process_time() - began) * 1000 / TIMES
