"""An engineer looks into a room, mutes somebody, sends the room on, and lets a camera in."""

import os
import re
from collections.abc import Callable

from django.conf import LazySettings
from playwright.sync_api import Page, expect

from agentworker.models import Agent
from recordings import looking
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from tests.browser.test_live_board import ADDRESS, CALLER, NUMBER, line

__all__ = ["line"]
SERVER = "rtmps://live.example.org/app"


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_an_engineer_looks_into_a_room_sends_it_on_and_lets_a_camera_in(
    line: Site, page: Page, settings: LazySettings
) -> None:
    settings.LIVEKIT_SIMULATED = True
    # What is never recorded is not sent on either.
    line.do(lambda: Agent.objects.update(recording="pressed"))
    line.publish()
    room = line.call(CALLER, NUMBER, ADDRESS)["room"]
    log_in(page, line, "anna")
    expect(page.locator("[name=password]")).to_have_count(0)
    page.goto(f"{line.url}/rooms/")
    shot(page, "rooms")
    page.get_by_role("link", name=room).click()
    caller = page.locator("[data-identity^=sip_]")
    caller.get_by_role("button", name="Mute").click()
    expect(caller.get_by_text("muted")).to_be_visible()
    shot(page, "room")
    _send_on(line, page)
    _let_in(line, page)
    line.do(lambda: line.simulated.do(line.simulated.switchboard.delete_room(room)))
    page.goto(f"{line.url}/rooms/")
    expect(page.get_by_role("link", name="hall")).to_be_visible()
    expect(page.get_by_role("link", name=room)).to_have_count(0)


def _send_on(line: Site, page: Page) -> None:
    page.get_by_role("link", name="Send this room on…").click()
    new = page.locator("form", has=page.get_by_role("button", name="Begin"))
    new.get_by_label("Address (server)").fill(SERVER)
    new.get_by_label("Key").fill("first-secret-key")
    new.get_by_role("button", name="Begin").click()
    # LiveKit is asked, and a moment later says that it goes out.
    live = page.locator("[data-standing=streams]")
    _until(
        line, lambda: expect(live.get_by_text("On air", exact=True)).to_have_count(2, timeout=500)
    )
    live.get_by_text("Send it to one more…").click()
    live.get_by_label("Address (server)").fill(SERVER)
    live.get_by_label("Key").fill("second-secret-key")
    live.get_by_role("button", name="Add").click()
    _until(
        line, lambda: expect(live.get_by_text("On air", exact=True)).to_have_count(3, timeout=500)
    )
    shot(page, "streams")
    expect(page.locator("body")).not_to_contain_text(re.compile("secret"))
    live.get_by_role("button", name="Stop").click()
    over = page.locator("section", has=page.get_by_role("heading", name="Over"))
    line.do(looking.look)
    page.reload()
    expect(over.get_by_role("listitem")).to_have_count(1)


def _let_in(line: Site, page: Page) -> None:
    page.goto(f"{line.url}/ingress/")
    page.get_by_label("Name").fill("Camera in the hall")
    page.get_by_label("Room", exact=True).fill("hall")
    page.get_by_role("button", name="Make it").click()
    line.do(looking.look)
    page.reload()
    expect(page.get_by_text("rtmp://127.0.0.1:1935/x")).to_be_visible()
    page.get_by_text("Show the key").click()
    shot(page, "ingress")
    inputs = line.simulated.switchboard.inputs
    (key,) = [info.stream_key for info in inputs.infos.values()]
    expect(page.get_by_text(key)).to_be_visible()
    line.simulated.do(inputs.begin(next(iter(inputs.infos))))
    # The page fetches itself, though the reader has opened something on it.
    _until(line, lambda: expect(page.get_by_text("On air", exact=True)).to_be_visible(timeout=500))


def _until(line: Site, seen: Callable[[], None]) -> None:
    """What the task does every few seconds, until the page, which fetches itself, shows it."""
    for _look in range(30):
        line.do(looking.look)
        try:
            return seen()
        except AssertionError:
            continue
    seen()
