"""A call comes, talks and goes on the board and on its page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from agentworker.models import Agent, AgentVersion, Session, Speaker, Turn
from telephony.models import DispatchRule, PhoneNumber, Trunk
from tests.browser.conftest import Site, Web, work
from tests.browser.test_first_login import log_in
from veyra import live
from veyra.models import User

CALLER, NUMBER, ADDRESS = "+79161230001", "+74991124148", "10.0.0.1"
GREETING = "Здравствуйте! Вы позвонили в поддержку."
PRICE = "Сколько стоит доставка?"


def save_line() -> None:
    agent = Agent.objects.create(name="Поддержка")
    AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting=GREETING)
    trunk = Trunk.objects.create(name="Novofon", addresses=ADDRESS)
    PhoneNumber.objects.create(number=NUMBER, label="Поддержка", trunk=trunk)
    rule = DispatchRule.objects.create(name="Все звонки", agent=agent, room="support-room-")
    rule.trunks.add(trunk)


@pytest.fixture
def line(site: Site) -> Site:
    """A published line, somebody to speak for it, and a person of each language."""

    def people() -> None:
        work()
        for name, language in (("admin", "ru"), ("anna", "en")):
            user = User.objects.create_superuser(name, "", "secret", language=language)
            User.objects.filter(pk=user.pk).update(set_up_at=user.date_joined)

    site.do(people)
    site.do(save_line)
    site.publish()
    return site


def say(site: Site, told: dict[str, Any], speaker: str, text: str) -> None:
    """A turn as the assistant's worker ships it."""

    def ship() -> None:
        session, _new = Session.objects.get_or_create(
            job_id=told["job_id"],
            defaults={
                "version": AgentVersion.objects.get(),
                "sip_call_id": told["sip_call_id"],
                "started_at": timezone.now(),
            },
        )
        Turn.objects.create(
            session=session,
            turn_id=f"{told['job_id']}/{session.turns.count()}",
            speaker=speaker,
            text=text,
            at=timezone.now(),
        )
        live.changed("session", session.pk)

    site.do(ship)


def open_board(page: Page, site: Site, name: str = "admin") -> None:
    log_in(page, site, name)
    page.goto(f"{site.url}/live/")
    expect(page.locator("#link")).to_have_class(re.compile("vy-good"))


def test_a_call_rings_talks_and_leaves_the_board(
    page: Page,
    line: Site,
    browser: Browser,
    picture: Callable[[Page, str], None],
) -> None:
    open_board(page, line)
    expect(page.get_by_text("Сейчас на линии никого нет.")).to_be_visible()
    told = line.call(CALLER, NUMBER, ADDRESS)
    row = page.locator(".vy-call")
    expect(row).to_contain_text("+7 916 123-00-01", timeout=5000)
    expect(row).to_contain_text("Поддержка")
    expect(row).to_have_attribute("data-state", "answered")
    say(line, told, Speaker.AGENT, GREETING)
    expect(row).to_contain_text(GREETING, timeout=5000)
    say(line, told, Speaker.CALLER, PRICE)
    expect(row).to_contain_text(PRICE, timeout=5000)
    first = row.locator(".vy-clock").inner_text()
    expect(row.locator(".vy-clock")).not_to_have_text(first, timeout=8000)
    picture(page, "live-ru")
    with browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800}) as english:
        other = english.new_page()
        open_board(other, line, "anna")
        expect(other.locator(".vy-call")).to_contain_text("Talking")
        picture(other, "live-en")
    line.hang_up(told["sip_call_id"])
    expect(row).to_have_attribute("data-state", "ended", timeout=5000)
    expect(row).to_have_count(0, timeout=12_000)
    expect(page.get_by_text("Сейчас на линии никого нет.")).to_be_visible()


def test_the_board_is_whole_again_after_the_web_was_away(page: Page, line: Site, web: Web) -> None:
    open_board(page, line)
    gone = line.call(CALLER, NUMBER, ADDRESS)
    expect(page.locator(".vy-call")).to_have_count(1)
    web.stop()
    expect(page.locator("#link")).to_have_class(re.compile("vy-wait"))
    line.hang_up(gone["sip_call_id"])
    line.call("+79161230002", NUMBER, ADDRESS)
    line.call("+79161230003", NUMBER, ADDRESS)
    web.start()
    expect(page.locator("#link")).to_have_class(re.compile("vy-good"), timeout=15_000)
    board = page.locator("#board")
    expect(board).to_contain_text("+7 916 123-00-02")
    expect(board).to_contain_text("+7 916 123-00-03")
    expect(board.locator("[data-state=answered]")).to_have_count(2)


def test_the_page_of_a_call_follows_it_to_the_end(page: Page, line: Site) -> None:
    told = line.call(CALLER, NUMBER, ADDRESS)
    open_board(page, line)
    page.get_by_role("link", name="+7 916 123-00-01").click()
    expect(page.locator(".vy-lead").first).to_contain_text("идёт разговор")
    say(line, told, Speaker.AGENT, GREETING)
    say(line, told, Speaker.CALLER, "")
    expect(page.locator(".vy-talk")).to_contain_text(GREETING, timeout=8000)
    expect(page.locator(".vy-talk")).to_contain_text("нет распознавателя", timeout=8000)
    expect(page.get_by_text("подключите распознаватель речи")).to_be_visible()
    line.hang_up(told["sip_call_id"])
    expect(page.locator(".vy-timeline")).to_contain_text("Звонивший положил трубку", timeout=8000)
    expect(page.locator(".vy-timeline")).to_contain_text("Ответили")
