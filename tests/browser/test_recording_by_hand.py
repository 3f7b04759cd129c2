"""From the page of a call a supervisor records it, and sees when that is really so."""

import re

from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent, Worker
from recordings import expecting
from telephony.models import Call, CallEvent
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from tests.browser.test_live_board import ADDRESS, CALLER, NUMBER, line

__all__ = ["line"]

ON = re.compile("vy-on")


def says(site: Site, kind: str) -> None:
    """A fact of the job that records, which lives."""

    def store() -> None:
        now, call = timezone.now(), Call.objects.get()
        Worker.objects.update(jobs=[{"job": "AJ_1", "room": call.room_name}])
        fact = {"source": "agent", "kind": kind, "at": now, "room_sid": call.room_sid}
        CallEvent.objects.create(event_id=f"AJ_1:{CallEvent.objects.count()}", **fact)
        expecting.look(now)

    site.do(store)


def test_a_call_is_recorded_paused_and_recorded_on_and_the_page_tells_the_truth(
    line: Site, page: Page
) -> None:
    line.do(lambda: Agent.objects.update(recording="pressed"))
    line.call(CALLER, NUMBER, ADDRESS)
    log_in(page, line, "anna")
    expect(page.locator("[name=password]")).to_have_count(0)
    call = line.do(lambda: Call.objects.get())
    page.goto(f"{line.url}/calls/{call.pk}/")
    hand, head = page.locator(".vy-recorder"), page.locator("[data-call] .vy-record")
    expect(head).to_have_count(0)
    hand.get_by_role("button", name="Record", exact=True).click()
    expect(hand.get_by_text("Recording begins…")).to_be_visible()
    says(line, "recording_started")
    expect(hand.locator(".vy-record")).to_have_class(ON)
    expect(head).to_have_class(ON)
    hand.get_by_role("button", name="Pause the recording").click()
    # Nobody has paused it yet, and nobody says so.
    expect(hand.get_by_text("Pausing… it is still recorded")).to_be_visible()
    expect(head).to_have_class(ON)
    says(line, "recording_paused")
    expect(hand.get_by_text("Recording paused")).to_be_visible()
    expect(head).not_to_have_class(ON)
    hand.get_by_role("button", name="Go on recording").click()
    says(line, "recording_resumed")
    expect(head).to_have_class(ON)
    page.goto(f"{line.url}/live/")
    expect(page.locator(".vy-call .vy-record")).to_have_class(ON)
    says(line, "recording_stopped")
    expect(page.locator(".vy-call .vy-record")).not_to_have_class(ON)
