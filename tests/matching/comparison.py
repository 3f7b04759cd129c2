"""One random world, made in a real LiveKit and in our own reckoning; every difference is listed."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

from livekit import api

from tests.live.stack import Stack
from tests.matching import worlds
from tests.matching.bus import SECONDS, Answer, Bus
from tests.matching.invites import SOURCES, Provider, Sent
from veyra.livekit import wire
from veyra.livekit.conflicts import (
    Refusal,
    creating_rule,
    creating_trunk,
    replacing_rule,
    replacing_trunk,
)
from veyra.livekit.matching import Decision, Exchange, Invite, Outcome
from veyra.livekit.simulator.bus import SipCall
from veyra.livekit.simulator.ids import new_id
from veyra.livekit.types import DispatchRule, InboundTrunk

RANDOM_LETTERS = 12
# A call that offers no sound ends so once it is let in, or asked for its PIN: 400, or 500 while the
# gateway's ports for sound still drain.
NO_SOUND = (400, 500)
RESULTS = {
    Outcome.ACCEPTED: "accept",
    Outcome.NO_ROOM: "accept",
    Outcome.PIN_NEEDED: "request_pin",
}


@dataclass
class Tally:
    """What was compared, and where we and LiveKit differ."""

    sets: int = 0
    calls: int = 0
    pins: int = 0
    asked: int = 0
    writes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    silent: list[Sent] = field(default_factory=list)

    def summary(self) -> str:
        """What the prove run prints."""
        kinds = "\n".join(f"  {name}: {count}" for name, count in self.outcomes.most_common())
        refused = sum(count for text, count in self.refusals.items() if text)
        return (
            f"{self.sets} sets, {self.writes} writes ({refused} refused), {self.calls} INVITEs,"
            f" {self.pins} typed PINs, {self.asked} questions about other addresses,"
            f" {len(self.differences)} differences\n{kinds}"
        )

    def compare(self, what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            self.differences.append(f"{what}\n  ours:   {ours}\n  theirs: {theirs}")


class Comparison:
    """A real LiveKit, and our own idea of it. `run` compares one world after another."""

    def __init__(self, livekit: api.LiveKitAPI, bus: Bus, providers: dict[str, Provider]) -> None:
        self.sip, self.bus, self.providers = livekit.sip, bus, providers
        self.tally = Tally()
        self.trunks: dict[str, InboundTrunk] = {}
        self.rules: dict[str, DispatchRule] = {}

    async def run(self, dice: Random, calls: int) -> None:
        await self.bus.wipe()
        self.trunks, self.rules = {}, {}
        for _ in range(dice.randint(1, 5)):
            await self.create_trunk(worlds.trunk(dice))
        for _ in range(dice.randint(0, 3)):
            await self.replace_trunk(dice, worlds.trunk(dice))
        for _ in range(dice.randint(0, 5)):
            await self.create_rule(worlds.rule(dice, tuple(self.trunks)))
        for _ in range(dice.randint(0, 2)):
            await self.replace_rule(dice, worlds.rule(dice, tuple(self.trunks)))
        exchange = Exchange(self.trunks.values(), self.rules.values())
        trunks, rules = exchange.trunks, exchange.rules
        invites = [worlds.invite(dice, trunks, rules) for _ in range(calls)]
        await asyncio.gather(*(self.call(exchange, invite) for invite in invites))
        elsewhere = [replace(each, source_ip=dice.choice(worlds.ANYWHERE)) for each in invites]
        await asyncio.gather(*(self.ask(exchange, invite) for invite in elsewhere))
        self.tally.sets += 1

    async def serve(self, trunk: InboundTrunk, rule: DispatchRule) -> None:
        """Make a trunk, and a rule for it."""
        await self.create_trunk(trunk)
        newest = list(self.trunks)[-1]
        await self.create_rule(replace(rule, trunk_ids=(newest,)))

    async def create_trunk(self, trunk: InboundTrunk) -> None:
        expected = creating_trunk(self.trunks.values(), trunk)
        request = api.CreateSIPInboundTrunkRequest(trunk=wire.trunk_to(trunk))
        answer = await self._write(expected, self.sip.create_inbound_trunk(request))
        if answer:
            self.trunks[answer.sip_trunk_id] = replace(trunk, id=answer.sip_trunk_id)

    async def replace_trunk(self, dice: Random, trunk: InboundTrunk) -> None:
        livekit_id = dice.choice((*self.trunks, "ST_gone"))
        expected = replacing_trunk(self.trunks.values(), livekit_id, trunk)
        request = self.sip.update_inbound_trunk(livekit_id, wire.trunk_to(trunk))
        if await self._write(expected, request):
            self.trunks[livekit_id] = replace(trunk, id=livekit_id)

    async def create_rule(self, rule: DispatchRule) -> None:
        expected = creating_rule(self.rules.values(), rule)
        request = api.CreateSIPDispatchRuleRequest(dispatch_rule=wire.rule_to(rule))
        answer = await self._write(expected, self.sip.create_dispatch_rule(request))
        if answer:
            livekit_id = answer.sip_dispatch_rule_id
            self.rules[livekit_id] = replace(rule, id=livekit_id)

    async def replace_rule(self, dice: Random, rule: DispatchRule) -> None:
        livekit_id = dice.choice((*self.rules, "SDR_gone"))
        expected = replacing_rule(self.rules.values(), livekit_id, rule)
        request = self.sip.update_dispatch_rule(livekit_id, wire.rule_to(rule))
        if await self._write(expected, request):
            self.rules[livekit_id] = replace(rule, id=livekit_id)

    async def _write(self, expected: Refusal | None, request):  # type: ignore[no-untyped-def]  # the SDK's answers are untyped
        try:
            answer, theirs = await request, None
        except api.ServerError as error:
            answer, theirs = None, (error.code, error.message)
        ours = (expected.code, expected.message) if expected else None
        self.tally.writes += 1
        self.tally.refusals[re.sub(r' "<?[A-Za-z_0-9]+>?".*', "", theirs[1]) if theirs else ""] += 1
        self.tally.compare(f"a write, {self._world()}", ours, theirs)
        return answer

    async def call(self, exchange: Exchange, invite: Invite) -> None:
        """Place it, and compare each step that LiveKit takes with what we expect."""
        decision = exchange.decide(replace(invite, pin=None))
        if decision.outcome == Outcome.SERVER_CRASH:
            return
        what = f"{invite}, {self._world()}"
        sent = self.providers[invite.source_ip].call(invite)
        self.tally.calls += 1
        self.tally.outcomes[decision.outcome] += 1
        answer = await self.bus.authentication(sent.call_id)
        trunk = decision.trunk
        if decision.outcome in (Outcome.TWO_TRUNKS, Outcome.TWO_DEFAULTS):
            self.tally.compare(what, decision.error, answer.error)
        else:
            login = (trunk.auth_username, trunk.auth_password) if trunk else ("", "")
            ours = Answer(trunk_id=trunk.id if trunk else "", username=login[0], password=login[1])
            self.tally.compare(what, ours, answer)
            await self._after_login(exchange, sent, decision, what)
        await self._ends(sent, decision, what)

    async def _after_login(
        self, exchange: Exchange, sent: Sent, decision: Decision, what: str
    ) -> None:
        trunk = decision.trunk
        asked = trunk is not None and bool(trunk.auth_username and trunk.auth_password)
        if asked and sent.invite.username:
            self.tally.compare(what, 407, await asyncio.wait_for(sent.final, SECONDS))
            self.providers[sent.invite.source_ip].log_in(sent)
        if decision.outcome in (Outcome.LOGIN_NEEDED, Outcome.WRONG_LOGIN):
            return
        self._compare_dispatch(what, decision, await self.bus.dispatch(sent.call_id))
        if decision.outcome == Outcome.PIN_NEEDED and sent.invite.pin is not None:
            await self._type_pin(exchange, sent.invite, decision, what)

    async def _type_pin(
        self, exchange: Exchange, invite: Invite, decision: Decision, what: str
    ) -> None:
        """The question that the gateway asks next, put to the server as the gateway puts it."""
        typed = exchange.decide(invite)
        if typed.outcome == Outcome.SERVER_CRASH:
            return
        trunk_id = decision.trunk.id if decision.trunk else ""
        answer = await self.bus.ask_dispatch(as_sip_call(invite), trunk_id, invite.pin)
        self.tally.pins += 1
        self.tally.outcomes[typed.outcome] += 1
        self._compare_dispatch(what, typed, answer)

    async def ask(self, exchange: Exchange, invite: Invite) -> None:
        """Whose trunk is it? As `call`, for a source that no INVITE of ours can come from."""
        decision = exchange.decide(invite)
        answer = await self.bus.ask_authentication(as_sip_call(invite))
        self.tally.asked += 1
        what = f"asked about {invite}, {self._world()}"
        if decision.outcome == Outcome.NO_ADDRESS:
            self.tally.compare(what, True, bool(answer.error))
            return
        trunk_id = decision.trunk.id if decision.trunk else ""
        lookup = decision.error if decision.outcome != Outcome.TWO_RULES else ""
        self.tally.compare(what, (trunk_id, lookup), (answer.trunk_id, answer.error))

    def _compare_dispatch(self, what: str, decision: Decision, answer: Answer) -> None:
        room = answer.room
        if decision.room_goes_on:
            room = room[:-RANDOM_LETTERS]
        ours = Answer(
            error=decision.error,
            trunk_id="" if decision.error or not decision.trunk else decision.trunk.id,
            result="" if decision.error else RESULTS.get(decision.outcome, "drop"),
            rule_id=decision.rule.id if decision.rule else "",
            room=decision.room,
        )
        self.tally.compare(what, ours, replace(answer, room=room))

    async def _ends(self, sent: Sent, decision: Decision, what: str) -> None:
        if decision.status is None:
            self.tally.silent.append(sent)
            return
        let_in = decision.outcome in RESULTS
        expected = NO_SOUND if let_in else (decision.status,)
        status = await asyncio.wait_for(sent.final, SECONDS)
        self.tally.compare(what, True, status in expected or status)

    async def finish(self) -> Tally:
        """Callers who were to hear nothing have heard nothing, until now."""
        await asyncio.sleep(1)
        for sent in self.tally.silent:
            heard = set(sent.statuses) - {100, 180, 407}
            self.tally.compare(f"silence for {sent.invite}", set(), heard)
        return self.tally

    def _world(self) -> str:
        return f"{list(self.trunks.values())} {list(self.rules.values())}"


def as_sip_call(invite: Invite) -> SipCall:
    return SipCall(
        new_id("SCL_"),
        invite.source_ip,
        "127.0.0.1",
        invite.caller,
        invite.called,
        new_id("asked-"),
        invite.host,
    )


@asynccontextmanager
async def comparing(stack: Stack) -> AsyncIterator[Comparison]:
    """Against the LiveKit of `stack`, from each source address."""
    gateway = (stack.sip_host, stack.sip_port)
    providers = {source: Provider(gateway, source) for source in SOURCES}
    for provider in providers.values():
        await provider.open()
    async with (
        Bus(stack.redis_url) as bus,
        api.LiveKitAPI(stack.url, stack.api_key, stack.api_secret, failover=False) as livekit,
    ):
        yield Comparison(livekit, bus, providers)
    for provider in providers.values():
        provider.close()
