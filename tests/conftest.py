"""What every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, settings: LazySettings) -> Iterator[None]:
    """Files that a test makes lie in its own folder."""
    settings.MEDIA_ROOT, settings.SPOOL_DIR = tmp_path / "media", tmp_path / "spool"
    yield
