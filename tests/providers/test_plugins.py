"""A provider's plugin can be had on a thread, where the web and the queue's workers need it."""

import subprocess
import sys

import pytest

ON_A_THREAD = """
import asyncio, sys, threading
from agentworker.ready import *
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Access, Choice, Part
made = []
async def build(slug, part):
    made.append(PROVIDERS[slug].builders[Part(part)](Access(secret="x"), Choice(slug), "en"))
def run():
    for slug, part in PAIRS:
        asyncio.run(build(slug, part))
thread = threading.Thread(target=run)
thread.start()
thread.join()
sys.exit(len(made) != len(PAIRS))
"""
ALL = [
    *[("openai", part) for part in ("ears", "mind", "voice")],
    *[
        (slug, part)
        for slug in ("deepgram", "elevenlabs", "cartesia")
        for part in ("ears", "voice")
    ],
    *[("anthropic", "mind"), ("groq", "mind"), ("yandex", "mind")],
]


def is_built(pairs: list[tuple[str, str]]) -> bool:
    program = f"PAIRS = {pairs!r}\n{ON_A_THREAD}"
    return subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0


@pytest.mark.prove
def test_who_needs_a_plugin_is_built_on_a_thread() -> None:
    assert is_built(ALL)
