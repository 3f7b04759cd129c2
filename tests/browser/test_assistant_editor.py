"""A person writes an assistant, hears it, publishes it, changes it and goes back."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def writer(page: Page, site: Site) -> Page:
    """Logged in, on the page of a new assistant."""
    site.do(
        lambda: User.objects.create_superuser(
            "admin", "", "secret", language="ru", set_up_at=timezone.now()
        )
    )
    log_in(page, site)
    page.goto(f"{site.url}/admin/agentworker/agent/add/")
    return page


def heard(site: Site) -> tuple[int, str]:
    """What callers hear now."""

    def read() -> tuple[int, str]:
        current = Agent.objects.get().current()
        assert current is not None
        return current.number, current.greeting

    return site.do(read)


def test_an_assistant_is_written_heard_published_changed_and_taken_back(
    writer: Page, site: Site
) -> None:
    writes_a_clinic(writer)
    hears_its_voice(writer)
    writer.get_by_role("button", name="Сохранить и опубликовать").click()
    expect(writer.locator("#result_list")).to_contain_text("Регистратура")
    first = heard(site)
    assert first[0] == 1
    changes_the_greeting(writer)
    assert heard(site) == first
    publishes(writer)
    assert heard(site) == (2, "Клиника «{company}», добрый день.")
    goes_back(writer)
    assert heard(site) == (3, first[1])


@pytest.mark.prove
def test_what_was_written_while_the_login_ended_is_sent_after_all(writer: Page, site: Site) -> None:
    writes_a_clinic(writer)
    writer.get_by_role("button", name="Сохранить черновик").click()
    offered = writer.locator("[data-unsent]")
    expect(writer.get_by_text("Сохранено как черновик.")).to_be_visible()
    expect(offered).to_be_hidden()
    writer.fill("[name=greeting]", "Клиника, добрый вечер.")
    writer.context.clear_cookies(name="sessionid")
    writer.get_by_role("button", name="Сохранить черновик").click()
    writer.fill("[name=username]", "admin")
    writer.fill("[name=password]", "secret")
    writer.press("[name=password]", "Enter")
    expect(offered).to_be_visible()
    expect(writer.locator("[name=greeting]")).not_to_have_value("Клиника, добрый вечер.")
    writer.locator("[data-send]").click()
    expect(writer.locator("[name=greeting]")).to_have_value("Клиника, добрый вечер.")
    expect(offered).to_be_hidden()


def writes_a_clinic(page: Page) -> None:
    page.get_by_role("link", name="Клиника: запись и цены").click()
    expect(page.locator("[name=name]")).to_have_value("Регистратура")
    # A new form takes the focus to its first field once it stands: what is typed sooner goes there.
    page.wait_for_load_state()
    greeting = page.locator(".vy-field:has([name=greeting])")
    page.fill("[name=greeting]", "{time_of_day}! Клиника {compny}")
    expect(greeting).to_contain_text("Нет вставки {compny}. Вы имели в виду {company}?")
    page.fill("[name=greeting]", "{time_of_day}! Клиника ")
    page.get_by_role("button", name="{company}").click()
    expect(page.locator("[name=greeting]")).to_have_value("{time_of_day}! Клиника {company}")
    expect(greeting).to_contain_text("Звонящие услышат: ")
    page.fill("[name=company]", "Улыбка")


def hears_its_voice(page: Page) -> None:
    button = page.get_by_role("button", name="Послушать приветствие")
    with page.expect_response("**/assistants/voice/") as told:
        button.click()
    assert told.value.headers["content-type"] == "audio/wav"
    expect(button).to_have_attribute("data-played", "1")


def changes_the_greeting(page: Page) -> None:
    page.locator("#result_list").get_by_role("link", name="Регистратура").click()
    page.fill("[name=greeting]", "Клиника «{company}», добрый день.")
    page.get_by_role("button", name="Сохранить черновик").click()
    said = "Сохранено как черновик. Звонящие пока слышат версию 1."
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.locator("[aria-labelledby=state]")).to_contain_text("Есть черновик")


def publishes(page: Page) -> None:
    page.get_by_role("button", name="Опубликовать…").click()
    expect(page.locator("[name=note]")).to_have_value("Изменено: приветствие.")
    expect(page.locator(".vy-compared del").first).to_have_text("{time_of_day}! ")
    page.fill("[name=note]", "Здороваемся иначе")
    page.get_by_role("button", name="Опубликовать", exact=True).click()
    expect(page.get_by_text("Опубликовано. Со следующего звонка звучит версия 2.")).to_be_visible()


def goes_back(page: Page) -> None:
    page.get_by_role("link", name="Версии", exact=True).click()
    expect(page.get_by_text("Здороваемся иначе")).to_be_visible()
    page.get_by_role("link", name="Вернуть эту версию").click()
    expect(page.locator("[name=note]")).to_have_value("Возврат к версии 1.")
    page.get_by_role("button", name="Опубликовать", exact=True).click()
    expect(page.get_by_text("Опубликовано. Со следующего звонка звучит версия 3.")).to_be_visible()
