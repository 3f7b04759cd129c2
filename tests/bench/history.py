"""Pages over a thousand calls and over a million: the same queries, about the same time.

Both histories lie in databases of one server, and each page is opened on one and on the other in
turn: what else the machine does meanwhile slows both, and the best time of each counts. The calls
are a minute apart; each has twenty facts and a conversation. To write the million takes five
minutes.
"""

from typing import Any
from urllib.parse import urlsplit

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.live.system import System

FEW, MANY = 1_000, 1_000_000
FACTS = 20
ROUNDS, TIMES = 7, 3
CALLS = "/admin/telephony/call/"
PAGES = {
    "home": "/admin/",
    "list of calls": CALLS,
    "calls by outcome": f"{CALLS}?outcome__exact=abandoned",
    "calls of a number": f"{CALLS}?q=8+(916)+000-00-01",
    "calls with a word": f"{CALLS}?q=%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7%D0%BE%D0%B2",
    "list of facts": "/admin/telephony/callevent/",
    "board": "/live/",
    "page of a call": "{call}",
}

SETUP = """
from agentworker.models import Agent, AgentVersion, Session, Turn
from django.utils import timezone
from telephony.models import Call, CallEvent, Leg, PhoneNumber, Trunk
from veyra.models import User
now = timezone.now()
User.objects.create_superuser("bench", "", "secret", language="ru", set_up_at=now)
agent = Agent.objects.create(name="Bench")
version = AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Hello")
trunk = Trunk.objects.create(name="Bench", addresses="37.139.38.0/24")
number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
call = Call.objects.create(
    direction="inbound", state="ended", from_number="79000000000", to_number="74991124148",
    source_ip="37.139.38.1", trunk=trunk, number=number, agent=agent, reason="caller_left",
    sip_status=200, codec="PCMA", started_at=now, version=5)
Leg.objects.create(call=call, role="caller", sip_call_id="SCL_0", identity="sip_79000000000")
payload = {"participant": {"identity": "sip_79000000000", "attributes": {"sip.callID": "SCL_0"}}}
CallEvent.objects.create(event_id="EV_0", source="webhook", payload=payload, at=now)
session = Session.objects.create(
    job_id="AJ_0", version=version, worker="bench", close_reason="caller left", started_at=now)
Turn.objects.create(session=session, turn_id="0", speaker="caller", text="Алло", at=now)
"""
# Copies of the one row of each table, `n` minutes back: {table: {column: what differs}}.
AT = "now() - n * interval '1 minute'"
END = f"{AT} + interval '50 seconds'"
COPIES = {
    "telephony_call": {
        "id": "md5('call' || n)::uuid",
        "unit": "'room:RM_' || n",
        "outcome": "CASE WHEN n % 7 = 0 THEN 'abandoned' ELSE 'answered' END",
        # One of a hundred thousand calls is this caller's.
        "from_number": "'7' || CASE WHEN n % 100000 = 7 THEN 9160000001 ELSE 9000000000 + n END",
        "room_name": "'support-room-' || n",
        "room_sid": "'RM_' || n",
        "started_at": AT,
        "answered_at": f"CASE WHEN n % 7 > 0 THEN {AT} END",
        "ended_at": END,
    },
    "telephony_leg": {
        "id": "n + 1",
        "call_id": "md5('call' || n)::uuid",
        "sip_call_id": "'SCL_' || n",
        "participant_sid": "'PA_' || n",
        "room_sid": "'RM_' || n",
        "joined_at": AT,
        "left_at": END,
    },
    "agentworker_session": {
        "id": "n + 1",
        "job_id": "'AJ_' || n",
        "sip_call_id": "'SCL_' || n",
        "participant_sid": "'PA_' || n",
        "room_sid": "'RM_' || n",
        "room_name": "'support-room-' || n",
        "started_at": AT,
        "ended_at": END,
    },
    "agentworker_turn": {
        "id": "n + 1",
        "session_id": "n + 1",
        "turn_id": "n",
        # And in one of a hundred thousand somebody speaks of an order.
        "stems": "CASE WHEN n % 100000 = 7 THEN ' мо заказ ' ELSE ' алл ' END",
        "at": AT,
    },
    "telephony_callevent": {
        "id": f"n * {FACTS} + fact",
        "event_id": "'EV_' || n || '_' || fact",
        "kind": "(ARRAY['participant_joined', 'dtmf', 'participant_left'])[1 + fact % 3]",
        "at": f"{AT} + fact * interval '2 seconds'",
        "received_at": f"{AT} + fact * interval '2 seconds'",
        "sip_call_id": "CASE WHEN fact % 2 = 0 THEN 'SCL_' || n ELSE '' END",
        "participant_sid": "CASE WHEN fact % 2 = 0 THEN 'PA_' || n ELSE '' END",
        "room_sid": "'RM_' || n",
        "room_name": "'support-room-' || n",
    },
}
# Rows first and indexes afterwards, as a database is restored; then what autovacuum does.
FILL = """
from django.apps import apps
from django.db import connection
cursor = connection.cursor()
for table, differs in {copies!r}.items():
    names = [f.column for m in apps.get_models() if m._meta.db_table == table
             for f in m._meta.local_fields]
    cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND "
        "indexname NOT IN (SELECT conname FROM pg_constraint)", [table])
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{{name}}"')
    many = ", generate_series(1, {facts}) AS fact" if table == "telephony_callevent" else ""
    cursor.execute(
        f"INSERT INTO {{table}} ({{', '.join(names)}}) "
        f"SELECT {{', '.join(differs.get(name, 'one.' + name) for name in names)}} "
        f"FROM (SELECT * FROM {{table}}) AS one, generate_series(1, {calls}) AS n{{many}}")
    for _, definition in indexes:
        cursor.execute(definition)
cursor.execute("VACUUM ANALYZE")
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
from telephony.models import Call
from veyra.models import User
client = Client(SERVER_NAME="localhost")
client.force_login(User.objects.get(username="bench"))
call = Call.objects.order_by("-started_at")[100]
result = {{}}
for page, url in {pages!r}.items():
    url = url.format(call=f"/calls/{{call.pk}}/")
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
    for system, calls in ((few, FEW), (many, MANY)):
        system.ask(SETUP)
        system.ask(FILL.format(copies=COPIES, calls=calls, facts=FACTS))
    look = LOOK.format(pages=PAGES, times=TIMES)
    try:
        rounds = [(many.ask(look), few.ask(look)) for _ in range(ROUNDS)]
    finally:
        few.stop()
    return [figure for page in PAGES for figure in _figures(page, rounds)]


def _figures(page: str, rounds: list[tuple[Any, Any]]) -> list[Figure]:
    """Each round: {page: [ms, queries]} with many calls, and with few. The best times count."""
    many, few = rounds[-1]
    return [
        Figure(
            name=f"{page}: time, {MANY:,} calls against {FEW:,}",
            unit="ms",
            ours=min(each[page][0] for each, _ in rounds),
            bare=min(each[page][0] for _, each in rounds),
            bound="<=",
            target=1.5,
        ),
        Figure(f"{page}: queries", "", many[page][1], few[page][1], "<=", 1),
    ]
