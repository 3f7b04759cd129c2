"""Webhooks that LiveKit sends while the web is restarted."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import aiohttp
import pytest

from tests.live.stack import ROOT, free_port, wait_until
from veyra.livekit.probe import server_answers
from veyra.livekit.simulator.speaker import RETRY_SECONDS, signed

pytestmark = [pytest.mark.live, pytest.mark.prove]

KEY, SECRET = "veyra", "a secret of at least thirty-two characters"
SECONDS, A_SECOND = 12, 20


class Web:
    """As its supervisor runs it."""

    def __init__(self, state: Path) -> None:
        self.state, self.port = state, free_port()
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        self.environment = kept | {
            "VEYRA_STATE": str(state),
            "LIVEKIT_API_KEY": KEY,
            "LIVEKIT_API_SECRET": SECRET,
        }
        self.run("migrate", "-v", "0").wait()
        self.process = self.start()

    def run(self, *words: str) -> "subprocess.Popen[bytes]":
        with (self.state / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def start(self) -> "subprocess.Popen[bytes]":
        quiet = ("--lifespan", "off", "--timeout-graceful-shutdown", "5", "--no-access-log")
        web = ("web", "uvicorn", "veyra.asgi:application", *quiet)
        process = self.run("run", *web, "--host", "127.0.0.1", "--port", str(self.port))
        wait_until(self.answers, "no web", 60)
        return process

    def answers(self) -> bool:
        return server_answers(f"http://127.0.0.1:{self.port}", path="/health/live")

    def restart(self) -> float:
        """For how many seconds nobody was there."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        since = time.monotonic()
        self.process = self.start()
        return time.monotonic() - since

    def stored(self) -> set[str]:
        with closing(sqlite3.connect(self.state / "db.sqlite3")) as database:
            rows = database.execute("SELECT event_id FROM telephony_callevent")
            return {name for (name,) in rows}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path)
    yield made
    made.process.terminate()
    made.process.wait(20)


async def sent(http: aiohttp.ClientSession, url: str, name: str) -> bool:
    """One webhook, as often and as late as LiveKit tries it."""
    event = {
        "id": name,
        "event": "room_started",
        "createdAt": str(int(time.time())),
        "room": {"sid": f"RM_{name}", "name": f"call-{name}"},
    }
    body = json.dumps(event)
    headers = {
        "Authorization": signed(body, KEY, SECRET),
        "Content-Type": "application/webhook+json",
    }
    for pause in (*RETRY_SECONDS, None):
        with suppress(aiohttp.ClientError, TimeoutError):
            async with http.post(url, data=body, headers=headers) as answer:
                if answer.status == 200:
                    return True
        if pause:
            await asyncio.sleep(pause)
    return False


async def while_restarted(web: Web) -> tuple[int, float]:
    """How many were answered at last, and how long nobody was there."""
    url = f"http://127.0.0.1:{web.port}/livekit/webhook"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        tasks, restarting = [], None
        for number in range(SECONDS * A_SECOND):
            tasks.append(asyncio.create_task(sent(http, url, f"EV_{number}")))
            if number == 2 * A_SECOND:
                restarting = asyncio.create_task(asyncio.to_thread(web.restart))
            await asyncio.sleep(1 / A_SECOND)
        assert restarting is not None
        return sum(await asyncio.gather(*tasks)), await restarting


def test_no_webhook_is_lost_while_the_web_is_restarted(web: Web) -> None:
    answered, away = asyncio.run(while_restarted(web))
    assert answered == SECONDS * A_SECOND and 0 < away < sum(RETRY_SECONDS)
    assert web.stored() == {f"EV_{number}" for number in range(SECONDS * A_SECOND)}
