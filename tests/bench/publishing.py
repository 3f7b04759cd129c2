"""Publishes a line of 1,000 numbers and 50 rules, by Veyra and by a bare loop, in turns.

Runs on the servers' database and LiveKit, and prints its figures as JSON.
usage: python -m tests.bench.publishing
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
django.setup()

from django.conf import settings  # noqa: E402  # Django is set up now
from livekit import api  # noqa: E402  # likewise

from agentworker.models import Agent  # noqa: E402  # likewise
from telephony import changes, sync  # noqa: E402  # likewise
from telephony.changes import Change, Edit  # noqa: E402  # likewise
from telephony.models import (  # noqa: E402  # likewise
    DispatchRule,
    PhoneNumber,
    PublishedObject,
    Trunk,
)
from telephony.routing.compile import Desired  # noqa: E402  # likewise
from veyra.livekit import wire  # noqa: E402  # likewise
from veyra.livekit.client import LiveKit  # noqa: E402  # likewise

NUMBERS, RULES = 1000, 50
ROUNDS, WARM_UP = 7, 1
SAVES = 40
PAUSE = 0.5
FIRST = 74990000000


def main() -> None:
    make_line()
    made: list[tuple[float, float]] = []
    calls: Counter[str] = Counter()
    for turn in range(WARM_UP + ROUNDS):
        clean()
        calls.clear()
        ours = timed(lambda: counted(calls))
        creates = sum(calls[name] for name in calls if name.startswith("create"))
        clean()
        bare = asyncio.run(bare_loop(sync.desired()))
        made += [(ours, bare)] if turn >= WARM_UP else []
    clean()
    sync.apply()
    calls.clear()
    counted(calls)
    figures = {
        "rounds": made,
        "creates": creates,
        "bare_creates": 2 * RULES,
        "unchanged": dict(calls),
        "saved": sorted(saved_to_live(turn) for turn in range(SAVES)),
    }
    sys.stdout.write("figures:" + json.dumps(figures) + "\n")


def make_line() -> None:
    agent = Agent.objects.create(name="Support")
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    numbers = PhoneNumber.objects.bulk_create(
        PhoneNumber(number=f"+{FIRST + index}", trunk=trunk) for index in range(NUMBERS)
    )
    share = NUMBERS // RULES
    for index in range(RULES):
        rule = DispatchRule.objects.create(name=f"rule {index:02}", agent=agent)
        rule.numbers.set(numbers[index * share : (index + 1) * share])


def clean() -> None:
    """Neither LiveKit nor we know anything of what was published."""
    with LiveKit.from_settings() as livekit:
        for rule in livekit.list_dispatch_rules():
            livekit.delete_dispatch_rule(rule.id)
        for trunk in livekit.list_inbound_trunks():
            livekit.delete_inbound_trunk(trunk.id)
    PublishedObject.objects.all().delete()


def timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def counted(calls: "Counter[str]") -> None:
    """An apply whose requests are counted where they leave."""
    ask = LiveKit._ask
    asked: list[str] = []

    def count(self: LiveKit, request: Any) -> Any:
        asked.append(request.__name__)
        return ask(self, request)

    LiveKit._ask = count  # type: ignore[method-assign]  # counted, then put back
    try:
        sync.apply()
    finally:
        LiveKit._ask = ask  # type: ignore[method-assign]  # likewise
    calls.update(asked)


async def bare_loop(wanted: Desired) -> float:
    """What a script would do that has the same objects at hand; seconds."""
    livekit = api.LiveKitAPI(
        settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET
    )
    started = time.perf_counter()
    ids = {}
    for trunk in wanted.trunks:
        asked = api.CreateSIPInboundTrunkRequest(trunk=wire.trunk_to(trunk.value))
        ids[trunk.key] = (await livekit.sip.create_inbound_trunk(asked)).sip_trunk_id
    for rule in wanted.rules:
        info = wire.rule_to(rule.value)
        info.trunk_ids.extend(ids[key] for key in rule.trunks)
        await livekit.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=info))
    seconds = time.perf_counter() - started
    await livekit.aclose()
    return seconds


def saved_to_live(turn: int) -> float:
    """Seconds from saving another room name, as a form does, until LiveKit has it."""
    rule, room = DispatchRule.objects.order_by("?")[0], f"room-{turn}-"
    started = time.perf_counter()
    values = {"room": room}
    changes.carry_out(Edit(changes=(Change(model="rule", key=str(rule.key), values=values),)))
    with LiveKit.from_settings() as livekit:
        while all(found.room != room for found in livekit.list_dispatch_rules()):
            if time.perf_counter() - started > 60:
                raise TimeoutError("a saved rule did not reach LiveKit in a minute")
            time.sleep(0.01)
    seconds = time.perf_counter() - started
    # The worker writes on the rows how they stand; the next save finds it idle.
    time.sleep(PAUSE)
    return seconds


if __name__ == "__main__":
    main()
