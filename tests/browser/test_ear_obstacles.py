"""What keeps a browser from the sound of a call is said before a button can be pressed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserType, Page, expect

from telephony.models import Call
from tests.browser.conftest import Site
from veyra.models import User

Open = Callable[..., Page]


@pytest.fixture
def talk(site: Site) -> str:
    """The address of a call that goes on, in a room that no browser reaches."""

    def make() -> str:
        User.objects.create_superuser("anna", "", "secret", language="en", set_up_at=timezone.now())
        now = timezone.now()
        call = Call.objects.create(
            state="answered", started_at=now, answered_at=now, room_name="r", room_sid="RM_1"
        )
        return f"/calls/{call.pk}/"

    return site.do(make)


@pytest.fixture
def open_call(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], site: Site, talk: str
) -> Iterator[Open]:
    opened: list[Browser] = []

    def start(address: str = "", microphone: bool = True, flags: tuple[str, ...] = ()) -> Page:
        args = ["--no-sandbox", "--use-fake-device-for-media-stream", *flags]
        browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
        opened.append(browser)
        context = browser.new_context(locale="en-GB")
        # What is not in the list is refused.
        context.grant_permissions(["microphone"] if microphone else [])
        page = context.new_page()
        page.goto(f"{address or site.url}/admin/login/?next={talk}")
        page.fill("[name=username]", "anna")
        page.fill("[name=password]", "secret")
        page.press("[name=password]", "Enter")
        return page

    yield start
    for browser in opened:
        browser.close()


def test_a_livekit_that_cannot_be_reached_is_named(open_call: Open) -> None:
    page = open_call()
    alert = page.locator("#ear [role=alert]")
    expect(alert).to_contain_text("LiveKit cannot be reached from this browser", timeout=20_000)
    expect(page.get_by_role("button", name="Listen")).to_be_disabled()
    expect(page.get_by_role("button", name="Join the talk")).to_be_disabled()


def test_a_blocked_microphone_is_named(open_call: Open) -> None:
    page = open_call(microphone=False)
    expect(page.locator("[data-part=microphone]")).to_contain_text("microphone is blocked")


@pytest.mark.parametrize(
    ("public", "told"),
    [
        ("https://desk.example", "Open https://desk.example/calls/"),
        ("http://desk.example", "Ask your engineer for an https address"),
    ],
)
def test_a_page_over_http_says_where_the_microphone_opens(
    public: str, told: str, open_call: Open, site: Site, settings: LazySettings
) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["*"], public
    port = site.url.rpartition(":")[2]
    resolver = "--host-resolver-rules=MAP desk.example 127.0.0.1"
    page = open_call(f"http://desk.example:{port}", flags=(resolver,))
    expect(page.locator("[data-part=microphone]")).to_contain_text(told)
    expect(page.get_by_role("button", name="Join the talk")).to_be_disabled()
