"""What every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings


@pytest.fixture(autouse=True)
def _not_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything was started long ago: what shows no life is missed."""
    monkeypatch.setattr("telephony.probes.BEGAN", float("-inf"))


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, settings: LazySettings) -> Iterator[None]:
    """Files that a test makes lie in its own folder."""
    settings.MEDIA_ROOT, settings.SPOOL_DIR = tmp_path / "media", tmp_path / "spool"
    yield
