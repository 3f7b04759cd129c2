"""Providers fail in real calls, in each way that they can: the caller hears a voice every time."""

import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from agentworker.espeak import engine
from agentworker.last_words import words, words_of_call_back
from tests.agent.talking import in_thread
from tests.live.callee import Provider
from tests.live.sound import VOICED_RMS, beeped, beeps, of_wav
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running
from tests.providers.servers import OpenAILike

pytestmark = [pytest.mark.live, pytest.mark.prove]

OLGA, OLGAS = "79160000401", 2300
QUESTION = "Сколько стоит чистка зубов?"
# What a provider does -> what is told of it.
MOODS = {
    "stall": "unreachable",
    "cut": "unreachable",
    "401": "refused",
    "403": "country",
    "429": "quota",
    "500": "broken",
    "garbage": "garbage",
}
# Who is bad at what: the last digits of a number that is answered so.
NUMBERS = {f"voice {mood}": f"7499112{4200 + place}" for place, mood in enumerate(MOODS)} | {
    "voice with a reserve": "74991124210",
    "mind": "74991124211",
    "mind with a reserve": "74991124212",
    "ears": "74991124213",
    "voice with a colleague": "74991124214",
}
LINE = """
    from agentworker.keys import ProviderKey
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import Colleague, DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    olga = Colleague.objects.create(name="Ольга", phone="+{olga}")
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits"
    )
    chosen = {{}}
    for mood in {moods}:
        base = "{url}/" + mood + "/v1"
        key = ProviderKey.objects.create(
            name=mood,
            provider="openai_compatible",
            settings={{"mind_url": base, "ears_url": base, "voice_url": base}},
        )
        chosen[mood] = {{"provider": "openai_compatible", "key": str(key.key)}}
    ours, well = {{"provider": "offline"}}, chosen["well"]
    for name, number in {numbers}.items():
        part, _blank, mood = name.partition(" ")
        bad = chosen.get(mood, chosen["500"])
        rows = [bad, well if part == "mind" else ours] if "reserve" in name else [bad]
        speech = {{"ears": [well], "mind": [well], "voice": [ours]}} | {{part: rows}}
        agent = Agent.objects.create(name=name)
        save_words(agent, Words("ru", "Здравствуйте! Клиника.", [], [], speech=speech), None)
        values = {{"room": name.replace(" ", "-") + "-"}}
        if "colleague" in name:
            values["fallback_colleague"] = olga
        rule = DispatchRule.objects.create(name=name, agent=agent, **values)
        rule.numbers.add(PhoneNumber.objects.create(number="+" + number, trunk=trunk))
    wake("telephony.apply")
"""


class EachMood(OpenAILike):
    """The mood is the first part of the address that is asked."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return await replace(self, mood=request.path.split("/")[1]).as_itself(request)

    async def as_itself(self, request: web.Request) -> web.StreamResponse:
        return await super().answer(request)


@pytest.fixture(scope="module")
def colleague() -> Iterator[Provider]:
    with Provider({OLGA: "answer in clear"}, sound=beeps(OLGAS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(colleague: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    server = EachMood(says="Чистка стоит пять тысяч рублей.", hears=QUESTION)
    programs = (*PROGRAMS, "watchdog", "standby")
    with (
        in_thread(server.answer) as url,
        running(*programs, PROVIDER_NETWORKS="127.0.0.1/32") as system,
    ):
        named = {"url": url, "olga": OLGA, "moods": [*MOODS, "well"], "numbers": NUMBERS}
        system.ask(LINE.format(provider=colleague.address, **named))
        system.wait_for_line()
        yield system


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voice") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(engine().speak(QUESTION, "ru", 140))
    return path


def told(system: System, user: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from agentworker.models import StandIn, Turn
        from telephony.models import Call, CallBack, CallEvent
        call = Call.objects.get(from_number="{user}")
        events = CallEvent.objects.filter(room_sid=call.room_sid).order_by("at")
        failing = events.filter(kind="provider").values_list("payload", flat=True)
        result = {{
            "outcome": [call.outcome, call.reason],
            "kinds": list(events.values_list("kind", flat=True)),
            "failed": sorted([x["part"], x["error"]] for x in failing if x["state"] == "failed"),
            "said": list(
                Turn.objects.filter(session__room_sid=call.room_sid, speaker="agent")
                .order_by("at").values_list("text", flat=True)
            ),
            "asked_back": StandIn.objects.filter(
                room_sid=call.room_sid, asked_back_at__isnull=False
            ).exists(),
            "call_backs": CallBack.objects.filter(caller="+{user}").count(),
        }}
    """)
    return found


def voiced(path: Path) -> float:
    """Seconds in which something was heard."""
    heard = of_wav(path).astype(float)
    parts = heard[: len(heard) // 160 * 160].reshape(-1, 160)
    return float((np.sqrt((parts**2).mean(axis=1)) > VOICED_RMS).sum() * 0.02)


def ended(system: System, user: str) -> dict[str, Any]:
    wait_until(lambda: bool(told(system, user)["outcome"][0]), "no outcome", 15)
    return told(system, user)


def test_whose_voice_fails_leaves_nobody_in_silence(system: System) -> None:
    """In each way; by twos, as many as a small machine carries."""
    moods = list(MOODS)
    for start in range(0, len(moods), 2):
        callers = {
            mood: system.dial(
                NUMBERS[f"voice {mood}"], "listen:25", "wait:15", user=f"7916000050{start + place}"
            )
            for place, mood in enumerate(moods[start : start + 2])
        }
        for place, (mood, caller) in enumerate(callers.items()):
            result = caller.result(120)
            assert result["status"] == 200, (mood, result)
            assert voiced(caller.heard) > 2, mood
            found = ended(system, f"7916000050{start + place}")
            assert found["failed"] == [["voice", MOODS[mood]]], mood
            assert {"broken", "stood_in"} <= set(found["kinds"]), mood
            assert found["call_backs"] == 1, "nobody is lost"


def test_a_voice_with_a_reserve_greets(system: System) -> None:
    user = "79160000510"
    result = system.call(NUMBERS["voice with a reserve"], "listen:12", user=user)
    assert result["status"] == 200 and result["voiced_seconds"] > 1
    found = ended(system, user)
    assert found["failed"] == [["voice", "broken"]] and "stood_in" not in found["kinds"]
    assert found["said"][0] == "Здравствуйте! Клиника."


def test_whose_mind_fails_is_offered_a_call_and_takes_it(system: System, question: Path) -> None:
    user = "79160000511"
    steps = ("listen:8", f"say:{question}", "wait:9", "press:1", "listen:12", "wait:5")
    caller = system.dial(NUMBERS["mind"], *steps, user=user)
    result = caller.result(120)
    assert result["ended_by"] == "them"
    found = ended(system, user)
    assert found["failed"] == [["mind", "broken"]] and found["asked_back"]
    assert found["outcome"] == ["failed", "asked_back"]
    offer = words("ru", mid_call=True, will_call_back=True, offers_call_back=True)
    assert offer.endswith("нажмите один.") and words_of_call_back("ru")
    assert voiced(caller.heard) > 4


def test_a_mind_with_a_reserve_answers(system: System, question: Path) -> None:
    user = "79160000512"
    steps = ("listen:8", f"say:{question}", "listen:12")
    system.call(NUMBERS["mind with a reserve"], *steps, user=user)
    found = ended(system, user)
    assert found["failed"] == [["mind", "broken"]]
    assert [text.strip() for text in found["said"]][1] == "Чистка стоит пять тысяч рублей."


def test_whose_ears_fail_leaves_nobody_in_silence(system: System, question: Path) -> None:
    user = "79160000513"
    steps = ("listen:8", f"say:{question}", "listen:20", "wait:20")
    caller = system.dial(NUMBERS["ears"], *steps, user=user)
    assert caller.result(120)["ended_by"] == "them"
    found = ended(system, user)
    assert found["failed"] == [["ears", "broken"]] and "stood_in" in found["kinds"]
    assert voiced(caller.heard) > 4


def test_where_the_rule_names_a_colleague_the_caller_is_given_to_her(
    system: System, colleague: Provider
) -> None:
    user = "79160000514"
    caller = system.dial(NUMBERS["voice with a colleague"], "wait:60", user=user)
    wait_until(lambda: any(x.answered for x in colleague.of(OLGA)), "she was not rung", 40)
    (olga,) = colleague.of(OLGA)
    wait_until(lambda: "people_taken" in told(system, user)["kinds"], "she has no call", 30)
    wait_until(lambda: len(olga.heard) > 0, "she hears nothing", 20)
    time.sleep(14)
    colleague.hang_up(olga)
    caller.result(120)
    assert len(beeped(of_wav(caller.heard), OLGAS)) >= 2
    found = ended(system, user)
    assert found["failed"] == [["voice", "broken"]] and "on_hold" in found["kinds"]
