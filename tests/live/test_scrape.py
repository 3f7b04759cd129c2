"""Each metric that an alert or a dashboard reads is in what the real programs tell."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest

from tests.live.stack import free_port, missing, wait_until
from tests.live.system import System, running
from tests.live.test_call import LINE, SUPPORT
from tests.metrics.deployed import sums, used

pytestmark = [pytest.mark.live, pytest.mark.prove]
AGENT_PORT = free_port()
# A minute earlier than the schedule would.
COUNT = """
    from datetime import timedelta
    from django.utils import timezone
    from monitoring.metrics import counting
    result = counting.count(timezone.now() + timedelta(minutes=2))
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(AGENT_METRICS_PORT=str(AGENT_PORT)) as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def scrape(port: int) -> dict[str, float]:
    """The sum of each metric's samples, by its name."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return sums(answer.read().decode())


def test_every_metric_that_is_read_is_told(system: System) -> None:
    ports = {
        "web": system.web_port,
        "server": system.stack.server_metrics_port,
        "gateway": system.stack.metrics_port,
        "agent": AGENT_PORT,
    }
    with ThreadPoolExecutor() as pool:
        call = pool.submit(system.call, SUPPORT, "listen:8")
        wait_until(lambda: scrape(ports["web"])["veyra_places"] > 0, "no worker takes calls")
        wait_until(lambda: scrape(ports["web"]).get("veyra_calls_now", 0) == 1, "no call", 20)
        wait_until(lambda: scrape(ports["server"])["livekit_participant_total"] >= 2, "no room", 20)
        during = {name: scrape(port) for name, port in ports.items()}
        assert call.result()["answered"] is not None
    wait_until(lambda: system.ask(COUNT) == 1, "the call was not counted", 30)
    # The web gives the same answer for some seconds.
    wait_until(lambda: scrape(ports["web"])["veyra_calls_total"] == 1, "the total stayed", 10)
    after = {name: scrape(port) for name, port in ports.items()}
    told = {name for each in (during, after) for figures in each.values() for name in figures}
    assert used() - told == set()
    assert after["gateway"]["livekit_sip_invite_accepted"] == 1
    assert after["gateway"]["livekit_sip_packets_rtp"] > 100
    assert after["web"]["veyra_answer_seconds_count"] == 1
    assert after["web"]["veyra_talk_seconds_total"] > 5
