"""A person sets the line up in the admin, and nowhere else, and sees that it works."""

import re

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User


def save(page: Page) -> None:
    page.locator("[name=_save]").click()
    expect(page.locator(".errornote")).to_have_count(0)


def save_as_shown(page: Page) -> None:
    save(page)
    page.locator("#before-saving").get_by_role("button", name="Сохранить так").click()
    expect(page.locator("#before-saving")).to_have_count(0)


def add_connection(page: Page) -> None:
    page.fill("[name=name]", "Novofon")
    page.fill("[name=addresses]", "10.0.0.1")
    save(page)


def add_number(page: Page) -> None:
    page.fill("[name=number]", "8 (499) 112-41-48")
    page.fill("[name=label]", "Поддержка")
    save(page)


def add_assistant(page: Page) -> None:
    page.fill("[name=name]", "Поддержка")
    page.fill("[name=greeting]", "Здравствуйте! Вы позвонили в поддержку.")
    save(page)


def add_rule(page: Page) -> None:
    page.fill("[name=name]", "Все звонки")
    expect(page.locator("[name=agent]")).to_have_text(re.compile("Поддержка"))
    expect(page.locator("#id_trunks + .select2")).to_contain_text("Novofon")
    save_as_shown(page)


def test_a_person_sets_up_the_line_and_a_call_is_answered(page: Page, site: Site) -> None:
    site.do(
        lambda: User.objects.create_superuser(
            "admin", "", "secret", language="ru", set_up_at=timezone.now()
        )
    )
    log_in(page, site)
    for model, fill in (
        ("telephony/trunk", add_connection),
        ("telephony/phonenumber", add_number),
        ("agentworker/agent", add_assistant),
        ("telephony/dispatchrule", add_rule),
    ):
        page.goto(f"{site.url}/admin/{model}/add/")
        fill(page)
    page.goto(f"{site.url}/admin/telephony/dispatchrule/")
    expect(page.locator("#result_list")).to_contain_text("Все звонки")
    expect(page.locator("#result_list")).not_to_contain_text("Действует")
    site.publish()
    # The list learns of it by itself.
    expect(page.locator("#result_list")).to_contain_text("Действует", timeout=10_000)
    page.goto(f"{site.url}/live/")
    site.call("+79161230001", "+74991124148", "10.0.0.1")
    expect(page.locator(".vy-call")).to_contain_text("+7 916 123-00-01")
    expect(page.locator(".vy-call")).to_contain_text("Поддержка")
    page.goto(f"{site.url}/admin/telephony/phonenumber/")
    page.get_by_role("link", name="+7 499 112-41-48").click()
    page.get_by_role("link", name="Позвонить на эту линию").click()
    expect(page.get_by_text("Ответит Поддержка.")).to_be_visible()


def test_the_form_of_a_connection_shows_what_its_way_needs(page: Page, site: Site) -> None:
    site.do(
        lambda: User.objects.create_superuser(
            "admin", "", "secret", language="ru", set_up_at=timezone.now()
        )
    )
    log_in(page, site)
    page.goto(f"{site.url}/admin/telephony/trunk/add/")
    server, login = page.locator("[name=register_at]"), page.locator("[name=register_login]")
    expect(page.locator("[name=username]")).to_be_visible()
    expect(server).to_be_hidden()
    page.locator("[name=way]").select_option("login")
    expect(page.locator("[name=username]")).to_be_hidden()
    page.fill("[name=name]", "Novofon")
    server.fill("sip.novofon.ru")
    login.fill("123456")
    page.locator("[name=_save]").click()
    # What is missing is said beside its field, which is still there.
    expect(page.get_by_text("Введите пароль к этому логину.")).to_be_visible()
    expect(login).to_have_value("123456")
    page.fill("[name=new_register_password]", "secret")
    save(page)
    page.locator("#result_list").get_by_role("link", name="Novofon").click()
    expect(page.locator("[name=way]")).to_have_value("login")
    expect(server).to_have_value("sip.novofon.ru")
    expect(page.locator("[name=username]")).to_be_hidden()
    expect(page.get_by_text("Вход по логину").first).to_be_visible()
