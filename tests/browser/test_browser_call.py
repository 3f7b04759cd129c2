""" "Call this line now" from the browser: a real LiveKit, our assistant, Chromium's microphone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live.stack import missing, wait_until
from tests.live.system import System, running
from tests.live.test_call import LINE

pytestmark = pytest.mark.live

PERSON = """
    from django.utils import timezone
    from telephony.models import PhoneNumber
    from veyra.models import User
    User.objects.create_superuser("admin", "", "secret", language="en", set_up_at=timezone.now())
    result = PhoneNumber.objects.get(number="+74991124148").pk
"""
CALL = """
    from agentworker.models import Turn
    from telephony.models import Call
    call = Call.objects.filter(direction="browser").first()
    result = call and {
        "state": call.state, "outcome": call.outcome, "from": call.from_number,
        "to": call.to_number, "agent": call.agent and call.agent.name, "reason": call.reason,
        "keys": list(Turn.objects.exclude(digit="").values_list("digit", flat=True)),
        "said": list(Turn.objects.filter(speaker="agent").values_list("text", flat=True)),
    }
"""


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running() as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


def test_a_person_calls_from_the_browser_and_is_answered(page: Page, system: System) -> None:
    number = system.ask(PERSON)
    page.goto(f"{system.url}/admin/login/?next=/numbers/{number}/call/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.get_by_role("button", name="Call now").click()
    status = page.locator("[data-status]")
    expect(status).to_have_text("Talking", timeout=20_000)
    expect(page.locator("[data-seconds]")).to_have_text(re.compile(r"0:0[3-9]"), timeout=10_000)
    page.locator("[data-keys] button", has_text="1").click()
    wait_until(lambda: bool(found(system)["keys"]), "the key did not arrive", 20)
    page.get_by_role("button", name="Hang up").click()
    expect(status).to_have_text("The call has ended.")
    wait_until(lambda: found(system)["state"] == "ended", "the call did not end", 20)
    call = found(system)
    assert (call["outcome"], call["agent"], call["keys"]) == ("answered", "Поддержка", ["1"])
    assert (call["from"], call["to"]) == ("admin", "+74991124148")
    assert "Вы позвонили в поддержку" in call["said"][0]
    page.get_by_role("link", name="Open the page of this call").click()
    expect(page.locator(".vy-talk")).to_contain_text("Вы позвонили в поддержку")


def found(system: System) -> dict[str, Any]:
    return system.ask(CALL) or {"state": "", "keys": []}
