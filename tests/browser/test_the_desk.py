"""A person who only reads the screen sets the line up, breaks it, mends it, and is told each time.

With the real LiveKit and its gateway; only the provider, and whoever meddles in LiveKit, is ours.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_before_saving import NOBODY, NUMBER
from tests.browser.test_setting_up import save
from tests.browser.test_wizard import connect, invite, open_novofon, say_who_calls, system
from tests.live.system import System

__all__ = ["system"]
pytestmark = pytest.mark.live

# From a click to what LiveKit makes of it.
SOON = 30_000
SOMEBODY_ELSE = """
from dataclasses import replace
from veyra.livekit.client import LiveKit
with LiveKit.from_settings() as livekit:
    (trunk,) = livekit.list_inbound_trunks()
    addresses = (*trunk.allowed_addresses, "203.0.113.77/32")
    livekit.replace_inbound_trunk(trunk.id, replace(trunk, id="", allowed_addresses=addresses))
"""
ADDRESSES_THERE = """
from veyra.livekit.client import LiveKit
with LiveKit.from_settings() as livekit:
    (trunk,) = livekit.list_inbound_trunks()
    result = sorted(trunk.allowed_addresses)
"""
ADDRESSES_HERE = """
from telephony.models import Trunk
result = Trunk.objects.get().addresses.split()
"""


@pytest.fixture
def person(page: Page, system: System) -> Iterator[Page]:
    """Logged in, on the home page of an empty Veyra."""
    system.ask(
        """
        from django.utils import timezone
        from veyra.models import User
        now = timezone.now()
        User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=now)
        """
    )
    page.goto(f"{system.url}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    yield page
    page.goto("about:blank")  # the web ends at once where no page asks it for more


def panel(page: Page) -> Locator:
    return page.locator("#before-saving")


def agree(page: Page) -> None:
    panel(page).get_by_role("button", name="Да, сделать").click()


def agree_to_lose_callers(page: Page) -> None:
    """It is not done without the tick."""
    expect(panel(page)).to_contain_text(NOBODY)
    agree(page)
    expect(panel(page)).to_contain_text("Поставьте отметку или вернитесь назад.")
    panel(page).get_by_label("Да, так и нужно.").check()
    agree(page)


def reads_of_the_number(page: Page, system: System, told: str) -> None:
    page.goto(f"{system.url}/admin/")
    expect(page.locator("[aria-labelledby=numbers]")).to_contain_text(told, timeout=SOON)


def test_the_line_is_set_up_broken_in_three_ways_and_mended(person: Page, system: System) -> None:
    sets_up_novofon(person, system)
    takes_a_number_that_is_in_use(person, system)
    deletes_the_rule(person, system)
    removes_what_the_assistant_says(person, system)
    mends_what_somebody_changed_in_livekit(person, system)


def sets_up_novofon(person: Page, system: System) -> None:
    person.locator(".vy-steps .vy-button").click()
    person.fill("[name=name]", "Поддержка")
    person.fill("[name=greeting]", "Здравствуйте! Вы позвонили в поддержку.")
    save(person)
    open_novofon(person)
    # The provider of this test stands on this computer.
    person.fill("[name=addresses]", "37.139.38.0/24\n127.0.0.1")
    person.get_by_role("button", name="Подключить").click()
    person.get_by_label("Наберите эти адреса ещё раз").fill("127.0.0.1")
    connect(person)
    say_who_calls(person)
    invite(system, "79161230001", "74991124148")
    came = "Пришёл: с адреса 127.0.0.1, номер написан 74991124148"
    expect(person.get_by_text(came)).to_be_visible(timeout=SOON)
    person.get_by_role("link", name="Готово").click()
    expect(person.locator("[aria-labelledby=numbers]")).to_contain_text(NUMBER)


def takes_a_number_that_is_in_use(person: Page, system: System) -> None:
    person.goto(f"{system.url}/admin/telephony/phonenumber/add/")
    person.fill("[name=number]", "8 (499) 112-41-48")
    person.locator("[name=_save]").click()
    form = person.locator("#phonenumber_form")
    expect(form).to_contain_text(f"На номер {NUMBER} претендуют две линии")
    expect(form).to_contain_text("LiveKit ответил бы 503")
    expect(form).to_contain_text("Он уже приходит через «Novofon»")
    person.goto(f"{system.url}/admin/telephony/phonenumber/")
    expect(person.locator("#result_list tbody tr")).to_have_count(1)


def deletes_the_rule(person: Page, system: System) -> None:
    person.goto(f"{system.url}/admin/telephony/dispatchrule/")
    person.locator("#result_list").get_by_role("link", name="Novofon").first.click()
    person.get_by_role("link", name="Убрать в архив").click()
    agree_to_lose_callers(person)
    reads_of_the_number(person, system, "На него никто не отвечает.")
    person.goto(f"{system.url}/admin/telephony/dispatchrule/?archived=yes")
    person.locator("#result_list").get_by_role("link", name="Novofon").first.click()
    person.get_by_role("link", name="Вернуть из архива").click()
    expect(panel(person)).to_contain_text(f"{NUMBER}: никто → Поддержка.")
    agree(person)
    expect(person.locator("#result_list")).to_contain_text("Novofon")


def removes_what_the_assistant_says(person: Page, system: System) -> None:
    person.goto(f"{system.url}/admin/agentworker/agent/")
    person.locator("#result_list").get_by_role("link", name="Поддержка").click()
    person.fill("[name=greeting]", "…")
    person.locator("[name=_save]").click()
    form = person.locator("#agent_form")
    expect(form).to_contain_text(f"Позвонившие на {NUMBER} услышали бы тишину.")
    form.get_by_role("link", name="Снять с публикации").click()
    agree_to_lose_callers(person)
    expect(person.locator("#result_list")).to_contain_text("1 · не опубликован")
    reads_of_the_number(person, system, "Ассистент «Поддержка» снят с публикации.")
    person.locator("[aria-labelledby=numbers]").get_by_role("link", name="Открыть").click()
    expect(person.locator("[name=greeting]")).to_have_value(
        "Здравствуйте! Вы позвонили в поддержку."
    )
    person.get_by_role("link", name="Опубликовать снова").click()
    expect(panel(person)).to_contain_text(f"{NUMBER}: никто → Поддержка.")
    person.get_by_role("button", name="Опубликовать", exact=True).click()
    expect(person.get_by_text("Снова опубликовано.")).to_be_visible()


def mends_what_somebody_changed_in_livekit(person: Page, system: System) -> None:
    before = system.ask(ADDRESSES_THERE)
    system.ask(SOMEBODY_ELSE)
    sees_the_difference(person, system)
    person.get_by_role("button", name="Вернуть наше").click()
    expect(person.get_by_text("В LiveKit всё так, как сохранено здесь.")).to_be_visible(
        timeout=SOON
    )
    assert system.ask(ADDRESSES_THERE) == before
    # Somebody does it again, and now it is right.
    system.ask(SOMEBODY_ELSE)
    sees_the_difference(person, system)
    person.get_by_role("link", name="Принять то, что в LiveKit…").click()
    said = person.locator("[aria-labelledby=decide]")
    expect(said).to_contain_text("203.0.113.77")
    person.get_by_role("button", name="Принять то, что в LiveKit").click()
    expect(person.get_by_text("Сохранено так, как стоит в LiveKit.")).to_be_visible()
    expect(person.get_by_text("В LiveKit всё так, как сохранено здесь.")).to_be_visible(
        timeout=SOON
    )
    assert "203.0.113.77" in system.ask(ADDRESSES_HERE)


def sees_the_difference(person: Page, system: System) -> None:
    """It is found by itself each half minute; he does not wait for it."""
    person.goto(f"{system.url}/differences/")
    person.get_by_role("button", name="Сверить сейчас").click()
    found = person.locator("section", has_text="Изменено в LiveKit")
    row = found.locator(".vy-sides > div", has_text="Адреса, с которых приходят звонки")
    expect(row.locator("dd").nth(1)).to_contain_text("203.0.113.77", timeout=SOON)
    expect(row.locator("dd").nth(0)).not_to_contain_text("203.0.113.77")
    person.goto(f"{system.url}/admin/")
    home = person.locator("[data-standing=differences]")
    expect(home).to_contain_text("В LiveKit кто-то изменил 1 настройку этой линии.")
    home.get_by_role("link", name="Посмотреть расхождения").click()
