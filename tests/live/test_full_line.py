"""Workers with a place for one call each: they share calls, and whoever finds none waits with music
until it is his turn.
"""

import time
from collections.abc import Iterator

import pytest

from tests.live.stack import missing, wait_until
from tests.live.system import System, running
from tests.live.test_nobody_alone import kill_worker, outcome, story, talks, told, waiting

pytestmark = [pytest.mark.live, pytest.mark.prove]

SUPPORT = "74991124148"
GREETING = "Здравствуйте! Вы позвонили в поддержку."
HOURS = "Мы работаем с девяти до восемнадцати."
LINE = f"""
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    agent = Agent.objects.create(name="Поддержка")
    menu = [{{"press": "1", "about": "Часы работы", "say": "{HOURS}"}}]
    save_words(agent, Words("ru", "{GREETING}", menu, []), None)
    rule = DispatchRule.objects.create(name="Поддержка", agent=agent, room="support-room-")
    rule.numbers.add(PhoneNumber.objects.create(number="+{SUPPORT}", trunk=trunk))
    wake("telephony.apply")
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    programs = ("web", "worker", "beat", "tap", "agent", "watchdog", "standby")
    with running(*programs, alone="agent", AGENT_CALLS="1") as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def workers_of(system: System, *users: str) -> list[str]:
    """Names of the workers that talk to these callers now."""
    found: list[str] = system.ask(f"""
        from agentworker.models import Worker
        jobs = {{job["room"]: row.name for row in Worker.objects.all() for job in row.jobs}}
        result = [
            next((name for room, name in jobs.items() if user in room), "")
            for user in {list(users)!r}
        ]
    """)
    return found


def lines(system: System, user: str) -> list[list[str]]:
    """What was said to this caller, and what he pressed, as (speaker, words or key)."""
    found: list[list[str]] = system.ask(f"""
        from agentworker.models import Turn
        rows = Turn.objects.filter(session__room_name__contains="{user}").order_by("at")
        result = [[row.speaker, row.text or row.digit] for row in rows]
    """)
    return found


def is_over(system: System, user: str) -> bool:
    over: bool = system.ask(f"""
        from telephony.models import Call
        result = Call.objects.filter(from_number="{user}", state="ended").exists()
    """)
    return over


def is_free(system: System) -> bool:
    free: bool = system.ask("""
        from agentworker.models import Worker
        result = not any(row.jobs for row in Worker.objects.all())
    """)
    return free


def test_who_finds_all_assistants_busy_waits_with_music_and_is_answered_in_his_turn(
    system: System,
) -> None:
    first = system.dial(SUPPORT, "wait:16", user="79160000301")
    wait_until(lambda: talks(system, "79160000301"), "nobody spoke")
    second = system.dial(SUPPORT, "wait:28", user="79160000302")
    time.sleep(1)
    third = system.dial(SUPPORT, "wait:12", "press:1", "wait:10", user="79160000303")
    heard = second.result()
    assert first.result()["ended_by"] == "us"
    assert heard["answered"] < 5 and heard["first_voice"] < heard["answered"] + 2
    assert talks(system, "79160000302") and not talks(system, "79160000303")
    queued = [kind for kind in story(system, "79160000302") if kind in ("queued", "hold_over")]
    assert queued == ["queued", "hold_over"]
    wait_until(lambda: outcome(system, "79160000302")[0] == "answered", "no outcome", 10)
    assert waiting(system, "79160000302") == []
    # Who does not want to wait presses 1.
    assert third.result()["ended_by"] == "them"
    wait_until(lambda: waiting(system, "79160000303") == ["asked_back"], "not noted", 10)


def test_two_workers_share_calls_and_where_one_dies_the_other_takes_new_ones(
    system: System,
) -> None:
    wait_until(lambda: is_free(system), "a call goes on", 20)
    system.start_program("second agent")
    wait_until(lambda: "registered" in system.log("second agent"), "no second worker", 60)
    users = ["79160000311", "79160000312"]
    calls = [system.dial(SUPPORT, "wait:8", user=user) for user in users]
    wait_until(lambda: all(workers_of(system, *users)), "nobody came")
    names = workers_of(system, *users)
    assert "second" in names and len(set(names)) == 2
    assert all(call.result()["answered"] < 3 for call in calls)
    wait_until(lambda: is_free(system), "a call goes on", 20)
    kill_worker(system, "second agent")
    heard = system.call(SUPPORT, "wait:3", user="79160000313")
    # The watchdog, which looks after five seconds, had nothing to mend.
    assert told(system, "79160000313") == []
    assert heard["answered"] < 2


@pytest.mark.prove
def test_of_a_worker_that_is_killed_every_finished_line_is_kept(system: System) -> None:
    user = "79160000331"
    wait_until(lambda: is_free(system), "a call goes on", 20)
    caller = system.dial(SUPPORT, "listen:20", "press:1", "wait:30", user=user)
    wait_until(lambda: ["agent", HOURS] in lines(system, user), "no answer", 40)
    before = lines(system, user)
    kill_worker(system)
    caller.process.terminate()
    system.start_program("agent")
    wait_until(lambda: is_over(system, user), "the conversation has no end", 60)
    assert lines(system, user) == before and len(before) == 3
