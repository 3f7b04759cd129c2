"""Pages with ten numbers and with ten thousand: the same queries, about the same time.

Both lines lie in databases of one server, and each page is opened on one and on the other in turn:
what else the machine does meanwhile slows both, and the best time of each counts.
"""

from typing import Any
from urllib.parse import urlsplit

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.live.system import System

FEW, MANY = 10, 10_000
RULES = 10
ROUNDS, TIMES = 15, 3
LISTS = ("phonenumber", "trunk", "dispatchrule", "call")
PAGES = {"home": "/admin/", **{f"list of {name}": f"/admin/telephony/{name}/" for name in LISTS}}

SETUP = """
from agentworker.models import Agent, AgentVersion
from django.utils import timezone
from datetime import timedelta
from telephony.models import Call, Trunk
from veyra.models import User
User.objects.create_superuser("bench", "", "secret", language="ru", set_up_at=timezone.now())
agent = Agent.objects.create(name="Bench")
AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Hello")
trunk = Trunk.objects.create(name="Bench", addresses="37.139.38.0/24")
for second in range({few}):
    at = timezone.now() - timedelta(seconds=second)
    Call.objects.create(from_number="79161230001", trunk=trunk, state="ended", started_at=at)
"""
FILL = """
from agentworker.models import Agent
from telephony.models import DispatchRule, PhoneNumber, PublishedObject, Trunk
trunk, agent = Trunk.objects.get(), Agent.objects.get()
start = PhoneNumber.objects.count()
new = [PhoneNumber(number=f"+7499{{i:07}}", trunk=trunk) for i in range(start, {count})]
numbers = PhoneNumber.objects.bulk_create(new, batch_size=1000)
PublishedObject.objects.bulk_create(
    [
        PublishedObject(kind="number", key=f"number:{{n.key}}", source=n.key, state="live")
        for n in numbers
    ],
    batch_size=1000,
)
names = [f"Rule {{i}}" for i in range({rules})]
rules = [DispatchRule.objects.get_or_create(name=n, defaults={{"agent": agent}})[0] for n in names]
for place, rule in enumerate(rules):
    rule.numbers.add(*numbers[place :: len(rules)])
# As autovacuum does within a minute.
from django.db import connection
connection.cursor().execute("ANALYZE")
"""
SECOND = """
from django.db import connection
connection.cursor().execute("CREATE DATABASE few")
"""
LOOK = """
import time
import veyra.asgi  # with the memory of the web process
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from veyra.models import User
client = Client(SERVER_NAME="localhost")
client.force_login(User.objects.get(username="bench"))
result = {{}}
for page, url in {pages!r}.items():
    assert client.get(url).status_code == 200
    times = []
    for _ in range({times}):
        before = time.perf_counter()
        client.get(url)
        times.append(time.perf_counter() - before)
    with CaptureQueriesContext(connection) as found:
        client.get(url)
    result[page] = [min(times) * 1000, len(found)]
"""


def measure(arena: Ground) -> list[Figure]:
    many = arena.system
    many.manage("collectstatic", "--noinput", "--verbosity", "0")
    many.ask(SECOND)
    few = System(many.folder)
    url = urlsplit(many.environment["DATABASE_URL"])
    few.environment = {**many.environment, "DATABASE_URL": url._replace(path="/few").geturl()}
    few.manage("migrate", "--verbosity", "0")
    for system, count in ((few, FEW), (many, MANY)):
        system.ask(SETUP.format(few=FEW))
        system.ask(FILL.format(count=count, rules=RULES))
    look = LOOK.format(pages=PAGES, times=TIMES)
    try:
        rounds = [(many.ask(look), few.ask(look)) for _ in range(ROUNDS)]
    finally:
        few.stop()
    return [figure for page in PAGES for figure in _figures(page, rounds)]


def _figures(page: str, rounds: list[tuple[Any, Any]]) -> list[Figure]:
    """Each round: {page: [ms, queries]} with many numbers, and with few. The best times count."""
    many, few = rounds[-1]
    return [
        Figure(
            name=f"{page}: time, {MANY:,} numbers against {FEW}",
            unit="ms",
            ours=min(each[page][0] for each, _ in rounds),
            bare=min(each[page][0] for _, each in rounds),
            bound="<=",
            target=1.5,
        ),
        Figure(f"{page}: queries", "", many[page][1], few[page][1], "<=", 1),
    ]
