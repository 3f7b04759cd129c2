"""A person writes what callers will say, sees what fails, and is asked before it is published."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.trying import working
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

pytestmark = pytest.mark.django_db(transaction=True)

RULES = [{"words": ["стоит", "цена"], "say": "Чистка стоит две тысячи рублей."}]


def clinic() -> int:
    now = timezone.now()
    User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=now)
    agent = Agent.objects.create(name="Клиника")
    words = {"language": "ru", "greeting": "Здравствуйте, это клиника."}
    AgentVersion.objects.create(agent=agent, number=1, **words)
    AgentDraft.objects.create(agent=agent, rules=RULES, **words)
    return agent.pk


def test_a_scenario_that_fails_asks_before_its_assistant_is_published(
    page: Page, site: Site
) -> None:
    agent = site.do(clinic)
    log_in(page, site)
    page.goto(f"{site.url}/assistants/{agent}/scenarios/")
    page.click(".vy-empty a.vy-button")
    writes_two_demands(page)
    expect(page.locator("#scenarios progress")).to_be_visible()
    site.do(working.work)
    expect(page.locator(".vy-musts .vy-yes")).to_contain_text("2000 / две тысячи")
    expect(page.locator(".vy-musts .vy-no")).to_have_count(1)
    page.goto(f"{site.url}/admin/agentworker/agent/{agent}/publish/")
    expect(page.locator("#standing .vy-bad")).to_be_visible()
    publish = page.locator("form.vy-page button.vy-button").last
    publish.click()
    expect(page.locator("#in-spite input")).to_be_focused()  # the browser asks for the tick
    leaves_one_demand(page, agent, site)
    page.goto(f"{site.url}/admin/agentworker/agent/{agent}/publish/")
    expect(page.locator("#standing .vy-good")).to_be_visible()
    expect(page.locator("#in-spite")).to_be_hidden()
    publish.click()
    page.wait_for_url("**/change/")
    assert site.do(AgentVersion.objects.count) == 2


def writes_two_demands(page: Page) -> None:
    page.fill("[name=name]", "Цена")
    page.fill("[name=step-0-say]", "Сколько стоит чистка?")
    page.select_option("[name=step-0-must-0-kind]", "says")
    page.fill("[name=step-0-must-0-text]", "2000 / две тысячи")
    page.click("[data-part=demand]")
    expect(page.locator("[name=step-0-must-1-text]")).to_be_hidden()
    page.select_option("[name=step-0-must-1-kind]", "ends")
    page.click("[data-part=more]")
    expect(page.locator("[name=step-1-say]")).to_be_focused()
    page.click("form.vy-page button.vy-button:not([type=button]) >> nth=0")


def leaves_one_demand(page: Page, agent: int, site: Site) -> None:
    page.goto(f"{site.url}/assistants/{agent}/scenarios/")
    page.locator("a[href^='/scenarios/']").click()
    page.select_option("[name=step-0-must-1-kind]", "")
    page.click("form.vy-page button.vy-button:not([type=button]) >> nth=0")
    expect(page.locator("#scenarios progress")).to_be_visible()
    site.do(working.work)
    expect(page.locator("#scenarios progress")).to_be_hidden()
