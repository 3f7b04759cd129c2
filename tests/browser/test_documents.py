"""Pages of the desk as documents show them, and documents as people read them."""

from collections.abc import Callable
from random import Random

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent
from telephony import demo
from telephony.models import Call, PhoneNumber
from tests.browser.conftest import Site, work
from tests.browser.pictures import PAGES
from veyra.models import User

pytestmark = pytest.mark.prove


def log_in(page: Page, site: Site, language: str, *, is_new: bool = False) -> None:
    """`is_new`: nothing is saved here yet; else the demo is."""

    def staff() -> None:
        asked = {"language": language, "set_up_at": timezone.now()}
        User.objects.create_superuser("olga", "", "secret", **asked)
        if not is_new:
            demo.fill(timezone.now(), Random(1))
        work()

    site.do(staff)
    site.publish()
    page.goto(f"{site.url}/admin/")
    page.fill("[name=username]", "olga")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    expect(page.locator("#nav-sidebar")).to_be_attached()


def rows() -> dict[str, object]:
    """What pages of one row are of."""
    call = Call.objects.filter(outcome="answered").latest("started_at")
    number, agent = PhoneNumber.objects.get(), Agent.objects.get()
    return {"call": call.pk, "agent": agent.pk, "number": number.pk}


@pytest.mark.parametrize("language", ["ru", "en"])
def test_documents_show_pages_as_they_are(
    page: Page,
    site: Site,
    language: str,
    picture: Callable[[Page, str], None],
    settings: LazySettings,
) -> None:
    settings.SIP_TEST_TO = ""  # no entrance is here to be asked how it is
    log_in(page, site, language)
    of = site.do(rows)
    for name, address in PAGES.items():
        answer = page.goto(f"{site.url}{address.format(**of)}")
        assert answer and answer.ok
        page.wait_for_load_state("networkidle")
        picture(page, f"{name}-{language}")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_documents_show_what_a_newcomer_does_first(
    page: Page, site: Site, language: str, picture: Callable[[Page, str], None]
) -> None:
    log_in(page, site, language, is_new=True)
    page.wait_for_load_state("networkidle")
    picture(page, f"first-{language}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_diagrams_of_a_document_are_seen(page: Page, site: Site, scheme: str) -> None:
    log_in(page, site, "ru")
    page.evaluate("theme => localStorage.setItem('_x_adminTheme', JSON.stringify(theme))", scheme)
    page.goto(f"{site.url}/docs/livekit_architecture_diagrams/")
    every = page.locator(".vy-diagram img")
    expect(every).to_have_count(9)
    for one in every.all():
        expect(one).not_to_have_js_property("naturalWidth", 0)
        assert (one.bounding_box() or {"width": 0})["width"] > 200
    page.locator(".vy-diagram summary").first.click()
    expect(page.locator(".vy-diagram pre").first).to_contain_text("flowchart")


def test_a_word_is_explained_where_it_stands_to_a_mouse_a_key_and_a_finger(
    page: Page, site: Site
) -> None:
    log_in(page, site, "ru")
    meaning = page.locator(".vy-meaning")
    page.goto(f"{site.url}/admin/telephony/phonenumber/")
    page.get_by_text("Подключение провайдера", exact=True).hover()
    expect(meaning).to_contain_text("Договорённость с телефонной компанией")
    page.goto(f"{site.url}/admin/telephony/phonenumber/add/")
    expect(meaning).to_be_hidden()
    what = page.get_by_role("button", name="Подключение провайдера. Договорённость")
    what.focus()
    expect(meaning).to_be_visible()
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    what.blur()
    what.click()
    expect(meaning).to_be_visible()
    page.goto(f"{site.url}/livekit-tokens/")
    page.get_by_role("button", name="Комната. Место в LiveKit").focus()
    expect(meaning).to_contain_text("встречаются звонящий и ассистент")


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
