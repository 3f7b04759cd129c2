"""A scrape of /metrics over a thousand calls and over a million, on PostgreSQL and on SQLite.

Of each call there are an answer with its delay and a unit that was folded. All calls but the last
thousand are in the totals; those, monitoring.metrics.counting counts first.
"""

from urllib.parse import urlsplit

from tests.bench.figures import Figure, promised
from tests.bench.ground import Ground
from tests.bench.pages import SECOND
from tests.live.system import System

FEW, MANY = 1_000, 1_000_000
ROUNDS, TIMES = 15, 5
UNCOUNTED = 1_000

# The first row of each table, which the others are copies of.
SETUP = """
from agentworker.models import Agent, AgentVersion, Session, Turn
from django.utils import timezone
from telephony.models import Call, FoldUnit
now = timezone.now()
agent = Agent.objects.create(name="Bench")
version = AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Hello")
Call.objects.create(
    direction="inbound", state="ended", agent=agent, reason="caller_left", started_at=now)
FoldUnit.objects.create(key="room:0")
session = Session.objects.create(job_id="AJ_0", version=version, worker="bench", started_at=now)
Turn.objects.create(session=session, turn_id="0", speaker="agent", at=now)
"""
# {table: {column: what differs in the n-th copy}}
COPIES = {
    "telephony_call": {
        "id": "{uuid}",
        "unit": "'room:RM_' || n",
        "outcome": "CASE WHEN n % 7 = 0 THEN 'abandoned' ELSE 'answered' END",
        "room_sid": "'RM_' || n",
        "started_at": "{at}",
        "answered_at": "CASE WHEN n % 7 > 0 THEN {at} END",
        "ended_at": "{at}",
        "is_counted": f"n > {UNCOUNTED}",
    },
    "telephony_foldunit": {"id": "n + 1", "key": "'room:' || n"},
    "agentworker_turn": {
        "id": "n + 1",
        "turn_id": "'' || n",
        "delay_ms": "300 + n % 900",
        "at": "{at}",
    },
}
WORDS = {
    "postgresql": {
        "uuid": "md5('call' || n)::uuid",
        "at": "now() - n * interval '1 minute'",
    },
    "sqlite": {
        "uuid": "printf('%032x', n)",
        "at": "datetime('now', '-' || n || ' minutes')",
    },
}
FILL = """
from django.apps import apps
from django.db import connection, transaction
from datetime import timedelta
from django.utils import timezone
from monitoring.metrics import counting
from telephony.models import Call
words = {words!r}[connection.vendor]
with transaction.atomic(), connection.cursor() as cursor:
    for table, differs in {copies!r}.items():
        names = [f.column for m in apps.get_models() if m._meta.db_table == table
                 for f in m._meta.local_fields]
        new = [differs.get(name, "one." + name).format(**words) for name in names]
        cursor.execute(
            f"INSERT INTO {{table}} ({{', '.join(names)}}) WITH RECURSIVE counter(n) AS "
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {count}) "
            f"SELECT {{', '.join(new)}} FROM (SELECT * FROM {{table}}) AS one, counter")
Call.objects.filter(ended_at=None).delete()
# As autovacuum does within a minute.
connection.cursor().execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
counting.count(timezone.now())
assert Call.objects.count() == {count} and Call.objects.uncounted().count() <= 2
"""
LOOK = f"""
import time
from monitoring.metrics import collector
times = []
for _ in range({TIMES}):
    before = time.perf_counter()
    collector.text()
    times.append(time.perf_counter() - before)
result = min(times) * 1000
"""


def measure(arena: Ground) -> list[Figure]:
    many = arena.system
    many.ask(SECOND)
    address = urlsplit(many.environment["DATABASE_URL"])._replace(path="/few").geturl()
    files = [f"sqlite:///{many.folder}/{name}.sqlite3" for name in ("many", "few")]
    others = [_beside(many, database) for database in (address, *files)]
    try:
        return _compare("PostgreSQL", many, others[0]) + _compare("SQLite", others[1], others[2])
    finally:
        for other in others:
            other.stop()


def _beside(system: System, database: str) -> System:
    other = System(system.folder)
    other.environment = {**system.environment, "DATABASE_URL": database}
    other.manage("migrate", "--verbosity", "0")
    return other


def _compare(name: str, many: System, few: System) -> list[Figure]:
    """Both in turn: what else the machine does slows both, and the best time of each counts."""
    for system, count in ((few, FEW), (many, MANY)):
        system.ask(SETUP)
        system.ask(FILL.format(words=WORDS, copies=COPIES, count=count))
    rounds = [(many.ask(LOOK), few.ask(LOOK)) for _ in range(ROUNDS)]
    ours, bare = (min(times) for times in zip(*rounds, strict=True))
    return [
        Figure(
            name=f"scrape, {name}: {MANY:,} calls against {FEW:,}",
            unit="ms",
            ours=ours,
            bare=bare,
            bound="<=",
            target=1.5,
        ),
        promised(f"scrape, {name}: {MANY:,} calls", "ms", ours, 100),
    ]
