"""A real call is turned away, one click lets such calls in, and the next one is answered."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

OURS, UNKNOWN, CALLS_AS = "74991124148", "74991120000", "79161230001"
LINE = f"""
    from django.utils import timezone
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake
    from veyra.models import User

    now = timezone.now()
    User.objects.create_superuser("admin", "", "secret", language="en", set_up_at=now)
    agent = Agent.objects.create(name="Support")
    save_words(agent, Words("en", "Hello! You have reached the support line.", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    PhoneNumber.objects.create(number="+{OURS}", trunk=trunk)
    rule = DispatchRule.objects.create(name="Everybody", agent=agent, room="support-room-")
    rule.trunks.add(trunk)
    wake("telephony.apply")
"""
PUBLISHED = """
    from telephony.models import PhoneNumber, PublishedObject
    states = list(PublishedObject.objects.filter(kind="number").values_list("state", flat=True))
    result = len(states) == PhoneNumber.objects.count() and set(states) == {"live"}
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running() as system:
        system.ask(LINE)
        published(system)
        yield system


def published(system: System) -> None:
    wait_until(lambda: bool(system.ask(PUBLISHED)), "the line was not published", 60)


def test_a_refused_call_is_mended_by_one_click_and_the_next_one_is_answered(
    page: Page, system: System
) -> None:
    refused = system.call(UNKNOWN, "listen:5", user=CALLS_AS)
    assert refused["status"] != 200
    page.goto(f"{system.url}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    line = page.locator(".vy-refusal")

    def is_told() -> bool:
        page.goto(f"{system.url}/turned-away/")
        return line.count() == 1

    wait_until(is_told, "the refused call was not told", 20)
    expect(line).to_contain_text("+7 916 123-00-01 → +7 499 112-00-00")
    expect(line).to_contain_text("We have no number +7 499 112-00-00")
    page.get_by_role("button", name="Add +7 499 112-00-00 to “trunk1”").click()
    expect(page.get_by_text("Call once more.")).to_be_visible()
    published(system)

    page.reload()
    expect(line).to_contain_text("Mended")
    answered = system.call(UNKNOWN, "listen:4", user=CALLS_AS)
    assert answered["status"] == 200 and answered["voiced_seconds"] > 1
