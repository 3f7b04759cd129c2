"""A person reads a call while it goes on: what he looks for stays in its place as lines come."""

import re

from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Session, Speaker, Turn
from telephony.models import Call, Leg
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra import live
from veyra.models import User


def talking() -> Call:
    """A caller and the assistant, in the middle of their talk; and somebody to read it."""
    User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=timezone.now())
    now = timezone.now()
    call = Call.objects.create(
        to_number="74991124148", state="answered", started_at=now, answered_at=now
    )
    Leg.objects.create(call=call, role=Leg.Role.CALLER, sip_call_id="SCL_1")
    Session.objects.create(job_id="AJ_1", sip_call_id="SCL_1", started_at=now)
    for text in ("Где моя доставка?", "Сейчас посмотрю.", "О доставке мне писали."):
        say(text)
    return call


def say(text: str) -> None:
    session = Session.objects.get()
    name = f"AJ_1:{session.turns.count()}"
    Turn.objects.create(
        session=session, turn_id=name, speaker=Speaker.CALLER, text=text, at=timezone.now()
    )
    live.changed("session", session.pk)


def test_words_are_found_while_the_talk_goes_on(page: Page, site: Site) -> None:
    call = site.do(talking)
    log_in(page, site)
    page.goto(f"{site.url}/calls/{call.pk}/")
    lines, found = page.locator(".vy-turn"), page.locator(".vy-turn mark")
    wanted = page.get_by_role("searchbox")
    wanted.fill("доставку")
    expect(found).to_have_text(["доставка", "доставке"])
    expect(page).to_have_url(re.compile("q="))
    wanted.press("Enter")
    here = page.locator(".vy-turn.vy-here")
    expect(here).to_have_text(re.compile("Где моя доставка"))
    wanted.press("Enter")
    expect(here).to_have_text(re.compile("О доставке мне писали"))
    page.locator("details.vy-details summary").last.click()
    site.do(lambda: say("Доставки всё нет."))
    expect(lines).to_have_count(4, timeout=10_000)
    expect(found).to_have_text(["доставка", "доставке", "Доставки"])
    expect(wanted).to_have_value("доставку")
    expect(page.locator("details.vy-details").last).to_have_attribute("open", "")
    wanted.fill("")
    expect(found).to_have_count(0)
