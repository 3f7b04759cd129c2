"""Pages with ten numbers and with ten thousand: the same queries, about the same time."""

from tests.bench import pages
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.live.system import System

FEW, MANY = 10, 10_000
RULES = 10
ROUNDS = 15
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


def measure(arena: Ground) -> list[Figure]:
    return pages.measure(arena, pages.Course("numbers", FEW, MANY, PAGES, _fill, ROUNDS))


def _fill(system: System, count: int) -> None:
    system.ask(SETUP.format(few=FEW))
    system.ask(FILL.format(count=count, rules=RULES))
