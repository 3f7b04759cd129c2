"""Real calls: our SIP caller, livekit-sip, livekit-server, and all of Veyra as it runs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agentworker.espeak import engine
from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

SUPPORT, SALES, EMPTY, SHARED = "74991124148", "74991124149", "74991124150", "74991124151"
UNKNOWN = "74991120000"

LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    hours = {"press": "1", "about": "Часы работы", "say": "Мы работаем с девяти до восемнадцати."}
    support, sales, empty = [Agent.objects.create(name=n) for n in ("Поддержка", "Sales", "Empty")]
    save_words(support, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [hours], []), None)
    save_words(sales, Words("en", "Hello! This is the sales department.", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    numbers = [
        PhoneNumber.objects.create(number=f"+7499112414{n}", trunk=trunk) for n in (8, 9)
    ] + [PhoneNumber.objects.create(number="+74991124150", trunk=trunk)]
    for number, agent in zip(numbers, (support, sales, empty)):
        rule = DispatchRule.objects.create(name=agent.name, agent=agent, room="support-room-")
        rule.numbers.add(number)
    shared = DispatchRule.objects.create(name="Together", agent=support, kind="direct", room="all")
    shared.numbers.add(PhoneNumber.objects.create(number="+74991124151", trunk=trunk))
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running() as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def conversation(system: System, user: str) -> dict[str, Any]:
    """The Session of a caller's call (its room's name ends with his number), and what is in it."""
    found: dict[str, Any] = system.ask(f"""
        from agentworker.models import Session, SessionEvent
        session = Session.objects.filter(room_name__contains="{user}").first()
        events = SessionEvent.objects.filter(room_name__contains="{user}")
        result = {{
            "room": events[0].room_name if events else "",
            "ended": session and session.ended_at,
            "agent": session and session.version.agent.name,
            "close_reason": session and session.close_reason,
            "turns": session and list(session.turns.values(
                "speaker", "text", "digit", "seconds", "interrupted",
                "delay_ms", "heard_ms", "thought_ms", "spoke_ms")),
            "events": [event.kind for event in events],
            "errors": [e.payload.get("error") for e in events if e.kind == "failed"],
        }}
    """)
    return found


def talked(system: System, user: str) -> dict[str, Any]:
    """The conversation once it is over."""
    wait_until(lambda: bool(conversation(system, user)["ended"]), "it goes on", 15)
    return conversation(system, user)


def ended_call(system: System, user: str) -> dict[str, Any]:
    """The Call of a caller, once it is over."""
    code = f"""
        from telephony.models import Call
        call = Call.objects.filter(from_number__contains="{user}").first()
        result = call and {{f: getattr(call, f) for f in (
            "state", "outcome", "answered_at", "reason", "detail", "answered_is_approximate")}}
    """
    wait_until(lambda: (system.ask(code) or {}).get("state") == "ended", "the call goes on", 15)
    found: dict[str, Any] = system.ask(code)
    return found


def rooms(system: System) -> list[str]:
    found: list[str] = system.ask("""
        from veyra.livekit.client import LiveKit
        with LiveKit.from_settings() as livekit:
            result = [room.name for room in livekit.list_rooms()]
    """)
    return found


def seconds_of(text: str, voice: str = "ru") -> float:
    return len(engine().speak(text, voice, 155)) / 2 / engine().rate


@pytest.fixture(scope="module")
def phrase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a caller says, as a WAV."""
    import wave

    path = tmp_path_factory.mktemp("voice") / "phrase.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(engine().speak("Здравствуйте, сколько стоит доставка?", "ru", 140))
    return path


def test_a_call_is_answered_in_russian_and_written_down(system: System, phrase: Path) -> None:
    user = "79160000001"
    heard = system.call(
        SUPPORT, "listen:20", "press:1", "wait:1", "listen:20", f"say:{phrase}", "wait:8", user=user
    )
    assert heard["status"] == 200
    greeting = "Здравствуйте! Вы позвонили в поддержку. Часы работы: нажмите 1."
    hours = "Мы работаем с девяти до восемнадцати."
    unheard = "Извините, я пока не понимаю слов. Часы работы: нажмите 1."
    spoken = sum(seconds_of(text) for text in (greeting, hours, unheard))
    # Pauses between the words are not voiced.
    assert 0.55 * spoken < heard["voiced_seconds"] < 1.1 * spoken
    assert heard["first_voice"] < heard["answered"] + 1.0

    found = talked(system, user)
    assert found["agent"] == "Поддержка"
    assert [(t["speaker"], t["text"], t["digit"]) for t in found["turns"]] == [
        ("agent", greeting, ""),
        ("caller", "", "1"),
        ("agent", hours, ""),
        ("caller", "", ""),
        ("agent", unheard, ""),
    ]
    said = found["turns"][3]
    assert 1.0 < said["seconds"] < 4.0
    by_key, by_voice = found["turns"][2], found["turns"][4]
    assert by_key["heard_ms"] is None and by_key["spoke_ms"] <= by_key["delay_ms"] < 1000
    assert 300 < by_voice["heard_ms"] <= by_voice["delay_ms"]
    assert by_voice["heard_ms"] + by_voice["spoke_ms"] <= by_voice["delay_ms"]
    assert {"started", "audio_heard_by_caller", "speech_started", "dtmf"} <= set(found["events"])
    wait_until(lambda: found["room"] not in rooms(system), "the room was still there", 5)

    call = ended_call(system, user)
    assert call["outcome"] == "answered"
    assert not call["answered_is_approximate"]
    answered = datetime.fromisoformat(call["answered_at"]).timestamp()
    assert abs(answered - heard["answered_at"]) < 0.1


def test_a_person_may_interrupt_the_greeting(system: System, phrase: Path) -> None:
    user = "79160000002"
    system.call(SUPPORT, "wait:1", f"say:{phrase}", "wait:3", user=user)
    first = talked(system, user)["turns"][0]
    assert first["interrupted"]


@pytest.mark.prove
def test_what_the_assistant_does_is_told_while_it_does_it(system: System, phrase: Path) -> None:
    user = "79160000022"
    watch = f"""
        import time
        from agentworker.models import Session
        result, end = [], time.monotonic() + 60
        sessions = Session.objects.filter(room_name__contains="{user}")
        while time.monotonic() < end and not sessions.exclude(ended_at=None).exists():
            doing = sessions.values_list("doing", flat=True).first()
            if doing and result[-1:] != [doing]:
                result.append(doing)
            time.sleep(0.05)
    """
    with ThreadPoolExecutor(1) as beside:
        seen = beside.submit(system.ask, watch)
        system.call(SUPPORT, "listen:20", f"say:{phrase}", "wait:8", user=user)
    told = iter(seen.result())
    assert all(doing in told for doing in ("speaking", "listening", "hearing", "speaking"))


@pytest.mark.prove
def test_the_hash_key_ends_the_call_with_a_goodbye(system: System) -> None:
    user = "79160000003"
    heard = system.call(SUPPORT, "wait:1", "press:#", "wait:20", user=user)
    assert heard["ended_by"] == "them"
    found = talked(system, user)
    assert found["close_reason"] == "goodbye"
    assert found["turns"][-1]["text"] == "До свидания!"


def test_an_unknown_number_is_a_refused_call_with_its_reason(system: System) -> None:
    user = "79160000004"
    heard = system.call(UNKNOWN, user=user, ring="5")
    assert heard["answered"] is None
    found = ended_call(system, user)
    assert (found["outcome"], found["reason"]) == ("rejected", "unknown_number")


def test_an_assistant_that_cannot_start_leaves_nobody_ringing(system: System) -> None:
    user = "79160000005"
    heard = system.call(EMPTY, user=user)
    assert heard["answered"] is None
    assert heard["ended"] < 5
    wait_until(lambda: "closed" in conversation(system, user)["events"], "no word of it", 5)
    assert "no published words" in conversation(system, user)["errors"][0]
    # The gateway's own word may come first; the assistant's report says more.
    wait_until(lambda: ended_call(system, user)["reason"] == "agent_failed", "no reason", 10)


@pytest.mark.prove
def test_two_callers_at_once_are_both_greeted_and_part_singly(system: System) -> None:
    first = system.dial(SUPPORT, "wait:4", user="79160000006")
    second = system.dial(SUPPORT, "wait:6", "press:1", "wait:1", "listen:10", user="79160000007")
    heard, also = first.result(), second.result()
    assert heard["voiced_seconds"] > 1 and also["voiced_seconds"] > 1
    assert (heard["ended_by"], also["ended_by"]) == ("us", "us")
    digits = [turn["digit"] for turn in talked(system, "79160000007")["turns"]]
    assert "1" in digits


@pytest.mark.prove
def test_who_joins_a_shared_room_is_greeted_and_outlasts_the_first(system: System) -> None:
    first = system.dial(SHARED, "listen:20", "wait:3", user="79160000010")
    time.sleep(6)
    second = system.dial(
        SHARED, "listen:20", "wait:5", "press:1", "wait:1", "listen:10", user="79160000011"
    )
    assert first.result()["voiced_seconds"] > 1
    heard = second.result()
    assert heard["ended_by"] == "us" and heard["voiced_seconds"] > 2
    wait_until(lambda: "all" not in rooms(system), "the room was still there", 5)
    code = """
        from agentworker.models import Turn
        turns = Turn.objects.filter(session__room_name="all").order_by("at", "pk")
        result = [(turn.speaker, turn.digit) for turn in turns]
    """
    wanted = [["agent", ""], ["agent", ""], ["caller", "1"], ["agent", ""]]
    wait_until(lambda: bool(system.ask(code) == wanted), f"not said: {wanted}", 5)


@pytest.mark.prove
def test_a_number_moved_to_another_assistant_takes_its_next_call_there(system: System) -> None:
    system.ask("""
        from telephony.models import DispatchRule, PhoneNumber
        from veyra.celery import wake
        support, sales = [DispatchRule.objects.get(name=n) for n in ("Поддержка", "Sales")]
        support.numbers.set(PhoneNumber.objects.filter(number="+74991124149"))
        sales.numbers.set(PhoneNumber.objects.filter(number="+74991124148"))
        wake("telephony.apply")
    """)
    time.sleep(2)
    system.wait_for_line(30)
    user = "79160000008"
    assert system.call(SUPPORT, "wait:3", user=user)["status"] == 200
    assert talked(system, user)["agent"] == "Sales"


def test_call_this_line_now_tells_what_it_heard(system: System) -> None:
    asked = system.ask("""
        from telephony import testcalls
        from telephony.models import PhoneNumber
        result = testcalls.ask(PhoneNumber.objects.get(number="+74991124149"), None).pk
    """)
    code = f"""
        from telephony.models import TestCall
        row = TestCall.objects.get(pk="{asked}")
        result = {{"state": row.state, "result": row.result, "heard": row.heard}}
    """
    wait_until(lambda: system.ask(code)["state"] in ("done", "failed"), "no result", 60)
    row = system.ask(code)
    assert row["state"] == "done", row
    assert float(row["result"]["values"]["answer"]) < 5
    assert (system.folder / "media" / row["heard"]).stat().st_size > 20_000


@pytest.mark.prove
def test_a_call_goes_on_while_its_worker_is_told_to_stop(system: System) -> None:
    user = "79160000009"
    caller = system.dial(SALES, "wait:6", "press:9", "wait:4", user=user)
    time.sleep(3)
    agent = system.processes.pop("agent")
    agent.terminate()
    heard = caller.result()
    assert heard["ended_by"] == "us" and heard["ended"] > 9
    assert agent.wait(20) == 0
    texts = [turn["digit"] for turn in talked(system, user)["turns"]]
    assert "9" in texts
    system.start_program("agent")
