"""Pages with ten numbers and with ten thousand: the same queries, about the same time.

Of the times of a page the shortest counts: what else the machine does in between is not the page's.
"""

from tests.bench.figures import Figure
from tests.bench.ground import Ground

FEW, MANY = 10, 10_000
RULES = 10
ROUNDS = 25
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
result = PhoneNumber.objects.count()
"""
LOOK = """
import time
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext
from veyra.models import User
client = Client(SERVER_NAME="localhost")
client.force_login(User.objects.get(username="bench"))
result = {{}}
for page, url in {pages!r}.items():
    assert client.get(url).status_code == 200
    times = []
    for _ in range({rounds}):
        before = time.perf_counter()
        client.get(url)
        times.append(time.perf_counter() - before)
    with CaptureQueriesContext(connection) as found:
        client.get(url)
    result[page] = [min(times) * 1000, len(found)]
"""


def measure(arena: Ground) -> list[Figure]:
    system = arena.system
    system.manage("collectstatic", "--noinput", "--verbosity", "0")
    system.ask(SETUP.format(few=FEW))
    found = []
    for count in (FEW, MANY):
        system.ask(FILL.format(count=count, rules=RULES))
        found.append(system.ask(LOOK.format(pages=PAGES, rounds=ROUNDS)))
    few, many = found
    figures = []
    for page in PAGES:
        figures += [
            Figure(
                f"{page}: time, {MANY:,} numbers against {FEW}",
                "ms",
                many[page][0],
                few[page][0],
                "<=",
                1.5,
            ),
            Figure(f"{page}: queries", "", many[page][1], few[page][1], "<=", 1),
        ]
    return figures
