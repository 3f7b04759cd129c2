"""Pages over a thousand calls and over a million: the same queries, about the same time.

The calls are a minute apart; each has twenty facts and a conversation. What is called rare below
are ten calls of either. To write the million takes five minutes.
"""

from collections.abc import Mapping

from tests.bench import pages
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.live.system import System

FEW, MANY = 1_000, 1_000_000
FACTS = 20
ROUNDS = 7
RARE = 10
CALLS, EVENTS = "/admin/telephony/call/", "/admin/telephony/callevent/"
PAGES = {
    "home": "/admin/",
    "list of calls": CALLS,
    "calls by outcome": f"{CALLS}?outcome__exact=abandoned",
    "calls of a rare outcome": f"{CALLS}?outcome__exact=failed",
    "calls of a rare assistant": f"{CALLS}?agent__id__exact=2",
    "calls of a rare connection": f"{CALLS}?trunk__id__exact=2",
    "calls of a rare direction": f"{CALLS}?direction__exact=outbound",
    "test calls, which are rare": f"{CALLS}?is_test__exact=1",
    "calls of a number": f"{CALLS}?q=8+(916)+000-00-01",
    "calls with a word": f"{CALLS}?q=%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7%D0%BE%D0%B2",
    "list of facts": EVENTS,
    "facts of a call's id": f"{EVENTS}?q={{heard}}",
    "board": "/live/",
    "page of a call": "/calls/{call}/",
}

SETUP = """
from agentworker.models import Agent, AgentVersion, Session, Turn
from django.utils import timezone
from telephony.models import Call, CallEvent, Leg, PhoneNumber, Trunk
from veyra.models import User
now = timezone.now()
User.objects.create_superuser("bench", "", "secret", language="ru", set_up_at=now)
agent = Agent.objects.create(name="Bench")
Agent.objects.create(name="Rare")
version = AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Hello")
trunk = Trunk.objects.create(name="Bench", addresses="37.139.38.0/24")
Trunk.objects.create(name="Rare", addresses="37.139.39.0/24")
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
        "outcome": "CASE WHEN {rare} THEN 'failed' WHEN n % 7 = 0 THEN 'abandoned'"
        " ELSE 'answered' END",
        "direction": "CASE WHEN {rare} THEN 'outbound' ELSE 'inbound' END",
        "agent_id": "CASE WHEN {rare} THEN 2 ELSE 1 END",
        "trunk_id": "CASE WHEN {rare} THEN 2 ELSE 1 END",
        "is_test": "{rare}",
        "from_number": "'7' || CASE WHEN {rare} THEN 9160000001 ELSE 9000000000 + n END",
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
        # Of an order.
        "stems": "CASE WHEN {rare} THEN ' мо заказ ' ELSE ' алл ' END",
        "delay_ms": "300 + n % 900",
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


def measure(arena: Ground) -> list[Figure]:
    return pages.measure(arena, pages.Course("calls", FEW, MANY, PAGES, _fill, ROUNDS))


def _fill(system: System, count: int) -> None:
    system.ask(SETUP)
    system.ask(FILL.format(copies=copies_of(COPIES, count), calls=count, facts=FACTS))


def copies_of(tables: Mapping[str, Mapping[str, str]], count: int) -> dict[str, dict[str, str]]:
    """With RARE rows of so many being rare."""
    rare = f"n % {count // RARE} = 7"
    return {
        table: {name: sql.replace("{rare}", rare) for name, sql in differs.items()}
        for table, differs in tables.items()
    }
