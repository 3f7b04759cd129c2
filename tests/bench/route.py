"""The route test among ten thousand numbers in five hundred rules, against its bound.

It runs inside a process of ours, on PostgreSQL; each question is about another number.
"""

import statistics
import time
from random import Random

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.sockets import in_database

NUMBERS, RULES, CONNECTIONS = 10_000, 500, 50
WARM_UP, ASKED = 20, 400
BOUND_MS = 50.0
INSIDE = "from tests.bench.route import inside\nprint(inside())"


def measure(arena: Ground) -> list[Figure]:
    return [
        Figure(
            name=f"route test, p95 of {ASKED} ({NUMBERS} numbers, {RULES} rules); the bound",
            unit="ms",
            ours=float(in_database(arena, INSIDE)),
            bare=BOUND_MS,
            bound="<=",
            target=1.0,
        )
    ]


def inside() -> float:
    """Milliseconds, the 95th percentile. Called in a process that has the arena's database."""
    from telephony.routetest import ask
    from telephony.routing.route import Question

    make_line(RULES)
    dice, took = Random(1), []
    for _ in range(WARM_UP + ASKED):
        called = f"8495{dice.randrange(NUMBERS):07}"
        begun = time.perf_counter()
        report = ask(Question(called=called, caller="89161230001", source_ip="203.0.113.9"))
        took.append((time.perf_counter() - begun) * 1000)
        assert report.answers
    return statistics.quantiles(took[WARM_UP:], n=20)[-1]


def make_line(count: int) -> None:
    """NUMBERS in `count` rules, each of which names its own; every tenth is for one caller."""
    from agentworker.models import Agent, AgentVersion
    from telephony.models import DispatchRule, PhoneNumber, Trunk

    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Здравствуйте!")
    trunks = Trunk.objects.bulk_create(
        Trunk(name=f"Provider {n}", addresses="203.0.113.0/24") for n in range(CONNECTIONS)
    )
    numbers = PhoneNumber.objects.bulk_create(
        PhoneNumber(number=f"+7495{n:07}", trunk=trunks[n % CONNECTIONS]) for n in range(NUMBERS)
    )
    rules = DispatchRule.objects.bulk_create(
        DispatchRule(
            name=f"Rule {n}", agent=agent, callers="" if n % 10 else "+79161230001", room="call-"
        )
        for n in range(count)
    )
    names = DispatchRule.numbers.through
    names.objects.bulk_create(
        names(dispatchrule=rules[n % count], phonenumber=number) for n, number in enumerate(numbers)
    )
