"""From a fact to the pixel: 500 live calls of the simulator, 50 boards, one of them in a browser.

Callers call and hang up so often that twenty facts a second are journalled. Measured is from the
moment when the caller does so until the browser has painted it: simulator, webhook and tap, fold,
hub, socket and page. And what the web process needs for all of it.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from subprocess import Popen

import aiohttp
import psutil
from playwright.async_api import Browser, Page, async_playwright

from tests.bench.calls import LINE, OURS
from tests.bench.figures import Figure, promised
from tests.bench.ground import Ground
from tests.bench.sockets import headers, in_database, log_in
from tests.live.stack import wait_until
from veyra.livekit.simulator.caller import SimulatorCaller

LIVE, BOARDS = 500, 50
AT_ONCE = 10
FACTS_A_SECOND = 20
# So much of that is as good as all of it: the last facts are told when the clock has stopped.
HELD = 0.95
WARM_UP, SECONDS = 5, 25
# Calls that go on, units with facts that are not folded yet, and all facts.
STANDING = """
from telephony.models import Call, CallEvent, FoldUnit
dirty = FoldUnit.objects.exclude(dirty_at=None)
calls = Call.objects.filter(state="answered")
result = [calls.count(), dirty.count(), CallEvent.objects.count()]
"""
FACTS = "from telephony.models import CallEvent; result = CallEvent.objects.count()"
CALLERS = """
from telephony.models import Call
result = {call.from_number: str(call.pk) for call in Call.objects.all()}
"""
# When each row was first painted, in ms of the clock; "ended" once its call was over.
WATCH = """
    window.painted = {};
    document.addEventListener("DOMContentLoaded", () => {
        const note = (name) => requestAnimationFrame(() => {
            const painted = new MessageChannel();
            painted.port1.onmessage = () => { window.painted[name] ??= Date.now(); };
            painted.port2.postMessage(null);
        });
        new MutationObserver((changes) => {
            for (const { addedNodes } of changes) for (const row of addedNodes) {
                if (!row.dataset?.call) continue;
                note(row.dataset.call);
                if ("ended" in row.dataset) note(`${row.dataset.call} ended`);
            }
        }).observe(document.getElementById("live"), { childList: true, subtree: true });
    });
"""


@dataclass
class Crowd:
    """Callers who come and go; `did` is when each did what, by their numbers, in s of the clock."""

    line: SimulatorCaller
    numbers: "count[int]" = field(default_factory=lambda: count(79000000001))
    here: list[tuple[str, str]] = field(default_factory=list)
    came: dict[str, float] = field(default_factory=dict)
    went: dict[str, float] = field(default_factory=dict)

    async def come(self) -> None:
        caller = str(next(self.numbers))
        self.came[caller] = time.time()
        invite = {"from": caller, "to": OURS, "ip": "127.0.0.1", "agent": True}
        seen = await self.line.place_call(invite)
        if seen["status"] != 200:
            raise RuntimeError(f"a call was not answered: {seen}")
        self.here.append((caller, seen["sip_call_id"]))

    async def go(self) -> None:
        caller, call = self.here.pop(0)
        self.went[caller] = time.time()
        await self.line.hang_up(call)


def measure(arena: Ground) -> list[Figure]:
    arena.system.manage("collectstatic", "--noinput", "--verbosity", "0")
    web = arena.start_web()
    for program in ("worker", "beat", "tap"):
        arena.system.start_program(program)
    arena.start_simulator()
    wait_until(lambda: "ready." in arena.system.log("worker"), "no worker", 60)
    in_database(arena, LINE)
    return asyncio.run(_measure(arena, web))


async def _measure(arena: Ground, web: Popen[bytes]) -> list[Figure]:
    stack = arena.system.stack
    cookie = log_in(arena)
    async with SimulatorCaller(stack.url, stack.api_key, stack.api_secret) as line:
        crowd = Crowd(line)
        await _until_published(crowd)
        while new := min(AT_ONCE, LIVE - len(crowd.here)):
            await asyncio.gather(*(crowd.come() for _ in range(new)))
        await _until_journalled(arena)
        async with _boards(arena, cookie), _browser() as browser:
            page = await _open(browser, arena, cookie)
            return await _live(arena, web, crowd, page)


async def _until_published(crowd: Crowd) -> None:
    """The line takes its first call."""
    for _ in range(100):
        try:
            return await crowd.come()
        except RuntimeError:
            await asyncio.sleep(0.2)
    raise TimeoutError("the line was not published")


async def _until_journalled(arena: Ground) -> None:
    """All calls go on, and no more facts come: those of one call are counted next."""
    before: list[int] = []
    for _ in range(120):
        standing = await asyncio.to_thread(arena.system.ask, STANDING)
        if standing[:2] == [LIVE, 0] and standing == before:
            return
        before = standing
        await asyncio.sleep(2)
    raise TimeoutError(f"not all calls were journalled: {standing}")


@asynccontextmanager
async def _boards(arena: Ground, cookie: str) -> AsyncIterator[None]:
    """All but one, which is the browser's."""
    url, options = f"{arena.system.url}/ws/live/", headers(arena, cookie)
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(url, headers=options) for _ in range(BOARDS - 1)]
        readers = [asyncio.create_task(_read(socket)) for socket in sockets]
        try:
            yield
        finally:
            for reader in readers:
                reader.cancel()


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _message in socket:
        pass


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def _open(browser: Browser, arena: Ground, cookie: str) -> Page:
    page = await (await browser.new_context()).new_page()
    name, value = cookie.split("=", 1)
    await page.context.add_cookies([{"name": name, "value": value, "url": arena.system.url}])
    await page.add_init_script(WATCH)
    await page.goto(f"{arena.system.url}/live/")
    await page.wait_for_function(f"document.querySelectorAll('.vy-call').length >= {LIVE}")
    return page


async def _live(arena: Ground, web: Popen[bytes], crowd: Crowd, page: Page) -> list[Figure]:
    facts = await _facts(arena)
    await asyncio.gather(crowd.come(), crowd.go())
    await asyncio.sleep(2)
    of_a_call = await _facts(arena) - facts
    await _come_and_go(crowd, WARM_UP, of_a_call)
    crowd.came.clear()
    crowd.went.clear()
    process, facts = psutil.Process(web.pid), await _facts(arena)
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    await _come_and_go(crowd, SECONDS, of_a_call)
    seconds = time.monotonic() - began
    used = sum(process.cpu_times()[:2]) - before
    callers, painted = await _all_painted(arena, crowd, page)
    told = (await _facts(arena) - facts) / seconds
    waits = [painted[callers[n]] - at * 1000 for n, at in crowd.came.items()]
    waits += [painted[f"{callers[n]} ended"] - at * 1000 for n, at in crowd.went.items()]
    where = f"{LIVE} calls, {BOARDS} boards"
    p95 = statistics.quantiles(waits, n=20)[-1]
    return [
        Figure(f"{where}: facts", "a second", told, FACTS_A_SECOND, ">=", HELD),
        promised(f"{where}: fact to pixel, p95 of {len(waits)}", "ms", p95, 150),
        promised(f"{where}: web", "cores", used / seconds, 1),
    ]


async def _all_painted(
    arena: Ground, crowd: Crowd, page: Page
) -> tuple[dict[str, str], dict[str, float]]:
    """The call of each caller, and when each row was painted, once the last one was."""
    for _ in range(40):
        callers = await asyncio.to_thread(arena.system.ask, CALLERS)
        painted = await page.evaluate("window.painted")
        names = {callers.get(caller, "") for caller in crowd.came}
        names |= {f"{callers[caller]} ended" for caller in crowd.went}
        if names <= painted.keys():
            return callers, painted
        await asyncio.sleep(0.5)
    raise TimeoutError(f"{len(names - painted.keys())} of {len(names)} changes were not painted")


async def _come_and_go(crowd: Crowd, seconds: float, of_a_call: int) -> None:
    """One comes, one goes, evenly."""
    pause = of_a_call / FACTS_A_SECOND / 2
    began = time.monotonic()
    under_way: set[asyncio.Task[None]] = set()
    for number in range(round(seconds / pause)):
        under_way.add(asyncio.create_task(crowd.come() if number % 2 else crowd.go()))
        await asyncio.sleep(max(0.0, began + (number + 1) * pause - time.monotonic()))
    await asyncio.gather(*under_way)


async def _facts(arena: Ground) -> int:
    return int(await asyncio.to_thread(arena.system.ask, FACTS))
