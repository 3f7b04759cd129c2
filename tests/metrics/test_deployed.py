"""Rules and dashboards name only what a scrape holds, and their targets are ours."""

from typing import Any

import pytest
import yaml
from django.conf import LazySettings

from monitoring.metrics import collector
from tests.metrics.deployed import DEPLOY, alerts, dashboards, metrics, sums, used
from tests.run.test_compose import SERVICES

CONFIG, LOOPBACK = (
    {each["job_name"]: each for each in yaml.safe_load(file.read_text())["scrape_configs"]}
    for file in (DEPLOY / "prometheus/prometheus.yml", DEPLOY / "prometheus/loopback.yml")
)


def target(job: dict[str, Any]) -> str:
    found: str = job["static_configs"][0]["targets"][0]
    return found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('sum by (le) (rate(a_bucket{x="up"}[5m])) > 3', {"a_bucket"}),
        ('up{job="a"} == 0 and max_over_time(up{job="a"}[1d]) == 1', set()),
        ("a - a offset 1h > 0", {"a"}),
        ('a{state="free"} == 0 and ignoring (state) b > 0', {"a", "b"}),
        ("1 / (b_total > 0) or vector(0)", {"b_total"}),
    ],
    ids=["histogram", "up", "offset", "two", "none"],
)
def test_the_metrics_of_a_query_are_found(query: str, found: set[str]) -> None:
    assert metrics(query) == found


@pytest.mark.django_db
def test_every_figure_of_ours_that_is_asked_for_is_told() -> None:
    """Also by a line on which nothing has happened yet, but for checks that nobody has made, and
    what only the broker knows.
    """
    told = set(sums(collector.text().decode()))
    ours = {name for name in used() if name.startswith("veyra_")}
    not_yet = {f"veyra_{name}" for name in ("check", "check_value")}
    not_yet |= {f"veyra_queue_{name}" for name in ("messages", "silence_seconds")}
    assert len(ours) > 15 and ours <= told | not_yet


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert len(names) == len(set(names)) >= 15
    for alert in alerts():
        assert {"summary", "action"} <= set(alert["annotations"]), alert["alert"]
        assert alert["labels"]["severity"] in ("critical", "high", "medium", "low")


def test_the_trial_of_the_rules_knows_every_alert() -> None:
    tried = (DEPLOY / "prometheus/rules_test.yml").read_text()
    assert [a["alert"] for a in alerts() if f'alertname="{a["alert"]}"' not in tried] == []


def test_both_ways_to_run_scrape_the_same_programs() -> None:
    assert set(CONFIG) - set(LOOPBACK) == {"livekit-egress", "livekit-ingress"}
    assert set(LOOPBACK) <= set(CONFIG)
    assert all("127.0.0.1:" in target(job) for job in LOOPBACK.values())


def test_targets_are_where_the_programs_tell_their_figures(settings: LazySettings) -> None:
    ports = {
        "veyra": settings.PORT,
        "livekit": settings.LIVEKIT_PORT + 9,
        "livekit-sip": settings.SIP_PORT + 3001,
    }
    for job, port in ports.items():
        assert {target(each[job]).rpartition(":")[2] for each in (CONFIG, LOOPBACK)} == {str(port)}
    agents = SERVICES["agent"]["environment"]["AGENT_METRICS_PORT"]
    (found,) = CONFIG["agents"]["dns_sd_configs"]
    assert (found["names"], str(found["port"])) == (["agent"], agents)
    assert target(LOOPBACK["agents"]).endswith(f":{agents}")


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_panels_lie_side_by_side_and_read_the_source_that_is_provisioned(name: str) -> None:
    source = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )
    uid = source["datasources"][0]["uid"]
    cells: list[tuple[int, int]] = []
    for panel in dashboards()[name]["panels"]:
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {uid}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells += [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
    assert len(cells) == len(set(cells))


def test_prometheus_and_grafana_are_reached_from_this_machine_only() -> None:
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["profiles"] == ["monitoring"]
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])
