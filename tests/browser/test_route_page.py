"""A person asks in Russian where a call would go, finds what is wrong, and mends it."""

from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent, AgentVersion
from telephony.models import Call, DispatchRule, PhoneNumber, Trunk
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

NUMBER = "+7 499 112-41-48"


def make_line() -> None:
    """The mission's line, and an administrator who reads Russian."""
    User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=timezone.now())
    agent = Agent.objects.create(name="Поддержка")
    AgentVersion.objects.create(
        agent=agent, number=1, language="ru", greeting="Здравствуйте! Чем помочь?"
    )
    trunk = Trunk.objects.create(name="Novofon", addresses="10.0.0.1")
    PhoneNumber.objects.create(number="+74991124148", label="Поддержка", trunk=trunk)
    rule = DispatchRule.objects.create(name="Все звонки", agent=agent, room="support-room-")
    rule.trunks.add(trunk)


def refused_call() -> Call:
    """What the tap would have told of a call from an address that is not the provider's."""
    return Call.objects.create(
        number=PhoneNumber.objects.get(number="+74991124148"),
        to_number="74991124148",
        from_number="79161230001",
        source_ip="198.51.100.7",
        state="ended",
        outcome="rejected",
        reason="unknown_number",
        started_at=timezone.now(),
        ended_at=timezone.now(),
    )


def test_a_person_finds_out_where_a_call_goes(page: Page, site: Site) -> None:
    site.do(make_line)
    site.publish()
    log_in(page, site)
    page.goto(f"{site.url}/admin/telephony/phonenumber/")
    expect(page.locator("#result_list")).to_contain_text("Не готов")
    page.get_by_role("link", name="Проверить маршрут").click()
    page.get_by_label("На какой номер звонят").fill("8 (499) 112-41-48")
    page.get_by_role("button", name="Проверить", exact=True).click()
    expect(page.get_by_role("status").first).to_have_text("На этот звонок ответит Поддержка.")
    expect(page.locator(".vy-ladder")).to_contain_text(f"{NUMBER} — наш номер")
    expect(page.locator(".vy-page")).to_contain_text("Здравствуйте! Чем помочь?")
    page.get_by_label("С какого адреса приходит звонок").fill("198.51.100.7")
    page.get_by_role("button", name="Проверить", exact=True).click()
    expect(page.locator(".vy-note.vy-bad")).to_contain_text(
        "«Novofon» не принимает звонки с адреса 198.51.100.7"
    )
    assert "198" not in page.url and "499" not in page.url


def test_a_refused_call_leads_to_what_mends_it(page: Page, site: Site) -> None:
    site.do(make_line)
    call = site.do(refused_call)
    log_in(page, site)
    page.goto(f"{site.url}/calls/{call.pk}/")
    expect(page.locator(".vy-note.vy-bad")).to_contain_text("«Novofon» не принимает звонки")
    page.get_by_role("link", name="Проверить маршрут").click()
    expect(page.get_by_label("С какого адреса приходит звонок")).to_have_value("198.51.100.7")
    page.get_by_role("link", name="Открыть подключение").first.click()
    expect(page.locator("[name=addresses]")).to_have_value("10.0.0.1")
