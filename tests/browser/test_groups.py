"""The page of a group of colleagues."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from telephony.models import Colleague, Member, Team
from tests.browser.conftest import Site
from veyra.models import User


def a_group() -> str:
    User.objects.create_superuser("owner", password="secret", language="ru")
    User.objects.update(set_up_at="2026-03-02T12:00:00Z")
    team = Team.objects.create(name="Продажи")
    for place, name in enumerate(("Ольга", "Иван"), start=1):
        row = Colleague.objects.create(name=name, phone=f"+7916000000{place}")
        Member.objects.create(team=team, colleague=row, place=place)
    Colleague.objects.create(name="Анна", phone="+79160000009")
    return reverse("admin:telephony_team_change", args=[team.pk])


@pytest.mark.prove
def test_who_is_added_is_rung_after_the_others(site: Site, page: Page) -> None:
    path = site.do(a_group)
    page.goto(f"{site.url}/admin/login/?next={path}")
    page.fill("[name=username]", "owner")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"**{path}")
    expect(page.locator("[name=members-2-place]")).to_have_value("3")
    page.fill("[name=members-2-place]", "7")
    page.locator(".add-row").filter(visible=True).first.click()
    expect(page.locator("[name=members-3-place]")).to_have_value("8")
    page.select_option("[name=members-3-colleague]", label="Анна")
    page.locator("[name=_save]").first.click()
    page.wait_for_url("**/admin/telephony/team/")
    places = site.do(lambda: list(Member.objects.order_by("place").values_list("place", flat=True)))
    assert places == [1, 2, 8]
