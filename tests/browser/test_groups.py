"""The page of a group of colleagues."""

from django.urls import reverse
from playwright.sync_api import Page, expect

from telephony.models import Colleague, Member, Team
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User


def a_group() -> str:
    User.objects.create_superuser("owner", password="secret", language="ru")
    User.objects.update(set_up_at="2026-03-02T12:00:00Z")
    team = Team.objects.create(name="Продажи")
    for place, name in enumerate(("Ольга", "Иван"), start=1):
        row = Colleague.objects.create(name=name, phone=f"+7916000000{place}")
        Member.objects.create(team=team, colleague=row, place=place)
    return reverse("admin:telephony_team_change", args=[team.pk])


def test_who_is_added_is_rung_after_the_others(site: Site, page: Page) -> None:
    path = site.do(a_group)
    log_in(page, site, "owner")
    expect(page.locator("#page")).to_be_visible()
    page.goto(f"{site.url}{path}")
    expect(page.locator("[name=members-2-place]")).to_have_value("3")
    page.fill("[name=members-2-place]", "7")
    page.locator(".add-row").filter(visible=True).first.click()
    expect(page.locator("[name=members-3-place]")).to_have_value("8")
