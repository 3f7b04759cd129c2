"""Pages of the desk as documents show them, and documents as people read them."""

from collections.abc import Callable
from random import Random

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from telephony import demo
from tests.browser.conftest import Site, work
from veyra.models import User

pytestmark = pytest.mark.prove

# What documents show: the picture's name, and its page.
PICTURES = {
    "calls": "/admin/telephony/call/",
}


def log_in(page: Page, site: Site, language: str) -> None:
    def staff() -> None:
        asked = {"language": language, "set_up_at": timezone.now()}
        User.objects.create_superuser("olga", "", "secret", **asked)
        demo.fill(timezone.now(), Random(1))
        work()

    site.do(staff)
    site.publish()
    page.goto(f"{site.url}/admin/")
    page.fill("[name=username]", "olga")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    expect(page.locator("#nav-sidebar")).to_be_attached()


@pytest.mark.parametrize("language", ["ru", "en"])
def test_documents_show_pages_as_they_are(
    page: Page, site: Site, language: str, picture: Callable[[Page, str], None]
) -> None:
    log_in(page, site, language)
    for name, address in PICTURES.items():
        answer = page.goto(f"{site.url}{address}")
        assert answer and answer.ok
        page.wait_for_load_state("networkidle")
        picture(page, f"{name}-{language}")


def test_help_explains_a_page_and_leads_to_its_document(page: Page, site: Site) -> None:
    log_in(page, site, "ru")
    page.goto(f"{site.url}/admin/telephony/trunk/")
    page.hover(".vy-ask")
    expect(page.locator(".vy-asked")).to_contain_text("SIP-транк")
    page.click(".vy-ask")
    expect(page).to_have_url(f"{site.url}/docs/livekit_sip_configuration/#connections")
    page.fill("#wanted", "записать после согласия")
    page.press("#wanted", "Enter")
    expect(page.locator(".vy-found").first).to_contain_text("соглас")
    page.locator(".vy-found a").first.click()
    expect(page.locator(".vy-document h1")).to_be_visible()
