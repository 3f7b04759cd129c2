"""Checks as tests run them: each by itself, and all of them against a world that is changed."""

import pytest

from monitoring.health import every
from tests.health.made import Made, made


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Three checks are all there are, and find what the test says."""
    said = Made()
    names = ("database", "broker", "livekit")
    monkeypatch.setattr(every, "CHECKS", tuple(made(name, said) for name in names))
    return said
