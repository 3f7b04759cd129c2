"""An owner lets somebody in, who chooses his password and his second factor by himself."""

import re
import time

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from monitoring import roles
from tests.browser.conftest import Site
from veyra.models import User

AT_HOME = {"is_staff": True, "language": "en", "set_up_at": timezone.now()}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(secret: str, ahead: int = 0) -> str:
    counter = int(time.time()) // 30 + ahead
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def owner() -> None:
    roles.make()
    user = User.objects.create_user("olga", "", "secret", **AT_HOME)
    user.groups.set(Group.objects.filter(name="Owner"))
    totp.TOTP.activate(user, SECRET)


def log_in(page: Page, site: Site, name: str, password: str, digits: str) -> None:
    page.goto(f"{site.url}/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.fill("[name=code]", digits)
    page.press("[name=code]", "Enter")


@pytest.fixture(autouse=True)
def _as_in_earnest(settings: LazySettings) -> None:
    settings.SECOND_FACTOR_ROLES = ("Owner", "Engineer")


def test_an_operator_is_invited_and_sees_what_operators_see(
    page: Page, site: Site, browser: Browser
) -> None:
    site.do(owner)
    log_in(page, site, "olga", "secret", code(SECRET))
    page.goto(f"{site.url}/people/invite/")
    page.fill("[name=name]", "Boris")
    page.check("[value=Operator]")
    page.click("#invite button")
    link = page.locator("#link").inner_text().strip()

    guest = browser.new_context(locale="en-US").new_page()
    guest.goto(re.sub(r"^https?://[^/]+", site.url, link))
    guest.fill("[name=username]", "boris")
    guest.fill("[name=password]", "a-much-longer-word")
    guest.fill("[name=again]", "a-much-longer-word")
    guest.click("#join button")
    guest.click("#setup button[type=submit]")
    guest.get_by_role("link", name="An app on my telephone").click()
    guest.click("summary")
    secret = guest.locator("#secret").inner_text().strip()
    guest.fill("[name=code]", code(secret))
    guest.get_by_role("button", name="Switch on").click()
    expect(guest.locator("#codes")).to_be_visible()
    guest.get_by_role("link", name="go on").click()

    menu = guest.locator("#nav-sidebar, aside, nav").first
    expect(guest.get_by_role("link", name="Call back").first).to_be_visible()
    expect(menu).not_to_contain_text("Provider connections")
    for path, status in (("live/", 200), ("people/", 403), ("admin/telephony/trunk/", 403)):
        answer = guest.goto(f"{site.url}/{path}")
        assert answer and answer.status == status
    guest.context.clear_cookies()
    log_in(guest, site, "boris", "a-much-longer-word", code(secret, ahead=1))
    expect(guest.get_by_role("link", name="Call back").first).to_be_visible()
    guest.context.close()
    page.goto(f"{site.url}/people/")
    expect(page.locator("li", has_text="Boris")).to_contain_text("second factor")


@pytest.mark.prove
def test_a_passkey_alone_opens_the_login(page: Page, site: Site, settings: LazySettings) -> None:
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    site.do(lambda: User.objects.create_user("anna", "", "secret", **AT_HOME))
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    able = {"hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": key | able})
    # A passkey belongs to a name: browsers have none for a bare address.
    desk = site.url.replace("127.0.0.1", "localhost")
    page.goto(f"{desk}/admin/login/")
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")
    page.goto(f"{desk}/account/keys/add/")
    page.fill("[name=name]", "My finger")
    page.check("[name=passwordless]")
    page.click("#mfa_webauthn_add")
    expect(page.locator("#codes")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{desk}/admin/login/")
    page.click("#passkey_login")
    page.wait_for_url("**/admin/")
    page.goto(f"{desk}/account/")
    expect(page.get_by_text("My finger")).to_be_visible()
