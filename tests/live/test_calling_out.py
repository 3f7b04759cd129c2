"""Real calls out: our dialler, livekit-sip, and telephones on this machine."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.callee import Provider, Telephone
from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

ANSWERS, BUSY, DECLINES, RINGS, DOWN = (f"7916000000{n}" for n in range(1, 6))
BEHAVIOUR = {
    ANSWERS: "answer",
    BUSY: "busy",
    DECLINES: "decline",
    RINGS: "ring",
    DOWN: "out of order",
}

LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import PhoneNumber, Trunk
    from veyra.celery import wake

    agent = Agent.objects.create(name="Сервис")
    words = "Здравствуйте! Ваш заказ готов, приезжайте за ним."
    save_words(agent, Words("ru", words, [], []), None)
    common = {{"addresses": "127.0.0.1/32", "out_spelling": "digits", "out_pace": 50}}
    reserve = Trunk.objects.create(name="reserve", out_address="{reserve}", **common)
    main = Trunk.objects.create(
        name="main", out_address="{main}", out_next=reserve, out_identity="P-Asserted-Identity",
        **common)
    PhoneNumber.objects.create(number="+74991124148", trunk=main)
    PhoneNumber.objects.create(number="+74991124149", trunk=reserve)
    wake("telephony.apply")
"""
PUBLISHED = """
    from telephony.models import PublishedObject
    states = PublishedObject.objects.filter(kind="outbound").values_list("state", flat=True)
    result = list(states) == ["live", "live"]
"""


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[Provider, Provider]]:
    with Provider(BEHAVIOUR) as main, Provider({DOWN: "answer"}) as reserve:
        yield main, reserve


@pytest.fixture(scope="module")
def system(providers: tuple[Provider, Provider]) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    main, reserve = providers
    with running() as system:
        system.ask(LINE.format(main=main.address, reserve=reserve.address))
        wait_until(lambda: bool(system.ask(PUBLISHED)), "the line was not published", 60)
        yield system


def ask(system: System, number: str, times: int = 1) -> str:
    """Have a number called, by so many clicks on one form; the id of the call."""
    found: str = system.ask(f"""
        from uuid import UUID
        from agentworker.models import Agent
        from telephony.dialling import Wish, ask
        from telephony.models import PhoneNumber
        ours = PhoneNumber.objects.get(number="+74991124148")
        wish = Wish("+{number}", ours, Agent.objects.get())
        ticket = UUID("{uuid.uuid4()}")
        result = str([ask(wish, None, ticket) for _ in range({times})][-1].pk)
    """)
    return found


FIELDS = (
    "state outcome reason sip_status rang from_number to_number direction answered_at ended_at"
    " answered_is_approximate"
)


def call_of(system: System, call: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from telephony.models import Call
        call = Call.objects.filter(pk="{call}").first()
        result = call and {{name: getattr(call, name) for name in {FIELDS.split()}}}
        if call:
            result |= dict(trunk=str(call.trunk), agent=str(call.agent))
            result |= dict(number=call.number and call.number.number)
            result |= dict(legs=list(call.legs.values_list("role", flat=True)))
    """)
    return found or {}


def ended(system: System, call: str, seconds: float = 20) -> dict[str, Any]:
    """The call once it is over, and the gateway's record of it has come."""

    def is_over() -> bool:
        found = call_of(system, call)
        return found.get("state") == "ended" and found["reason"] != "not_wanted"

    wait_until(is_over, "the call goes on", seconds)
    return call_of(system, call)


def rings(provider: Provider, number: str, seconds: float = 15) -> Telephone:
    wait_until(lambda: bool(provider.of(number)), "nobody called", seconds)
    return provider.of(number)[0]


def test_who_picks_up_hears_the_greeting_and_a_double_click_calls_once(
    system: System, providers: tuple[Provider, Provider]
) -> None:
    provider, _reserve = providers
    call = ask(system, ANSWERS, times=3)
    telephone = rings(provider, ANSWERS)
    wait_until(lambda: telephone.voiced > 1.5, "nothing was said", 15)
    assert telephone.answered is not None and telephone.first_voice is not None
    assert 0 < telephone.first_voice - telephone.answered < 3
    assert call_of(system, call)["state"] == "answered"
    assert "sip:74991124148@" in telephone.header("From")
    assert telephone.header("P-Asserted-Identity").startswith("<sip:74991124148@127.0.0.1>")
    provider.hang_up(telephone)
    found = ended(system, call)
    assert (found["outcome"], found["reason"]) == ("answered", "hung_up_by_callee")
    assert (found["direction"], found["legs"]) == ("outbound", ["callee"])
    assert (found["from_number"], found["to_number"]) == ("+74991124148", f"+{ANSWERS}")
    assert (found["number"], found["trunk"], found["agent"]) == ("+74991124148", "main", "Сервис")
    assert found["rang"] and not found["answered_is_approximate"]
    assert len(provider.of(ANSWERS)) == 1


@pytest.mark.parametrize(
    ("number", "status", "outcome"), [(BUSY, 486, "rejected"), (DECLINES, 603, "rejected")]
)
def test_a_no_is_the_end_of_the_call_with_its_own_sentence(
    system: System,
    providers: tuple[Provider, Provider],
    number: str,
    status: int,
    outcome: str,
) -> None:
    found = ended(system, ask(system, number))
    assert (found["outcome"], found["reason"]) == (outcome, f"answer_{status}")
    assert found["sip_status"] == status and found["answered_at"] is None
    assert [len(each.of(number)) for each in providers] == [1, 0]


def test_who_never_picks_up_is_let_alone_when_the_room_is_closed(
    system: System, providers: tuple[Provider, Provider]
) -> None:
    call = ask(system, RINGS)
    telephone = rings(providers[0], RINGS)
    wait_until(lambda: call_of(system, call).get("state") == "ringing", "it does not ring", 10)
    system.ask(f"""
        from veyra.livekit.client import LiveKit
        with LiveKit.from_settings() as livekit:
            livekit.delete_room("out-{call}")
    """)
    assert telephone.over.wait(5), "it still rings"
    # Who closed it a webhook says, a moment after the gateway's record.
    wait_until(lambda: call_of(system, call).get("reason") == "ended_here", "no reason", 10)
    assert call_of(system, call)["outcome"] == "abandoned"
    assert telephone.voiced == 0


def test_the_reserve_places_the_call_that_the_provider_could_not(
    system: System, providers: tuple[Provider, Provider]
) -> None:
    main, reserve = providers
    call = ask(system, DOWN)
    telephone = rings(reserve, DOWN)
    wait_until(lambda: telephone.voiced > 1, "nothing was said", 15)
    first = ended(system, call)
    assert (first["outcome"], first["reason"]) == ("failed", "answer_503")
    assert "sip:74991124149@" in telephone.header("From")
    second = system.ask(f"""
        from telephony.models import OutboundCall
        result = str(OutboundCall.objects.get(retry_of="{call}").pk)
    """)
    reserve.hang_up(telephone)
    assert ended(system, second)["outcome"] == "answered"
    assert (len(main.of(DOWN)), len(reserve.of(DOWN))) == (1, 1)
