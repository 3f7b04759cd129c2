"""The card that rings in a colleague's browser: its sound begins and ends with it."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from playwright.sync_api import Page, expect

from telephony import ringing
from telephony.colleagues import Found
from telephony.finding import Person
from telephony.models import Call, Colleague, Ring
from tests.browser.conftest import Site
from veyra.models import User

# The tones that were begun, and how many contexts make sound now.
COUNT = """
    window.tones = 0;
    window.contexts = [];
    window.OscillatorNode = class extends OscillatorNode {
        start(when) { window.tones += 1; super.start(when); }
    };
    window.AudioContext = class extends AudioContext {
        constructor() { super(); window.contexts.push(this); }
    };
"""
# The bell sounds once in four seconds.
A_WHILE = 5_000


def rings(person: str) -> Ring:
    """A call rings in this person's browser."""
    call = Call.objects.create(
        state=Call.State.ANSWERED,
        started_at=timezone.now(),
        answered_at=timezone.now(),
        from_number="+79160000001",
        to_number="+74991124148",
        room_name="room-1",
        room_sid="RM_1",
    )
    colleague = Colleague.objects.get(user__username=person)
    ring = ringing.begin(call, Ring.Why.TRANSFER, [Found(colleague.pk, 30)])
    rung = Person(colleague=colleague.pk, seconds=30, is_free=True, by_browser=True)
    assert ringing.ring_next(ring, 0, rung, timezone.now())
    return ring


def employ(name: str) -> None:
    user = User.objects.create_user(
        name, password="secret", is_staff=True, language="en", set_up_at=timezone.now()
    )
    user.user_permissions.set(Permission.objects.filter(codename="view_call"))
    Colleague.objects.create(name=name.capitalize(), user=user)


@pytest.fixture
def desk(site: Site, page: Page) -> Page:
    """A page of the desk, on which nothing was clicked."""
    site.do(lambda: employ("anna"))
    page.add_init_script(COUNT)
    page.goto(f"{site.url}/admin/login/?next=/report/")
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/report/")
    return page


def tones(page: Page) -> int:
    found: int = page.evaluate("tones")
    return found


def is_silent(page: Page) -> bool:
    before = tones(page)
    page.wait_for_timeout(A_WHILE)
    running = page.evaluate("contexts.filter((each) => each.state === 'running').length")
    return tones(page) == before and running == 0


def test_it_sounds_once_the_page_may_and_until_it_is_declined(site: Site, desk: Page) -> None:
    site.do(lambda: rings("anna"))
    card = desk.locator(".vy-bell-card")
    expect(card).to_be_visible()
    desk.keyboard.press("a")
    desk.wait_for_function("tones > 4", timeout=2 * A_WHILE)
    card.get_by_role("button", name="Not now").click()
    expect(card).to_have_count(0)
    assert is_silent(desk)


def test_it_is_silent_when_the_call_is_taken_elsewhere(site: Site, desk: Page) -> None:
    desk.keyboard.press("a")
    ring = site.do(lambda: rings("anna"))
    desk.wait_for_function("tones > 0", timeout=2 * A_WHILE)
    assert site.do(lambda: ringing.take(ring, Colleague.objects.get(), "colleague-1"))
    expect(desk.locator(".vy-bell-card")).to_have_count(0)
    assert is_silent(desk)
