"""Pages over little and over much: the same queries, about the same time.

Both lie in databases of one server, and each page is opened on one and on the other in turn: what
else the machine does meanwhile slows both, and the best time of each counts. Nothing that a page
keeps for some seconds spares it the reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.live.system import System

TIMES = 3

SECOND = """
from django.db import connection
connection.cursor().execute("CREATE DATABASE few")
"""
# {page: [ms, queries]}. A page's address may hold a {call}, whose id at the gateway is {heard}.
LOOK = """
import time
import veyra.asgi  # with the memory of the web process
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from telephony.models import Call
from veyra.models import User
client = Client(SERVER_NAME="localhost")
client.force_login(User.objects.get(username="bench"))
call = list(Call.objects.order_by("-started_at")[:100])[-1]
leg = call.legs.first()
named = {{"call": call.pk, "heard": leg and leg.sip_call_id}}
result = {{}}
for page, url in {pages!r}.items():
    url = url.format(**named)
    assert client.get(url).status_code == 200
    times = []
    for _ in range({times}):
        cache.clear()
        before = time.perf_counter()
        client.get(url)
        times.append(time.perf_counter() - before)
    cache.clear()
    with CaptureQueriesContext(connection) as found:
        client.get(url)
    result[page] = [min(times) * 1000, len(found)]
"""


@dataclass(frozen=True)
class Course:
    """`fill(system, count)` writes so many `things` into an empty database, and the user "bench".
    `pages`: their addresses by name.
    """

    things: str
    few: int
    many: int
    pages: Mapping[str, str]
    fill: Callable[[System, int], None]
    rounds: int


def measure(arena: Ground, course: Course) -> list[Figure]:
    many = arena.system
    many.manage("collectstatic", "--noinput", "--verbosity", "0")
    many.ask(SECOND)
    few = System(many.folder)
    url = urlsplit(many.environment["DATABASE_URL"])
    few.environment = {**many.environment, "DATABASE_URL": url._replace(path="/few").geturl()}
    look = LOOK.format(pages=course.pages, times=TIMES)
    try:
        few.manage("migrate", "--verbosity", "0")
        course.fill(few, course.few)
        course.fill(many, course.many)
        rounds = [(many.ask(look), few.ask(look)) for _ in range(course.rounds)]
    finally:
        few.stop()
    return [figure for page in course.pages for figure in _figures(course, page, rounds)]


def _figures(course: Course, page: str, rounds: list[tuple[Any, Any]]) -> list[Figure]:
    """Each round: with many things, and with few. The best times count."""
    many, few = rounds[-1]
    return [
        Figure(
            name=f"{page}: time, {course.many:,} {course.things} against {course.few:,}",
            unit="ms",
            ours=min(each[page][0] for each, _ in rounds),
            bare=min(each[page][0] for _, each in rounds),
            bound="<=",
            target=1.5,
        ),
        Figure(f"{page}: queries", "", many[page][1], few[page][1], "<=", 1),
    ]
