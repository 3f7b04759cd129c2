"""Imagined callers on the simulated LiveKit: they call, talk and hang up, as it would really go.

LiveKit's side is the simulator's; the worker's side is written to the spool, as a job writes it.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.translation import gettext_noop

from agentworker.brief import read_brief
from agentworker.script import Script
from agentworker.shipping import Shipper
from agentworker.spool import JobFacts, Leg, Spool, now_text
from agentworker.versions import newest_version, script_of
from telephony.imagined import ImaginedCall, Utterance, imagine_call, imagine_talk
from telephony.line import registrar
from telephony.models import HostAddress, PhoneNumber, Trunk
from telephony.numbers import spelled
from telephony.routing import signin
from telephony.routing.addresses import network
from veyra.livekit.pairs import pairs
from veyra.livekit.simulator.caller import SimulatorCaller
from veyra.sentences import Sentence

SHIPPING_SECONDS = 0.2
# Nobody serves this number.
WRONG_NUMBER = "74990000000"
# An address of documents: what a provider's name leads to nobody has asked yet.
NOWHERE = "203.0.113.1"


class CannotSimulate(Exception):
    """There is nothing to call; `sentence` says what is missing."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


@dataclass(frozen=True)
class Target:
    """A number to call, and what its provider's calls look like."""

    called: str
    source_ip: str
    username: str
    password: str
    # What our registrar adds to the call.
    headers: dict[str, str]


def targets() -> list[Target]:
    """Every number in use. Raises CannotSimulate where there is none."""
    numbers = PhoneNumber.objects.in_use().filter(trunk__in=Trunk.objects.in_use())
    found = [
        Target(
            called=spelled(number.number, number.trunk.spelling),
            source_ip=_source_ip(number.trunk),
            username=number.trunk.username,
            password=number.trunk.password,
            headers=_headers(number.trunk),
        )
        for number in numbers.select_related("trunk")
    ]
    if not found:
        raise CannotSimulate(
            Sentence(gettext_noop("There is no number to call. Add one, or run “make demo” first."))
        )
    return found


def _source_ip(trunk: Trunk) -> str:
    """The first address that the provider calls from, as the gateway sees it; ours, where the list
    names none.
    """
    if trunk.register_at:
        return next((str(ip_network(mask)[0]) for mask in registrar()), "127.0.0.1")
    masks = filter(None, map(network, trunk.addresses.split()))
    return next((str(ip_network(mask)[0]) for mask in masks), "127.0.0.1")


def _headers(trunk: Trunk) -> dict[str, str]:
    """Of a connection that signs in: which of the provider's addresses the call comes from."""
    if not trunk.register_at:
        return {}
    at = signin.server(trunk.register_at)
    known = HostAddress.objects.by_host().get(at.host, ()) if at else ()
    return dict.fromkeys((header for header, _name in signin.SOURCE), next(iter(known), NOWHERE))


async def simulate(calls: int, concurrent: int, dice: Random, *, pace: float = 1.0) -> Counter[int]:
    """Place the calls and wait for their ends; how many met which SIP status.

    `pace` is the length of a simulated second, in seconds. Raises CannotSimulate, LiveKitError.
    """
    where = await sync_to_async(targets)()
    pair = pairs().first
    places = asyncio.Semaphore(concurrent)
    shipping = asyncio.create_task(_ship_on(Shipper(settings.SPOOL_DIR)))
    try:
        async with SimulatorCaller(settings.LIVEKIT_URL, pair.name, pair.secret) as line:
            callers = Callers(line, where, settings.SPOOL_DIR, dice, pace)
            seen = await asyncio.gather(*(callers.call(places) for _ in range(calls)))
    finally:
        shipping.cancel()
    await sync_to_async(Shipper(settings.SPOOL_DIR).ship)()
    return Counter(seen)


async def _ship_on(shipper: Shipper) -> None:
    """What the worker's parent does all the time; the simulator has no worker."""
    while True:
        await sync_to_async(shipper.ship)()
        await asyncio.sleep(SHIPPING_SECONDS)


@dataclass
class Callers:
    """People who call: one `call` is one person's."""

    line: SimulatorCaller
    targets: list[Target]
    spool: Path
    dice: Random
    pace: float

    async def call(self, places: asyncio.Semaphore) -> int:
        """The SIP status that the caller got."""
        async with places:
            call, target = imagine_call(self.dice), self.dice.choice(self.targets)
            seen = await self.line.place_call(_invite(call, target))
            if seen["status"] == 180:
                # Who is not answered gives up, or is told 486 by the gateway meanwhile.
                await self.wait(call.patience)
                await self.line.hang_up(seen["sip_call_id"])
            elif seen["status"] == 200:
                await self.talk(seen)
            return int(seen["status"])

    async def talk(self, seen: dict[str, Any]) -> None:
        """The conversation, written down as the job that leads it would."""
        facts = JobFacts(seen["job_id"], seen["room"], seen["room_sid"], "simulator")
        leg = Leg(seen["sip_call_id"], seen["participant_sid"])
        script = await sync_to_async(_script)(seen["brief"])
        spool = Spool(self.spool, facts)
        try:
            spool.session(version_id=script.version, started_at=now_text(), **leg.__dict__)
            spool.event("started", leg, agent=script.agent, version=script.version)
            spool.event("audio_heard_by_caller", leg)
            await self.speak(spool, leg, imagine_talk(script, self.dice))
            await self.line.hang_up(seen["sip_call_id"])
            spool.event("closed", Leg(), reason="caller left")
            spool.session(ended_at=now_text(), close_reason="caller left")
        finally:
            spool.close()

    async def speak(self, spool: Spool, leg: Leg, lines: list[Utterance]) -> None:
        asked_at = None
        for number, line in enumerate(lines):
            await self.wait(line.pause)
            began = time.time()
            if number == 0:
                spool.event("speech_started", leg, began)
            if line.digit:
                spool.turn("caller", began, digit=line.digit)
                spool.event("dtmf", leg, began, digit=line.digit)
            await self.wait(line.seconds)
            if not line.digit:
                _write_turn(spool, line, began, asked_at)
            asked_at = time.time() if line.speaker == "caller" else None

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.pace)


def _invite(call: ImaginedCall, target: Target) -> dict[str, Any]:
    return {
        "from": call.caller,
        "to": WRONG_NUMBER if call.ending == "wrong_number" else target.called,
        "ip": target.source_ip,
        "username": target.username,
        "password": target.password,
        "headers": target.headers,
        "agent": call.ending == "answered",
    }


def _script(brief: str) -> Script:
    return script_of(newest_version(read_brief(brief).agent))


def _write_turn(spool: Spool, line: Utterance, began: float, asked_at: float | None) -> None:
    """What was said, once it is said."""
    fields: dict[str, Any] = {"text": line.text, "seconds": round(line.seconds, 2)}
    if line.speaker == "agent":
        delay = round((began - asked_at) * 1000) if asked_at else None
        fields |= {"delay_ms": delay, "interrupted": line.interrupted}
    spool.turn(line.speaker, began, **fields)
