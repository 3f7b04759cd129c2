"""A provider's plugin can be had on a thread, where the web and the queue's workers need it."""

import subprocess
import sys

import pytest

BUILD = """
import threading, sys
import agentworker.providers.threads
names = "openai", "deepgram", "elevenlabs", "cartesia", "anthropic", "groq"
def load():
    for name in names:
        __import__("livekit.plugins." + name)
thread = threading.Thread(target=load)
thread.start()
thread.join()
sys.exit(not all("livekit.plugins." + name in sys.modules for name in names))
"""


@pytest.mark.prove
def test_every_plugin_is_imported_on_a_thread() -> None:
    assert subprocess.run([sys.executable, "-c", BUILD], timeout=120).returncode == 0
