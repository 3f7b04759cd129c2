"""A person breaks the line in three ways, and is told each time what that would do."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent, AgentVersion
from telephony.models import DispatchRule, PhoneNumber, Trunk
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

NUMBER = "+7 499 112-41-48"
NOBODY = f"На {NUMBER} никто не ответит. Сейчас отвечает: Поддержка."


def fill_line() -> None:
    User.objects.create_superuser(
        "admin", "", "secret", language="ru", set_up_at=timezone.now(), time_zone="Europe/Moscow"
    )
    trunk = Trunk.objects.create(name="Novofon", addresses="10.0.0.1")
    Trunk.objects.create(name="Zadarma", addresses="10.0.0.2")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk, label="Поддержка")
    for name in ("Поддержка", "Продажи"):
        agent = Agent.objects.create(name=name)
        AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Здравствуйте!")
    rule = DispatchRule.objects.create(name="Все звонки", agent=Agent.objects.get(name="Поддержка"))
    rule.trunks.add(trunk)


@pytest.fixture
def line(page: Page, site: Site) -> Site:
    """The mission's line, and a person who is logged in."""
    site.do(fill_line)
    log_in(page, site)
    return site


def open_row(page: Page, site: Site, model: str, name: str) -> None:
    page.goto(f"{site.url}/admin/{model}/")
    page.locator("#result_list").get_by_role("link", name=name).first.click()


def refuse_and_then_agree(page: Page, site: Site, kept: Callable[[], int]) -> None:
    """Goes back at first, and nothing has happened; then ticks and says yes."""
    panel = page.locator("#before-saving")
    expect(panel).to_contain_text(NOBODY)
    panel.get_by_role("button", name="Да, сделать").click()
    expect(panel).to_contain_text("Поставьте отметку или вернитесь назад.")
    expect(panel).to_contain_text(NOBODY)
    before = site.do(kept)
    panel.get_by_label("Да, так и нужно.").check()
    panel.get_by_role("button", name="Да, сделать").click()
    expect(page.locator("#result_list")).to_have_count(0)
    assert (before, site.do(kept)) == (1, 0)


def test_taking_a_number_that_is_in_use_is_refused_by_name(page: Page, line: Site) -> None:
    page.goto(f"{line.url}/admin/telephony/phonenumber/add/")
    page.fill("[name=number]", "8 (499) 112-41-48")
    page.locator("[name=trunk]").select_option(label="Zadarma")
    page.locator("[name=_save]").click()
    told = f"На номер {NUMBER} претендуют две линии: на каждый звонок LiveKit ответил бы 503"
    expect(page.locator("#phonenumber_form")).to_contain_text(told)
    expect(page.locator("#phonenumber_form")).to_contain_text("Он уже приходит через «Novofon»")
    expect(page.locator("[name=number]")).to_have_value("8 (499) 112-41-48")
    assert line.do(PhoneNumber.objects.count) == 1


def test_deleting_the_rule_is_told_and_undone(page: Page, line: Site) -> None:
    open_row(page, line, "telephony/dispatchrule", "Все звонки")
    page.get_by_role("link", name="Убрать в архив").click()
    refuse_and_then_agree(page, line, DispatchRule.objects.kept().count)
    page.goto(f"{line.url}/admin/telephony/dispatchrule/?archived=yes")
    page.locator("#result_list").get_by_role("link", name="Все звонки").click()
    page.get_by_role("link", name="Вернуть из архива").click()
    expect(page.locator("#before-saving")).to_contain_text(f"{NUMBER}: никто → Поддержка.")
    page.get_by_role("button", name="Да, сделать").click()
    expect(page.locator("#result_list")).to_contain_text("Все звонки")


def test_archiving_the_assistant_is_told(page: Page, line: Site) -> None:
    def kept() -> int:
        return len(Agent.objects.kept().filter(name="Поддержка"))

    open_row(page, line, "agentworker/agent", "Поддержка")
    page.get_by_role("link", name="Убрать в архив").click()
    panel = page.locator("#before-saving")
    expect(panel).to_contain_text(NOBODY)
    expect(panel).to_contain_text("«Поддержка» в архиве")
    page.get_by_role("link", name="Нет, вернуться").click()
    expect(page.locator("#result_list")).to_contain_text("Поддержка")
    assert line.do(kept) == 1


def test_another_assistant_is_shown_saved_and_planned(page: Page, line: Site) -> None:
    open_row(page, line, "telephony/dispatchrule", "Все звонки")
    page.locator("[name=agent]").select_option(label="Продажи")
    page.locator("[name=_save]").click()
    panel = page.locator("#before-saving")
    expect(panel).to_contain_text(f"{NUMBER}: Поддержка → Продажи.")
    expect(page.locator(".errornote")).to_have_count(0)
    panel.get_by_role("button", name="Сохранить так").click()
    expect(page.locator("#result_list")).to_contain_text("Продажи")
    open_row(page, line, "telephony/dispatchrule", "Все звонки")
    page.locator("[name=agent]").select_option(label="Поддержка")
    page.locator("summary, h2", has_text="Когда вступит в силу").first.click()
    page.fill("[name=starts_at_0]", "01.03.2031")
    page.fill("[name=starts_at_1]", "00:00")
    page.locator("[name=_save]").click()
    panel.get_by_role("button", name="Сохранить так").click()
    expect(page.locator("body")).to_contain_text("До этого всё останется как есть.")
    open_row(page, line, "telephony/phonenumber", NUMBER)
    expect(page.locator("body")).to_contain_text("С 1 марта 2031, 00:00:")
    expect(page.locator("body")).to_contain_text(f"{NUMBER}: Продажи → Поддержка.")
