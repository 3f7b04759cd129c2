"""The real LiveKit, for tests marked `live`; they are skipped where its programs are missing."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.stack import Stack, missing


@pytest.fixture(scope="session")
def start_stack() -> Iterator[Callable[..., Stack]]:
    """A function that starts one more stack: start_stack(webhook_url="http://...")."""
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    started: list[Stack] = []
    # pytest's own folders are too deep for a socket's path, which ends at 107 characters.
    with tempfile.TemporaryDirectory(prefix="veyra-") as base:

        def start(webhook_url: str = "", rtp_ports: int = 200) -> Stack:
            folder = Path(base) / str(len(started))
            folder.mkdir()
            stack = Stack(folder, webhook_url, rtp_ports)
            started.append(stack)
            stack.start()
            return stack

        yield start
        for stack in started:
            stack.stop()


@pytest.fixture(scope="session")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    """One stack for the whole session; its webhooks go to `stack.webhook_port`."""
    return start_stack()
