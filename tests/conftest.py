"""What every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from hypothesis import settings as how

from monitoring.health.shown import shown
from monitoring.incidents import urgent

# How long an example takes says more of the machine than of us.
how.register_profile("ours", deadline=None)
how.load_profile("ours")
# Fixtures of pytest-django that open the database.
OPENS = {"db", "transactional_db", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what asks a database runs: the rest has run and tells nothing new."""
    if "postgres" not in os.environ.get("DATABASE_URL", ""):
        return
    chosen = [item for item in items if asks_the_database(item)]
    left_out = [item for item in items if not asks_the_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen


def asks_the_database(item: pytest.Item) -> bool:
    fixtures = OPENS & set(getattr(item, "fixturenames", ()))
    marked = any(item.iter_markers("django_db")) or any(item.iter_markers("postgres"))
    # A test of unittest's kind opens it by its class.
    return bool(fixtures or marked or getattr(item, "cls", None))


@pytest.fixture(autouse=True)
def _not_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything was started long ago: what shows no life is missed."""
    monkeypatch.setattr("telephony.probes.BEGAN", float("-inf"))


@pytest.fixture(autouse=True)
def _pages_look_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pages keep for some seconds is of this test, and is not read anew in the midst of it,
    however slow the machine is. Where a person looks at a page that goes on, it is.
    """
    urgent.last.forget()
    shown.forget()
    if not request.node.get_closest_marker("browser"):
        monkeypatch.setattr(urgent, "FRESH_SECONDS", 1e9)
        monkeypatch.setattr(shown, "FRESH_SECONDS", 1e9)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, settings: LazySettings) -> Iterator[None]:
    """Files that a test makes lie in its own folder."""
    settings.MEDIA_ROOT, settings.SPOOL_DIR = tmp_path / "media", tmp_path / "spool"
    yield
