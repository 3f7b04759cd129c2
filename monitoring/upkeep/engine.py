"""Which of the two databases is in use."""

from django.db import connections

from monitoring.upkeep.databases import Engine
from monitoring.upkeep.postgres_engine import Postgres
from monitoring.upkeep.sqlite_engine import Sqlite


def engine() -> Engine:
    is_sqlite = connections["default"].vendor == "sqlite"
    return Sqlite() if is_sqlite else Postgres()
