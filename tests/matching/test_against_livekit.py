"""Our reckoning of who answers, held against a real livekit-server and livekit-sip.

Each set of trunks and rules is random, is made and changed through LiveKit's API (what it refuses
is compared word for word), and is then called by real INVITEs from six addresses. What the server
said of each call is heard on its bus.
"""

import asyncio
import sys
from collections.abc import Callable
from random import Random

import pytest

from tests.journal.caller import Caller
from tests.live.conftest import start_stack  # noqa: F401  # a fixture
from tests.live.stack import Stack
from tests.matching.comparison import Comparison, Tally, comparing
from tests.matching.facts import FACTS
from veyra.livekit.matching import Exchange, Invite, Outcome
from veyra.livekit.types import DispatchRule, InboundTrunk

SEED = 20260101


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:  # noqa: F811  # the fixture above
    return start_stack(rtp_ports=2000)


async def compare(stack: Stack, sets: int, calls: int) -> Tally:
    async with comparing(stack) as comparison:
        for number in range(sets):
            await comparison.run(Random(SEED + number), calls)
            assert not comparison.tally.differences, comparison.tally.differences[0]
        return await comparison.finish()


@pytest.mark.live
async def test_sixty_random_sets_answer_as_the_real_livekit_does(stack: Stack) -> None:
    tally = await compare(stack, sets=60, calls=4)
    assert not tally.differences, "\n".join(tally.differences)
    assert (tally.sets, tally.calls) == (60, 240)


@pytest.mark.live
async def test_the_real_livekit_agrees_with_every_fact(stack: Stack) -> None:
    async with comparing(stack) as comparison:
        for fact in FACTS:
            await comparison.bus.store(fact.trunks, fact.rules)
            await comparison.call(Exchange(fact.trunks, fact.rules), fact.invite)
            assert not comparison.tally.differences, f"{fact.name}: {comparison.tally.differences}"
        tally = await comparison.finish()
    assert not tally.differences, "\n".join(tally.differences)
    assert tally.calls == len(FACTS)


@pytest.mark.prove
async def test_thousands_of_random_sets_answer_as_the_real_livekit_does(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = await compare(stack, sets=3500, calls=5)
    with capsys.disabled():
        sys.stdout.write(f"\n{tally.summary()}\n")
    assert not tally.differences, "\n".join(tally.differences)
    # Each way in which a call can end was met, and met often.
    for outcome in set(Outcome) - {Outcome.NO_ADDRESS, Outcome.SERVER_CRASH}:
        assert tally.outcomes[outcome] >= 10, tally.outcomes


async def sound(stack: Stack, called: str, digits: str = "", seconds: float = 1) -> int | None:
    """The final status of a call with sound; None: it rings on."""
    call = await Caller(stack.sip_port, called, "79161234567").call()
    call.digits = list(digits)
    try:
        return await asyncio.wait_for(asyncio.shield(call.final), seconds)
    except TimeoutError:
        return None
    finally:
        if digits and call.final.done():
            await asyncio.wait_for(call.gone.wait(), 15)
        elif not call.gone.is_set():
            call.hang_up()


def outcome(comparison: Comparison, called: str, pin: str | None = None) -> Outcome:
    exchange = Exchange(comparison.trunks.values(), comparison.rules.values())
    caller, source = "79161234567", "127.0.0.1"
    return exchange.decide(Invite(caller, called, source, source, pin=pin)).outcome


@pytest.mark.live
async def test_callers_with_sound_ring_type_a_pin_or_hear_that_nobody_is_there(
    stack: Stack,
) -> None:
    async with comparing(stack) as comparison:
        await comparison.bus.wipe()
        for number, rule in {
            "1001": DispatchRule(room="support-room-"),
            "1002": DispatchRule(kind="direct"),
            "1003": DispatchRule(kind="direct", room="support-room", pin="1234"),
        }.items():
            await comparison.serve(InboundTrunk(numbers=(number,)), rule)
        assert outcome(comparison, "1001") == Outcome.ACCEPTED
        assert await sound(stack, "1001") is None
        assert outcome(comparison, "1002") == Outcome.NO_ROOM
        assert await sound(stack, "1002") == 486
        assert outcome(comparison, "1003") == Outcome.PIN_NEEDED
        assert outcome(comparison, "1003", "99") == Outcome.WRONG_PIN
        # Answered, asked, and put out again.
        assert await sound(stack, "1003", "99#") == 200


@pytest.mark.live
async def test_whoever_writes_a_mask_into_from_passes_the_address_list(stack: Stack) -> None:
    provider = "203.0.113.7/32"
    trunk = InboundTrunk(numbers=("1001",), allowed_addresses=(provider,))
    async with comparing(stack) as comparison:
        await comparison.bus.wipe()
        await comparison.serve(trunk, DispatchRule(room="support-room-"))
        exchange = Exchange(comparison.trunks.values(), comparison.rules.values())
        for host, let_in in (("127.0.0.2", False), ("203.0.113.7", False), (provider, True)):
            invite = Invite("79161234567", "1001", "127.0.0.2", host)
            expected = Outcome.ACCEPTED if let_in else Outcome.NO_TRUNK
            assert exchange.decide(invite).outcome == expected
            await comparison.call(exchange, invite)
        assert not comparison.tally.differences


@pytest.mark.prove
async def test_a_withheld_number_and_a_rule_that_hides_numbers_end_livekit_server(
    start_stack: Callable[..., Stack],  # noqa: F811  # as above
) -> None:
    own_stack = start_stack()
    async with comparing(own_stack) as comparison:
        rule = DispatchRule(room="support-room-", hide_phone_number=True)
        await comparison.serve(InboundTrunk(numbers=("1001",)), rule)
        invite = Invite("", "1001", "127.0.0.2", "127.0.0.2")
        exchange = Exchange(comparison.trunks.values(), comparison.rules.values())
        decision = exchange.decide(invite)
        assert decision.outcome == Outcome.SERVER_CRASH
        sent = comparison.providers["127.0.0.2"].call(invite)
        assert await asyncio.wait_for(sent.final, 15) == decision.status
    assert "panic: runtime error: slice bounds out of range" in own_stack.log("livekit-server")
