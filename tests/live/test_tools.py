"""An assistant with a mind connects a caller with a colleague, by real calls on both sides."""

import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agentworker.espeak import engine
from tests.agent.talking import Thinking, in_thread
from tests.live.callee import Provider
from tests.live.sound import beeped, beeps, of_wav
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running

pytestmark = [pytest.mark.live, pytest.mark.prove]

NUMBER, OLGA = "74991124148", "79160000301"
OLGAS = 2300
ASKED, NOTE = "Позовите мне Ольгу", "Спрашивает про коронку"
LINE = """
    from agentworker.keys import ProviderKey
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import Colleague, DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    key = ProviderKey.objects.create(
        name="here",
        provider="openai_compatible",
        settings={{"mind_url": "{url}/v1", "ears_url": "{url}/v1"}},
    )
    chosen = [{{"provider": "openai_compatible", "key": str(key.key)}}]
    olga = Colleague.objects.create(name="Ольга", phone="+{olga}")
    to_olga = {{"kind": "transfer", "name": "to_olga", "to": f"colleague:{{olga.key}}"}}
    words = Words(
        "ru",
        "Здравствуйте!",
        [],
        [],
        speech={{"ears": chosen, "mind": chosen}},
        tools=[to_olga | {{"whom": "Ольга", "when": ""}}],
    )
    support = Agent.objects.create(name="Поддержка")
    save_words(support, words, None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits"
    )
    rule = DispatchRule.objects.create(name="support", agent=support, room="support-")
    rule.numbers.add(PhoneNumber.objects.create(number="+{number}", trunk=trunk))
    wake("telephony.apply")
"""


class Connecting(Thinking):
    """It may be asked twice about the same words: the library begins before a turn has ended."""

    async def think(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        self.answers = [("Соединяю с Ольгой.", "to_olga", {"note": NOTE})]
        return await super().think(request, body)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({OLGA: "answer in clear"}, sound=beeps(OLGAS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def mind() -> Thinking:
    made = Connecting()
    made.hears = ASKED
    return made


@pytest.fixture(scope="module")
def system(provider: Provider, mind: Thinking) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    programs = (*PROGRAMS, "watchdog", "standby")
    with (
        in_thread(mind.answer) as url,
        running(*programs, PROVIDER_NETWORKS="127.0.0.1/32") as system,
    ):
        named = {"url": url, "olga": OLGA, "number": NUMBER}
        system.ask(LINE.format(provider=provider.address, **named))
        system.wait_for_line()
        yield system


@pytest.fixture(scope="module")
def request_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the caller says."""
    path = tmp_path_factory.mktemp("voice") / "request.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(engine().speak(ASKED, "ru", 140))
    return path


def told(system: System, user: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from agentworker.models import AgentRequest, StandIn, Turn
        from telephony.models import Call, CallEvent, Ring
        call = Call.objects.get(from_number="{user}")
        events = CallEvent.objects.filter(room_sid=call.room_sid).order_by("at")
        result = {{
            "outcome": [call.outcome, call.reason],
            "story": [each.kind for each in events.filter(source="staff")],
            "uses": [each.payload for each in events.filter(kind="tool")],
            "is_held": StandIn.objects.waits_in(call.room_sid),
            "request": list(AgentRequest.objects.values_list("state", "answer")),
            "notes": list(Ring.objects.values_list("note", flat=True)),
            "said": list(Turn.objects.order_by("at").values_list("speaker", "text")),
        }}
    """)
    return found


def test_a_caller_asks_for_a_person_and_talks_with_her(
    system: System, provider: Provider, mind: Thinking, request_wav: Path
) -> None:
    user = "79160000320"
    caller = system.dial(NUMBER, "listen:20", f"say:{request_wav}", "wait:90", user=user)
    wait_until(lambda: any(x.answered for x in provider.of(OLGA)), "her telephone did not ring", 80)
    (olga,) = provider.of(OLGA)
    # She hears who calls, and then they hear each other.
    wait_until(lambda: "people_taken" in told(system, user)["story"], "she has no call", 20)
    wait_until(lambda: not told(system, user)["is_held"], "they were not connected", 40)
    time.sleep(2)
    provider.hang_up(olga)
    heard = caller.result()
    assert heard["ended_by"] == "them"  # he is not left alone when she goes
    assert beeped(of_wav(caller.heard), OLGAS)
    wait_until(lambda: told(system, user)["outcome"][0] == "answered", "no outcome", 10)
    found = told(system, user)
    assert found["outcome"] == ["answered", "hung_up_by_colleague"]
    assert found["story"][0] == "staff_introduce"
    assert {"people_ring", "people_taken", "people_left"} <= set(found["story"])
    (use,) = found["uses"]
    assert (use["name"], use["kind"], use["ok"]) == ("to_olga", "transfer", True)
    assert found["request"] == [["done", "done"]] and found["notes"] == [NOTE]
    assert found["said"] == [
        ["agent", "Здравствуйте!"],
        ["caller", ASKED],
        ["agent", "Соединяю с Ольгой."],
    ]
    thought = [body for path, body, _headers in mind.asked if path.endswith("/completions")]
    assert thought[0]["messages"][0]["role"] == "system" and thought[0]["tools"]
