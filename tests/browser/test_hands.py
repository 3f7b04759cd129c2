"""From the page of a call a person hints, blocks, transfers and hangs up."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from telephony import acting
from telephony.models import Call, Trunk
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from tests.browser.test_live_board import ADDRESS, CALLER, NUMBER, line

__all__ = ["line"]


@pytest.fixture
def page_of_a_call(line: Site, page: Page) -> Callable[..., None]:
    def open_it(**trunk: Any) -> None:
        line.do(lambda: Trunk.objects.update(**{"out_refer": True} | trunk))
        line.call(CALLER, NUMBER, ADDRESS)
        log_in(page, line, "anna")
        expect(page.locator("[name=password]")).to_have_count(0)
        call = line.do(lambda: Call.objects.get())
        page.goto(f"{line.url}/calls/{call.pk}/")

    return open_it


def work(site: Site) -> None:
    """What the tasks do, and what LiveKit says of it."""

    def act() -> None:
        for task in (acting.AT_ONCE, acting.RINGS):
            while acting.run_next(task):
                pass

    site.do(act)
    site.deliver()


@pytest.mark.prove
def test_a_hint_is_sent_without_leaving_the_page(
    line: Site, page: Page, page_of_a_call: Callable[..., None]
) -> None:
    page_of_a_call()
    hands = page.locator("#hands")
    hands.get_by_text("Hint to the assistant").click()
    hands.get_by_label("What should the assistant know?").fill("Offer a discount.")
    look(page, "hint")
    hands.get_by_role("button", name="Give the hint").click()
    expect(hands.get_by_text("Hint: “Offer a discount.”")).to_be_visible()
    expect(hands.get_by_text("On its way…")).to_be_visible()
    work(line)
    expect(hands.get_by_text("The hint went to the assistant.")).to_be_visible()


@pytest.mark.prove
def test_a_call_is_transferred_from_its_page(
    line: Site, page: Page, page_of_a_call: Callable[..., None]
) -> None:
    page_of_a_call()
    hands = page.locator("#hands")
    hands.get_by_text("Transfer", exact=True).click()
    hands.get_by_label("Connect the caller with").fill("8 (916) 000-00-01")
    hands.get_by_role("button", name="Transfer the call").click()
    expect(hands.get_by_text("Transfer to +7 916 000-00-01")).to_be_visible()
    expect(hands.get_by_text("The provider is connecting…")).to_be_visible()
    look(page, "transfer")
    work(line)
    expect(hands.get_by_text("The provider has taken the call over.")).to_be_visible()


def test_nobody_is_hung_up_on_by_one_click(
    line: Site, page: Page, page_of_a_call: Callable[..., None]
) -> None:
    page_of_a_call(out_refer=False)
    hands = page.locator("#hands")
    hands.get_by_text("Transfer", exact=True).click()
    expect(hands.get_by_text("does not transfer calls")).to_be_visible()
    hands.get_by_text("Hang up", exact=True).click()
    expect(hands.get_by_text("End this call?")).to_be_visible()
    look(page, "hang-up")
    hands.get_by_role("button", name="End the call").click()
    expect(hands.get_by_text("On its way…")).to_be_visible()
    work(line)
    expect(hands.get_by_text("The call was ended.")).to_be_visible()
    expect(hands.get_by_text("End this call?")).to_have_count(0)
    expect(page.get_by_text("A colleague ended the call, after")).to_be_visible()


def test_a_server_in_trouble_leaves_the_page_and_what_was_typed_as_they_are(
    line: Site, page: Page, page_of_a_call: Callable[..., None]
) -> None:
    page_of_a_call()
    hands = page.locator("#hands")
    hands.get_by_text("Hint to the assistant").click()
    hands.get_by_label("What should the assistant know?").fill("Offer a discount.")
    page.evaluate("window.stays = true")
    page.route("**/hint/**", lambda route: route.fulfill(status=502))
    hands.get_by_role("button", name="Give the hint").click()
    expect(hands.get_by_role("alert")).to_contain_text("This did not arrive.")
    assert page.evaluate("window.stays")
    page.unroute("**/hint/**")
    hands.get_by_role("button", name="Give the hint").click()
    expect(hands.get_by_text("Hint: “Offer a discount.”")).to_be_visible()


def test_a_caller_is_blocked_and_let_in_again_in_the_same_place(
    line: Site, page: Page, page_of_a_call: Callable[..., None]
) -> None:
    page_of_a_call()
    hands = page.locator("#hands")
    hands.get_by_text("Block this caller").click()
    look(page, "block")
    hands.get_by_role("button", name="Block for a day").click()
    hands.get_by_text("Caller is blocked").click()
    expect(hands.get_by_text("His calls are ended before anybody speaks, until")).to_be_visible()
    hands.get_by_role("button", name="Let him call again").click()
    expect(hands.get_by_text("Block this caller")).to_be_visible()


def look(page: Page, name: str) -> None:
    if folder := os.environ.get("H_LOOK"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/{name}-{scheme}.png")
