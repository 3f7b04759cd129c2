"""An assistant is tried before anybody calls it: by text, and through Chromium's microphone, with
ears and a mind that stand on this machine.
"""

import asyncio
import re
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from agentworker.espeak import VOICES, WORDS_PER_MINUTE, engine
from tests.agent.talking import Thinking
from tests.live.stack import missing, wait_until
from tests.live.system import System, running
from tests.providers.servers import serving

pytestmark = [pytest.mark.live, pytest.mark.prove]

ASKED = "Сколько стоит чистка?"
QUIET_SECONDS, AFTER_SECONDS = 10, 30
WORDS = """
    from django.utils import timezone
    from agentworker.models import Agent, AgentDraft, AgentVersion, ProviderKey
    from veyra.models import User
    User.objects.create_superuser("admin", "", "secret", language="en", set_up_at=timezone.now())
    url = "{url}/v1"
    key = ProviderKey.objects.create(
        name="Ours", provider="openai_compatible", settings={{"mind_url": url, "ears_url": url}}
    )
    choice = [{{"provider": "openai_compatible", "key": str(key.key)}}]
    agent = Agent.objects.create(name="Клиника")
    words = {{"language": "ru", "greeting": "Здравствуйте, это клиника."}}
    AgentVersion.objects.create(agent=agent, number=1, **words)
    tools = [{{"kind": "message", "name": "message", "when": "просит записать"}}]
    AgentDraft.objects.create(
        agent=agent, tools=tools, speech={{"ears": choice, "mind": choice}}, **words
    )
    result = agent.pk
"""
LEFT = """
    from agentworker.models import AgentRequest, Session, SessionEvent, Turn
    from telephony.models import Call
    result = {
        "sessions": list(Session.objects.values_list("is_trial", flat=True)),
        "over": Session.objects.exclude(ended_at=None).count(),
        "counted": Turn.objects.exclude(delay_ms=None).count(),
        "turns": Turn.objects.count(),
        "to_fold": SessionEvent.objects.filter(folded_at=None).count(),
        "asked": AgentRequest.objects.count(),
        "calls": Call.objects.count(),
    }
"""


class Clinic(Thinking):
    """Hears one question, and answers as it is told here."""

    def __init__(self) -> None:
        noted = ("Сейчас запишу.", "message", {"text": "чистка"})
        super().__init__("По телефону мы цен не называем.", noted, "Записала вас.")
        self.hears = ASKED


@contextmanager
def provider() -> Iterator[str]:
    """Its address, for as long as the block; it has a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    held = serving(Clinic().answer)
    try:
        yield asyncio.run_coroutine_threadsafe(held.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(held.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running("web", "worker", "agent", PROVIDER_NETWORKS="127.0.0.0/8") as system:
        yield system


def question(path: Path) -> Path:
    """Silence while it greets, then a question, and silence for the answer."""
    rate = engine().rate
    spoken = engine().speak(ASKED, VOICES["ru"], WORDS_PER_MINUTE)
    silence = bytes(2 * rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(silence * QUIET_SECONDS + spoken + silence * AFTER_SECONDS)
    return path


@pytest.fixture
def page(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Page]:
    """Of a browser whose microphone asks."""
    microphone = f"--use-file-for-fake-audio-capture={question(tmp_path / 'asked.wav')}"
    args = [*browser_type_launch_args["args"], microphone]
    browser: Browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
    yield browser.new_context(locale="en-GB").new_page()
    browser.close()


def test_a_draft_is_talked_to_by_text_and_by_voice_and_is_no_call(
    page: Page, system: System
) -> None:
    with provider() as url:
        agent = system.ask(WORDS.format(url=url))
        page.goto(f"{system.url}/admin/login/?next=/assistants/{agent}/try/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", "secret")
        page.press("[name=password]", "Enter")
        by_text(page)
        by_voice(page)
        page.click("[data-part=hangup]")
        expect(page.locator("[data-part=status]")).to_have_text("The talk is over.")
    wait_until(lambda: system.ask(LEFT)["over"] == 1, "the talk did not end", 20)
    left = system.ask(LEFT)
    assert left.pop("turns") >= 4
    assert left == {
        "sessions": [True],
        "over": 1,
        "counted": 0,
        "to_fold": 0,
        "asked": 0,
        "calls": 0,
    }


def by_text(page: Page) -> None:
    page.click("[data-part=begin]")
    lines = page.locator("[data-part=lines] li")
    expect(lines.first).to_contain_text("Здравствуйте, это клиника.", timeout=20_000)
    page.fill("[name=says]", "Какие у вас цены?")
    page.press("[name=says]", "Enter")
    expect(lines.nth(1)).to_contain_text("Какие у вас цены?")
    expect(lines.nth(2)).to_contain_text("По телефону мы цен не называем.")


def by_voice(page: Page) -> None:
    page.click("[data-part=dial]")
    expect(page.locator("[data-part=status]")).to_have_text("Speak: it hears you.", timeout=20_000)
    lines = page.locator("[data-part=lines] li")
    expect(lines.filter(has_text="Здравствуйте, это клиника.")).to_be_visible()
    expect(page.locator(".vy-turn:not(.vy-ours)")).to_contain_text(ASKED, timeout=20_000)
    expect(page.locator(".vy-deed")).to_contain_text("Take a message")
    answer = page.locator(".vy-turn.vy-ours", has_text="Сейчас запишу.")
    expect(answer.locator("small")).to_contain_text(re.compile(r"answered after \d+\.\d s"))
    expect(lines.filter(has_text="Записала вас.")).to_be_visible()
