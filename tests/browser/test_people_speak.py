"""One of us speaks in his browser: in a call that he takes, and in one that he places."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.browser.test_ear import CALLERS_TONE, HEARD, OUR_TONE, share, tone
from tests.live.callee import Provider
from tests.live.sound import VOICED_RMS, of_wav
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running
from tests.live.test_call import SUPPORT

pytestmark = pytest.mark.live

PICKS_UP = "79160000001"
LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from django.contrib.auth.models import Permission
    from django.utils import timezone
    from telephony.models import Colleague, DispatchRule, Member, PhoneNumber, Team, Trunk
    from veyra.celery import wake
    from veyra.models import User

    support = Agent.objects.create(name="Поддержка")
    save_words(support, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [], []), None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits")
    number = PhoneNumber.objects.create(number="+74991124148", label="Support", trunk=trunk)
    rule = DispatchRule.objects.create(name="Поддержка", agent=support, room="support-room-")
    rule.numbers.add(number)
    team = Team.objects.create(name="Accounts")
    for place, name in enumerate(("anna", "boris")):
        user = User.objects.create_user(
            name, password="secret", is_staff=True, language="en", set_up_at=timezone.now())
        rights = ["view_call", "add_outboundcall", "view_callback"]
        user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        one = Colleague.objects.create(name=name.capitalize(), user=user)
        Member.objects.create(team=team, colleague=one, place=place, seconds=30)
    wake("telephony.apply")
"""
RING = """
    import uuid
    from telephony import acting
    from telephony.models import Call, Team
    call = Call.objects.get(from_number__contains="{user}")
    params = {{"team": Team.objects.get().pk, "note": "He asks about his invoice"}}
    acting.ask(call, "introduce", params, None, uuid.uuid4())
"""
CALL = """
    from telephony.models import Call, CallEvent
    call = Call.objects.filter({wanted}).first()
    facts = CallEvent.objects.filter(room_sid=call.room_sid).order_by("at", "pk") if call else []
    result = call and {{
        "state": call.state, "outcome": call.outcome, "reason": call.reason,
        "told": [e.kind for e in facts if e.source in ("staff", "agent", "observer")],
    }}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider({PICKS_UP: "answer"}) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(provider: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS, "watchdog", "standby") as system:
        system.ask(LINE.format(provider=provider.address))
        system.wait_for_line()
        yield system


@pytest.fixture
def browser_of_ours(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Browser]:
    """Its microphone plays our tone."""
    microphone = f"--use-file-for-fake-audio-capture={tone(tmp_path / 'ours.wav', OUR_TONE, 4)}"
    args = [*browser_type_launch_args["args"], microphone]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
    yield browser
    browser.close()


def opened(context: BrowserContext, system: System, person: str, path: str) -> Page:
    page = context.new_page()
    page.goto(f"{system.url}/admin/login/?next={path}")
    page.fill("[name=username]", person)
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"**{path}")
    return page


def call_of(system: System, wanted: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(CALL.format(wanted=wanted))
    return found or {"state": "", "told": []}


def test_a_colleague_to_whom_a_call_is_introduced_answers_in_his_browser(
    browser_of_ours: Browser, system: System, tmp_path: Path, picture: Callable[[Page, str], None]
) -> None:
    user, said = "79160000201", tone(tmp_path / "caller.wav", CALLERS_TONE, 40)
    caller = system.dial(SUPPORT, f"say:{said}", user=user)
    began = time.monotonic()
    wanted = f'from_number__contains="{user}"'
    spoken = "speech_started"
    rung = opened(browser_of_ours.new_context(locale="en-GB"), system, "anna", "/admin/")
    other = opened(browser_of_ours.new_context(locale="en-GB"), system, "boris", "/live/")
    wait_until(lambda: spoken in call_of(system, wanted)["told"], "nobody greeted", 30)
    system.ask(RING.format(user=user))
    card = rung.locator(".vy-bell-card")
    expect(card).to_contain_text("+7 916 000-02-01", timeout=15_000)
    expect(card).to_contain_text("He asks about his invoice")
    expect(rung).to_have_title(r"☎ A call for you: " + rung.title().split(": ", 1)[-1])
    picture(rung, "incoming-card")
    # The caller hears music meanwhile.
    wait_until(lambda: "on_hold" in call_of(system, wanted)["told"], "no music", 15)
    held = time.monotonic() - began
    rung.wait_for_timeout(3000)
    card.get_by_role("link", name="Answer").click()
    status = rung.locator("#ear [role=status]")
    expect(status).to_contain_text("You are in the talk", timeout=15_000)
    taken = time.monotonic() - began
    assert other.locator(".vy-bell-card").count() == 0
    heard = rung.evaluate(HEARD, 6)
    assert sum(abs(hertz - CALLERS_TONE) < 20 for hertz in heard) > 10, heard
    rung.get_by_role("button", name="Leave the call").click()
    result = caller.result()
    wait_until(lambda: call_of(system, wanted)["state"] == "ended", "it goes on", 20)
    told = call_of(system, wanted)["told"]
    assert {"people_taken", "hold_over", "people_left"} <= set(told)
    between = slice(*(int((at - result["answered"]) * 8000) for at in (held, taken - 1)))
    assert np.sqrt(np.mean(of_wav(caller.heard)[between].astype(float) ** 2)) > VOICED_RMS
    start = taken - result["answered"] + 1
    assert share(caller.heard, OUR_TONE, start, start + 2) > 0.5


def test_who_speaks_in_his_browser_is_there_before_the_telephone_rings(
    browser_of_ours: Browser, system: System, provider: Provider
) -> None:
    page = opened(browser_of_ours.new_context(locale="en-GB"), system, "anna", "/calls-out/")
    page.get_by_label("Whom to call").fill(PICKS_UP)
    page.get_by_text("I, here in the browser").click()
    expect(page.get_by_label("Assistant", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Place the call").click()
    status = page.locator("#ear [role=status]")
    expect(status).to_contain_text("You are on the line", timeout=15_000)
    expect(page.locator("#call-out")).to_contain_text("Talking", timeout=20_000)
    (telephone,) = provider.of(PICKS_UP)
    wait_until(lambda: telephone.voiced > 1, "the person called hears nothing", 10)
    wanted = f'to_number="+{PICKS_UP}"'
    assert "started" not in call_of(system, wanted)["told"]
    # Who closes the page ends the call.
    page.goto("about:blank")
    wait_until(telephone.over.is_set, "it goes on", 10)
    # Why it ended is known when LiveKit's own word has come, too.
    by_us = "hung_up_by_staff"
    wait_until(lambda: call_of(system, wanted).get("reason") == by_us, "it is not told", 20)
    assert call_of(system, wanted)["outcome"] == "answered"
