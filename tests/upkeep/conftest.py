"""A place for backups."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.upkeep.databases import SCRATCH


@pytest.fixture(autouse=True)
def backups(tmp_path: Path, settings: LazySettings) -> Path:
    settings.BACKUP_DIR, settings.STATE = tmp_path / "backups", tmp_path
    return tmp_path / "backups"


@pytest.fixture
def committed(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not committed nobody else can copy. And a database that is made in the test may be
    opened, which Django forbids.
    """
    known = BaseDatabaseWrapper.ensure_connection

    def ensure_connection(self: BaseDatabaseWrapper) -> None:
        if self.alias == SCRATCH and self.connection is None:
            self.connect()
        known(self)

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure_connection)
