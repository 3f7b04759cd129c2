"""A person closes a number until tomorrow from the home page, in Russian, and opens it again."""

import re

from playwright.sync_api import Page, expect

from agentworker.hours import week
from agentworker.models import Agent, Closure, Place
from agentworker.services import Words, save_words
from telephony import opening
from telephony.models import DispatchRule, PhoneNumber, Trunk
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

NUMBER = "+7 499 112-41-48"


def a_line() -> None:
    User.objects.create_superuser("owner", password="secret", language="ru")
    User.objects.update(set_up_at="2026-03-02T12:00:00Z")
    agent = Agent.objects.create(name="Администратор")
    save_words(agent, Words("ru", "Здравствуйте!", [], []), None)
    trunk = Trunk.objects.create(name="Новофон", addresses="203.0.113.0/24")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    DispatchRule.objects.create(name="Клиника", agent=agent).numbers.add(number)
    own = {"name": "Клиника в Казани", "time_zone": "Europe/Moscow", "calendar": ""}
    opening.save_place(Place(week=week.to_json(week.ROUND_THE_CLOCK), **own), [number], [], 2026)


def closures() -> list[Closure]:
    return list(Closure.objects.all())


def test_a_number_is_closed_until_tomorrow_and_opened_again(site: Site, page: Page) -> None:
    site.do(a_line)
    log_in(page, site, "owner")
    hours = page.locator("section[aria-labelledby=hours]")
    expect(hours).to_contain_text("Открыто круглосуточно")
    hours.get_by_role("link", name="Закрыть…").click()

    page.get_by_label("Что закрыть").select_option(label=NUMBER)
    expect(page.locator("[data-zone-by]")).to_have_text(re.compile(r"\d\d:\d\d"))
    expect(page.get_by_label("День и время")).to_be_hidden()
    page.get_by_label("до завтра, 09:00").check()
    page.get_by_label("Что слышат звонящие").fill("Сегодня санитарный день. Ждём вас завтра!")
    page.get_by_role("button", name="Закрыть сейчас").click()

    closed = hours.locator(".vy-closure")
    expect(closed).to_contain_text(f"{NUMBER} до завтра, 09:00")
    expect(closed.locator("time")).to_have_text(re.compile(r"ещё (\d+ д )?\d+ ч \d+ мин"))
    page.goto(f"{site.url}/live/")
    expect(page.locator("a.vy-need")).to_contain_text(f"{NUMBER}: закрыто до завтра, 09:00")
    page.goto(f"{site.url}/admin/")
    closed.get_by_role("button", name="Открыть сейчас").click()
    expect(closed).to_have_count(0)
    (row,) = site.do(closures)
    assert row.message.startswith("Сегодня санитарный день") and row.opened_at


def test_a_week_is_filled_by_a_click_and_a_message_is_recorded(site: Site, page: Page) -> None:
    site.do(a_line)
    log_in(page, site, "owner")
    expect(page.locator("#page")).to_be_visible()
    page.goto(f"{site.url}/hours/add/")
    page.get_by_label("Где или для чего").fill("Склад")
    page.get_by_role("button", name="каждый день 9–21").click()
    sunday = page.get_by_role("group", name="Воскресенье")
    expect(sunday.get_by_label("Воскресенье, с").first).to_have_value("09:00")
    sunday.get_by_role("button", name="Ещё один промежуток").click()
    sunday.get_by_label("Воскресенье, с").nth(1).fill("23:00")
    sunday.get_by_label("Воскресенье, до").nth(1).fill("02:00")
    page.get_by_role("button", name="Записать самому").click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Остановить").click()
    expect(page.locator("[data-heard] audio")).to_be_visible()
    page.get_by_role("button", name="Сохранить").click()

    expect(page.locator("body")).to_contain_text("09:00–21:00, 23:00–02:00")
    place = site.do(lambda: Place.objects.select_related("sound").get(name="Склад"))
    assert place.sound and place.sound.seconds > 1
