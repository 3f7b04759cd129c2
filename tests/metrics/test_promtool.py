"""Prometheus' own checker takes our files, and tries the rules on invented figures."""

import subprocess

import pytest

from tests.live.stack import ROOT
from tests.metrics.deployed import DEPLOY
from veyra.up import build

pytestmark = pytest.mark.prove
FOLDER = DEPLOY / "prometheus"


@pytest.fixture(scope="module")
def promtool() -> str:
    """Made once; that takes minutes."""
    return build.promtool(ROOT, ROOT / ".veyra", print)


@pytest.mark.parametrize("config", ["prometheus.yml", "loopback.yml"])
def test_prometheus_takes_the_configuration_and_its_rules(promtool: str, config: str) -> None:
    done = subprocess.run(
        [promtool, "check", "config", config], cwd=FOLDER, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_for_its_trouble_and_none_where_all_is_well(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", "rules_test.yml"], cwd=FOLDER, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
