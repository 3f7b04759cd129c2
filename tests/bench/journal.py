"""The journal: one long call folded, and a thousand calls at once.

The fold is timed without the reading and the writing around it. The thousand calls come as fast as
they can be placed, as many more as hang up meanwhile come after them, and each is as long as it
would be. Counts what web, tap, worker and beat need until the last of them is ended and nothing is
left to fold: also what the observer asks, and the assistants' facts once they are in the database.
The callers themselves are somebody else's, as are their assistants' jobs, whose process brings
those facts there; and so is the database.
"""

import subprocess
import sys
import time

import psutil

from tests.bench.calls import LINE
from tests.bench.figures import Figure, promised
from tests.bench.ground import Ground
from tests.bench.sockets import in_database
from tests.live.stack import ROOT, wait_until

FACTS = 200
AT_ONCE = 1_000
# One in twenty calls a wrong number; others are over before the last of the thousand is placed.
CALLS, CALLERS = 1_500, 1_200
JOURNAL = ("web", "tap", "worker", "beat")
# A room closes a second after its caller has left.
LAST_WORD = 3

FOLD = f"""
import statistics
import time
from datetime import timedelta
from random import Random
from django.utils import timezone
from agentworker.script import Script
from telephony import folding, history, intake
from telephony.imagined import imagine_call
from telephony.journal import fold
from telephony.longrooms import fact_of
from telephony.models import CallEvent
script = Script(agent="", version=1, language="ru", greeting="Здравствуйте!")
line = history.Line("74991124148", "127.0.0.1", "", "support-room-", "", script)
dice, began = Random(1), timezone.now() - timedelta(hours=1)
past = history.past_call(line, imagine_call(dice, "answered"), began, dice)
facts = [*past.events, *(intake.of_agent(fact) for fact in past.facts)]
session = past.session
facts += [
    CallEvent(
        event_id=f"key:{{n}}", source="agent", kind="dtmf", payload={{"digit": "1"}},
        at=began + timedelta(seconds=1 + n / 100), sip_call_id=session.sip_call_id,
        participant_sid=session.participant_sid, room_sid=session.room_sid,
        room_name=session.room_name)
    for n in range({FACTS} - len(facts))]
intake.store(facts)
folding.drain()
facts = [fact_of(event) for event in folding.whole_room(session.room_sid)]
assert len(facts) == {FACTS}
times = []
for _ in range(100):
    before = time.perf_counter()
    [call] = fold(facts, timezone.now()).calls
    times.append((time.perf_counter() - before) * 1000)
result = statistics.median(times)
"""
FORGET = """
from telephony.models import Call, CallEvent, FoldUnit
for model in (Call, CallEvent, FoldUnit):
    model.objects.all().delete()
"""
PUBLISHED = """
from telephony.models import PublishedObject
result = PublishedObject.objects.filter(kind="number", state="live").count()
"""
# How many calls went on when most did, how long they were, and of how many rooms LiveKit's last
# word came: it gives up a webhook that is not taken within half a minute.
MOST = """
from telephony.models import Call, CallEvent
calls = Call.objects.exclude(room_sid="").values_list("started_at", "ended_at")
turns = sorted([(start, 1) for start, _ in calls] + [(end, -1) for _, end in calls])
most = now = 0
for _, turn in turns:
    now += turn
    most = max(most, now)
long = sum((end - start).total_seconds() for start, end in calls)
closed = CallEvent.objects.filter(kind="room_finished").count()
result = {"most": most, "rooms": len(calls), "seconds": long / len(calls), "closed": closed}
"""
# Who was turned away too often to have a row is counted. To fold are also units that somebody is
# folding, and those for whom time has come.
JOURNALLED = """
from django.db.models import Q, Sum
from django.utils import timezone
from agentworker.models import SessionEvent
from telephony.models import Call, CallEvent, FoldUnit, Refused
now = timezone.now()
to_fold = Q(dirty_at__isnull=False) | Q(look_again_at__lte=now) | Q(locked_until__gte=now)
result = {
    "ended": Call.objects.ended().count(), "calls": Call.objects.count(),
    "refused": Refused.objects.aggregate(all=Sum("count"))["all"] or 0,
    "to_fold": FoldUnit.objects.filter(to_fold).count(),
    "to_take": SessionEvent.objects.filter(folded_at=None).count(),
    "taken": CallEvent.objects.filter(source="agent").count(),
    "facts": CallEvent.objects.count(),
}
"""


def measure(arena: Ground) -> list[Figure]:
    fold = arena.system.ask(FOLD)
    arena.system.ask(FORGET)
    arena.start_web()
    for program in ("worker", "tap", "beat"):
        arena.system.start_program(program)
    arena.start_simulator()
    wait_until(lambda: "ready." in arena.system.log("worker"), "no worker", 60)
    in_database(arena, LINE)
    wait_until(lambda: bool(arena.system.ask(PUBLISHED)), "the line was not published", 60)
    return [promised(f"fold of a call with {FACTS} facts", "ms", fold, 5), *_thousand(arena)]


def _thousand(arena: Ground) -> list[Figure]:
    began, before = time.monotonic(), _used(arena)
    options = ["--calls", str(CALLS), "--concurrent", str(CALLERS)]
    subprocess.run(
        [sys.executable, "manage.py", "simulate", *options],
        cwd=ROOT,
        env={**arena.system.environment, "DEBUG": "true"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wait_until(lambda: _is_journalled(arena), "not every call was journalled", 120)
    used = _used(arena) - before
    cores = used / (time.monotonic() - began)
    time.sleep(LAST_WORD)
    facts = arena.system.ask(JOURNALLED)["facts"] / CALLS
    went = arena.system.ask(MOST)
    length, cpu = f"{went['seconds']:.0f} s", f"{used / CALLS * 1000:.0f} ms of CPU"
    return [
        Figure("calls at once, when most", "", went["most"], AT_ONCE, ">=", 1),
        Figure("rooms whose end LiveKit could tell", "", went["closed"], went["rooms"], ">=", 1),
        promised(f"a call of {length}, {facts:.0f} facts, {cpu}: journal", "cores", cores, 1),
    ]


def _is_journalled(arena: Ground) -> bool:
    told = arena.system.ask(JOURNALLED)
    all_there = told["ended"] + told["refused"] == CALLS
    is_folded = bool(told["taken"]) and not told["to_take"] + told["to_fold"]
    return all_there and told["ended"] == told["calls"] and is_folded


def _used(arena: Ground) -> float:
    """CPU seconds of the journal's processes so far."""
    found = (psutil.Process(arena.system.processes[name].pid) for name in JOURNAL)
    return sum(sum(process.cpu_times()[:2]) for process in found)
