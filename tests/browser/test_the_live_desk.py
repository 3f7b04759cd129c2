"""A day at the live desk, on the real stack: a supervisor listens to a real call, hints, joins and
transfers it; a refused call is mended, an assistant dies; and who has no right gets nowhere.
"""

import asyncio
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_ear import (
    COME_BACK,
    HEARD,
    OUR_TONE,
    Launch,
    answered,
    end,
    launch,
    listeners,
    open_call,
    sounds,
)
from tests.journal.caller import SILENCE
from tests.live.sound import beeps, share
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running
from tests.live.test_hands import Line
from tests.live.test_nobody_alone import has_greeted, kill_job, voice_after
from tests.live.test_nobody_alone import told as deeds

__all__ = ["launch", "sounds"]

pytestmark = pytest.mark.live

OURS, UNKNOWN = "74991124148", "74991120000"
CALLERS_TONE = 700
BYTES_A_SECOND = 8000  # of µ-law
DESK = f"""
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from django.contrib.auth.models import Group, Permission
    from django.utils import timezone
    from monitoring import roles
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake
    from veyra.models import User

    roles.make()
    people = {{"boss": "Supervisor", "engineer": "Owner", "guest": "Viewer"}}
    for name, role in people.items():
        person = User.objects.create_user(
            name, password="secret", is_staff=True, language="en", set_up_at=timezone.now())
        person.groups.set(Group.objects.filter(name=role))
    # Whoever a command has made may put his second factor off for some days.
    User.objects.filter(username="engineer").update(is_superuser=True)
    trainee = User.objects.create_user(
        "trainee", password="secret", is_staff=True, language="en", set_up_at=timezone.now())
    rights = ("view_call", "listen_call")
    trainee.user_permissions.set(Permission.objects.filter(codename__in=rights))
    hours = {{"press": "1", "about": "Hours", "say": "We are open from nine."}}
    agent = Agent.objects.create(name="Support")
    save_words(agent, Words("en", "Hello! You have reached the support line.", [hours], []), None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="127.0.0.1:9", out_refer=True,
        out_ringing=5)
    PhoneNumber.objects.create(number="+{OURS}", trunk=trunk)
    rule = DispatchRule.objects.create(name="Everybody", agent=agent, room="support-room-")
    rule.trunks.add(trunk)
    wake("telephony.apply")
"""
PUBLISHED = """
    from telephony.models import PhoneNumber, PublishedObject
    states = list(PublishedObject.objects.filter(kind="number").values_list("state", flat=True))
    result = len(states) == PhoneNumber.objects.count() and set(states) == {"live"}
"""
# Doors to a call and to what is kept of calls; what they are asked for is written as their pages
# write it. All that there are: tests/people/matrix.txt.
OF_A_CALL = ("listen", "join", "hang-up", "hint", "transfer", "introduce", "block", "unblock")
DOORS = (
    *(f"/calls/{{call}}/{each}/" for each in OF_A_CALL),
    *("/visits/trial/", "/calls-out/", "/calls/files/ask/", "/report/weekly/"),
    *("/calls/files/{any}/cancel/", "/calls-out/{any}/enter/", "/numbers/1/call/browser/"),
)
# These are for him for whom a call rings, or who is at it: others change nothing by them. Who is
# too late, and so whoever is not rung, may well say that he declines.
OF_OTHERS = {
    "/rings/{ring}/take/": 409,
    "/rings/{ring}/decline/": 204,
    "/visits/{visit}/stay/": 404,
    "/visits/{visit}/leave/": 404,
}
BOSS_IS_ONE = """
    from telephony.models import Colleague
    from veyra.models import User

    boss = User.objects.get(username="boss")
    result = Colleague.objects.create(name="Boss", user=boss, in_browser=True).pk
"""
HE_IS_RUNG = """
    from telephony import ringing
    from telephony.colleagues import Found
    from telephony.models import Call, Ring

    call = Call.objects.get(pk="{call}")
    ring = ringing.begin(call, Ring.Why.TRANSFER, [Found({boss}, 60)])
    result = {{"ring": str(ring.pk), "visit": str(call.visits.get().pk)}}
"""
OF_HIM = """
    from telephony.models import Ring, Visit

    ring = Ring.objects.values("state", "place", "next_at", "taken_by").get(pk="{ring}")
    visit = Visit.objects.values("left_at").get(pk="{visit}")
    result = [str(ring), str(visit)]
"""
KNOCK = """
    async (door) => {
        const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
        const headers = { "X-CSRFToken": token };
        const body = new URLSearchParams({ ticket: crypto.randomUUID(), text: "x", to: "112" });
        return (await fetch(door, { method: "POST", headers, body })).status;
    }
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS, "watchdog", "standby") as system:
        system.ask(DESK)
        published(system)
        yield system


def published(system: System) -> None:
    wait_until(lambda: bool(system.ask(PUBLISHED)), "the line was not published", 60)


@contextmanager
def greeted(system: System) -> Iterator[Line]:
    """A call in which the assistant has said its greeting."""
    line = Line(system, f"7916{uuid.uuid4().int % 10**7:07}")
    try:
        assert line.status() == 200
        said = "Turn.objects.filter(session__room_sid=call.room_sid, speaker='agent').exists()"
        line.until(f"call and call.state == 'answered' and {said}", "nobody greeted the caller")
        yield line
    finally:
        line.hang_up()


def test_a_supervisor_listens_hints_joins_and_transfers(launch: Launch, system: System) -> None:
    with greeted(system) as line:
        page = open_call(launch(), system, line.ask("result = str(call.pk)"))
        hears_the_caller(page, line)
        hints(page, line)
        is_heard_by_the_caller(page, line)
        transfers(page, line)
        line.until("call.state == 'ended'", "the call goes on")
        assert line.ask("result = call.outcome") == "answered"


def hears_the_caller(page: Page, line: Line) -> None:
    line.phone.says = beeps(CALLERS_TONE)
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("#ear [role=status]")).to_contain_text("You are listening", timeout=15_000)
    heard = page.evaluate(HEARD, 7)
    line.phone.says = SILENCE
    assert len([hertz for hertz in heard if abs(hertz - CALLERS_TONE) < 20]) > 10, heard


def hints(page: Page, line: Line) -> None:
    hands = page.locator("#hands")
    hands.get_by_text("Hint to the assistant").click()
    hands.get_by_label("What should the assistant know?").fill("Today we are closed.")
    hands.get_by_role("button", name="Give the hint").click()
    heard = "CallEvent.objects.of_hints(call).filter(kind='hint_heard').exists()"
    line.until(heard, "the assistant did not read the hint")
    line.press("1")
    # The beeps that he heard may be answered with the hint already, before the key is.
    answer = page.locator(".vy-turn.vy-ours", has_text="Today we are closed.")
    expect(answer.first).to_be_visible(timeout=20_000)


def is_heard_by_the_caller(page: Page, line: Line) -> None:
    page.get_by_role("button", name="Leave the call").click()
    page.get_by_role("button", name="Join the talk").click()
    page.get_by_role("dialog").get_by_role("button", name="Join").click()
    status = page.locator("#ear [role=status]")
    expect(status).to_contain_text("You are in the talk", timeout=15_000)
    heard = line.phone.ear.heard

    def is_our_tone() -> bool:
        return share(bytes(heard[-3 * BYTES_A_SECOND :]), OUR_TONE) > 0.5

    wait_until(is_our_tone, "the caller does not hear who joined", 20)
    page.get_by_role("button", name="Leave the call").click()
    expect(status).to_have_text("You have left the call.")


def transfers(page: Page, line: Line) -> None:
    hands = page.locator("#hands")
    hands.get_by_text("Transfer", exact=True).click()
    hands.get_by_label("Connect the caller with").fill("8 (916) 000-00-01")
    hands.get_by_role("button", name="Transfer the call").click()
    expect(hands.get_by_text(re.compile("taken the call"))).to_be_visible(timeout=20_000)
    assert "+79160000001" in line.phone.refer_to
    line.do(asyncio.wait_for(line.phone.gone.wait(), 10))


def test_a_refused_call_is_mended_by_one_click_and_the_next_one_is_answered(
    page: Page, system: System
) -> None:
    calls_as = "79161230001"
    assert system.call(UNKNOWN, "listen:5", user=calls_as)["status"] != 200
    log_in(page, system, "engineer")
    line = page.locator(".vy-refusal")

    def is_told() -> bool:
        page.goto(f"{system.url}/turned-away/")
        return line.count() == 1

    wait_until(is_told, "the refused call was not told", 20)
    expect(line).to_contain_text("+7 916 123-00-01 → +7 499 112-00-00")
    expect(line).to_contain_text("We have no number +7 499 112-00-00")
    page.get_by_role("button", name="Add +7 499 112-00-00 to “trunk1”").click()
    expect(page.get_by_text("Call once more.")).to_be_visible()
    published(system)

    page.reload()
    expect(line).to_contain_text("Mended")
    heard = system.call(UNKNOWN, "listen:4", user=calls_as)
    assert heard["status"] == 200 and heard["voiced_seconds"] > 1


@pytest.mark.prove
def test_an_assistant_is_killed_and_the_caller_is_answered_again(
    page: Page, system: System
) -> None:
    user = "79160000201"
    log_in(page, system, "boss")
    page.goto(f"{system.url}/live/")
    caller = system.dial(OURS, "listen:20", "wait:30", user=user)
    wait_until(lambda: has_greeted(system, user), "nobody spoke")
    expect(page.locator(".vy-call", has_text="+7 916 000-02-01")).to_be_visible()
    time.sleep(2)  # a voice counts as a new one after a pause
    kill_job(system, user)
    killed = time.time()
    heard = caller.result()
    assert deeds(system, user) == ["assistant_sent_again"]
    assert voice_after(heard, killed) < 8


@pytest.mark.prove
def test_who_has_no_right_sees_no_button_and_gets_403_at_every_door(
    launch: Launch, system: System
) -> None:
    with greeted(system) as line:
        call = line.ask("result = str(call.pk)")
        page = open_call(launch(), system, call, "guest")
        for part in ("#ear", "#hands"):
            assert page.locator(part).count() == 0
        assert knock(page, DOORS, call=call, any=uuid.uuid4()) == dict.fromkeys(DOORS, 403)
        assert line.ask("result = call.state") == "answered"


@pytest.mark.prove
def test_a_call_that_rings_for_a_colleague_is_his_alone(launch: Launch, system: System) -> None:
    with greeted(system) as line:
        call, colleague = line.ask("result = str(call.pk)"), system.ask(BOSS_IS_ONE)
        boss, guest = (open_call(launch(), system, call, name) for name in ("boss", "guest"))
        boss.get_by_role("button", name="Listen").click()
        listens = boss.locator("#ear [role=status]")
        expect(listens).to_contain_text("You are listening", timeout=15_000)
        names = system.ask(HE_IS_RUNG.format(call=call, boss=colleague))
        expect(boss.locator(".vy-bell-card")).to_be_visible(timeout=15_000)
        before = system.ask(OF_HIM.format(**names))
        assert knock(guest, OF_OTHERS, **names) == OF_OTHERS
        assert system.ask(OF_HIM.format(**names)) == before
        expect(listens).to_contain_text("You are listening")


def knock(page: Page, doors: Iterable[str], **names: object) -> dict[str, int]:
    """What each answers."""
    return {door: page.evaluate(KNOCK, door.format(**names)) for door in doors}


@pytest.mark.prove
def test_whose_right_is_withdrawn_is_taken_out_of_the_call(launch: Launch, system: System) -> None:
    user = "79160000202"
    caller = system.dial(OURS, "listen:20", "wait:60", user=user)
    call = answered(system, user)
    page = open_call(launch(), system, call["pk"], "trainee")
    with page.expect_response("**/listen/") as answer:
        page.get_by_role("button", name="Listen").click()
    expect(page.locator("#ear [role=status]")).to_contain_text("You are listening", timeout=15_000)
    system.ask("""
        from veyra.models import User
        rights = User.objects.get(username="trainee").user_permissions
        rights.remove(rights.get(codename="listen_call"))
    """)
    expect(page.locator("#ear [role=alert]")).to_be_visible(timeout=15_000)
    assert not page.locator("#ear audio").count()
    wait_until(lambda: not listeners(system, call["pk"]), "he is still in the room", 5)
    # A page that is not ours may keep the token, which is good for two minutes.
    page.evaluate(COME_BACK, answer.value.json())
    wait_until(lambda: not listeners(system, call["pk"]), "he came back to stay", 15)
    end(caller)


def log_in(page: Page, system: System, name: str) -> None:
    page.goto(f"{system.url}/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
