"""The first person opens Veyra."""

from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from veyra.models import User


def log_in(page: Page, site: Site, name: str = "admin") -> None:
    page.goto(f"{site.url}/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")


def test_the_first_person_keeps_the_recovery_sheet_and_chooses_his_language(
    page: Page, site: Site
) -> None:
    site.do(lambda: User.objects.create_superuser("admin", "", "secret"))
    log_in(page, site)
    expect(page.get_by_role("heading", name="Добро пожаловать в Veyra")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text(settings.FIELD_KEYS[0])
    page.get_by_role("button", name="Начать").click()
    assert page.evaluate("document.querySelector('[name=kept]').validity.valueMissing")
    page.check("[name=kept]")
    page.select_option("[name=time_zone]", "Asia/Novosibirsk")
    page.get_by_role("button", name="Начать").click()
    expect(page.get_by_role("heading", name="Первые шаги")).to_be_visible()
    user = site.do(lambda: User.objects.get())
    assert (user.language, user.time_zone) == ("ru", "Asia/Novosibirsk")


def test_the_second_person_is_not_shown_the_keys(page: Page, site: Site) -> None:
    def people() -> None:
        first = User.objects.create_superuser("first", "", "secret")
        User.objects.filter(pk=first.pk).update(set_up_at=first.date_joined)
        User.objects.create_superuser("admin", "", "secret")

    site.do(people)
    log_in(page, site)
    expect(page.locator("#setup")).to_be_visible()
    assert settings.FIELD_KEYS[0] not in page.content()


def test_the_language_switch_is_remembered_with_the_person(page: Page, site: Site) -> None:
    def person() -> User:
        user = User.objects.create_superuser("admin", "", "secret", language="ru")
        User.objects.filter(pk=user.pk).update(set_up_at=user.date_joined)
        return user

    user = site.do(person)
    log_in(page, site)
    page.get_by_text("admin", exact=True).click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    assert site.do(lambda: User.objects.get(pk=user.pk)).language == "en"
