"""From INVITE to 200 OK and to the first voice, against a minimal livekit-agents worker.

Both hang on the same livekit-server, livekit-sip and broker, each on a number of its own, and say
the same greeting with the same voice. One call at a time, in turns.
"""

import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

from tests.bench.bare.agent import NAME
from tests.bench.figures import Figure
from tests.bench.ground import Ground, MissingError
from tests.bench.sockets import in_database
from tests.live.stack import free_port, missing, wait_until
from veyra.livekit.client import LiveKit
from veyra.livekit.types import AgentDispatch, DispatchRule, InboundTrunk

PAIRS = 40
WARM_UP = 3
OURS, BARE = "74991124148", "74991124149"
GREETING = "Здравствуйте! Вы позвонили в поддержку."
# Our SIP caller, and Kamailio where it stands between.
ADDRESS = "127.0.0.0/8"
# Calls of one job at a time leave no trace in the next.
PAUSE = 1.5

LINE = f"""
from agentworker.models import Agent, AgentVersion
from telephony.models import DispatchRule, PhoneNumber, Trunk
from veyra.celery import wake
agent = Agent.objects.create(name="Support")
AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="{GREETING}")
trunk = Trunk.objects.create(name="trunk1", addresses="{ADDRESS}")
PhoneNumber.objects.create(number="+{OURS}", trunk=trunk)
rule = DispatchRule.objects.create(name="Support", agent=agent, room="support-room-")
rule.trunks.add(trunk)
wake("telephony.apply")
"""


@dataclass(frozen=True)
class Heard:
    """Seconds after the INVITE."""

    answered: float
    voice: float


def measure(arena: Ground) -> list[Figure]:
    if lacking := missing():
        raise MissingError(f"not on this machine: {', '.join(lacking)}")
    arena.system.stack.start_server()
    arena.system.stack.start_gateway()
    start_ours(arena)
    start_bare(arena)
    pairs = [(_call(arena, OURS), _call(arena, BARE)) for _ in range(WARM_UP + PAIRS)][WARM_UP:]
    return [
        _figure("INVITE to 200 OK", [(ours.answered, bare.answered) for ours, bare in pairs], 1.10),
        _figure("INVITE to first voice", [(ours.voice, bare.voice) for ours, bare in pairs], 1.05),
    ]


def _figure(name: str, pairs: list[tuple[float, float]], target: float) -> Figure:
    return Figure(
        name=f"{name}, median",
        unit="ms",
        ours=statistics.median(ours for ours, _ in pairs) * 1000,
        bare=statistics.median(bare for _, bare in pairs) * 1000,
        bound="<=",
        target=target,
    )


def start_ours(arena: Ground) -> None:
    arena.start_web()
    for program in ("worker", "tap"):
        arena.system.start_program(program)
    start_agent(arena)
    wait_until(lambda: "ready." in arena.system.log("worker"), "no worker", 60)
    in_database(arena, LINE)
    wait_until(lambda: len(_rules(arena)) == 1, "the line was not published", 60)


def start_agent(arena: Ground) -> None:
    arena.system.start_program("agent")
    before = arena.system.log("agent").count("registered")
    wait_until(lambda: arena.system.log("agent").count("registered") > before, "no agent", 120)


def start_bare(arena: Ground) -> None:
    with _livekit(arena) as livekit:
        trunk = InboundTrunk(name="bare", numbers=(f"+{BARE}",), allowed_addresses=(ADDRESS,))
        dispatch = AgentDispatch(agent_name=NAME)
        livekit.create_dispatch_rule(
            DispatchRule(
                room="bare-", trunk_ids=(livekit.create_inbound_trunk(trunk),), agents=(dispatch,)
            )
        )
    arena.environment["BENCH_GREETING"] = GREETING
    arena.start_bare("tests.bench.bare.agent", str(free_port()))
    log = arena.system.folder / "tests.bench.bare.agent.log"
    wait_until(lambda: "registered" in log.read_text(), "no bare agent", 120)


def _livekit(arena: Ground) -> LiveKit:
    stack = arena.system.stack
    return LiveKit(stack.url, stack.api_key, stack.api_secret)


def _rules(arena: Ground) -> list[DispatchRule]:
    with _livekit(arena) as livekit:
        return livekit.list_dispatch_rules()


def _call(arena: Ground, number: str) -> Heard:
    result: dict[str, Any] = arena.system.call(number, "listen:2")
    time.sleep(PAUSE)
    if result["answered"] is None or result["first_voice"] is None:
        raise RuntimeError(f"a call was not answered: {json.dumps(result)}")
    return Heard(result["answered"], result["first_voice"])
