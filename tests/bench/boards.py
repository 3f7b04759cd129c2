"""Fifty open boards, twenty changes a second: CPU of the web process, against a raw echo.

The echo gets a ready text as long as one row of the board, and passes it on to every socket.
"""

import asyncio
import json
from subprocess import Popen

import aiohttp
import psutil

from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.sockets import headers, in_database, log_in

BOARDS = 50
CHANGES_A_SECOND = 20
SECONDS = 10
CALLS = 500

# Calls of this moment, and their changes: what a fold does at its end, as often as wanted.
CHANGES = f"""
import time
from django.utils import timezone
from telephony.models import Call, Leg
from veyra.live import changed
calls = [Call.objects.create(state="ringing", started_at=timezone.now(), unit=f"call:{{n}}",
         from_number=f"7900000000{{n}}", to_number="74991124148") for n in range({CALLS})]
for n, call in enumerate(calls):
    Leg.objects.create(call=call, role="caller", sip_call_id=f"SCL_{{n}}")
start = time.monotonic()
for number in range({CHANGES_A_SECOND * SECONDS}):
    call = calls[number % {CALLS}]
    call.version += 1
    Call.objects.filter(pk=call.pk).update(version=call.version)
    changed("call", call.pk)
    time.sleep(max(0, start + (number + 1) / {CHANGES_A_SECOND} - time.monotonic()))
"""
# {{length}} is filled in once it is known.
ECHOES = f"""
import time
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
send = async_to_sync(get_channel_layer().group_send)
text = "x" * {{length}}
start = time.monotonic()
for number in range({CHANGES_A_SECOND * SECONDS}):
    send("bare", {{{{"type": "row.changed", "text": text}}}})
    time.sleep(max(0, start + (number + 1) / {CHANGES_A_SECOND} - time.monotonic()))
"""


def measure(arena: Ground) -> list[Figure]:
    web, bare = arena.start_web(), arena.start_bare_web()
    options = headers(arena, log_in(arena))
    ours_url = f"{arena.system.url}/ws/live/"
    bare_url = f"http://127.0.0.1:{arena.bare_port}/ws/echo/"
    ours, length = asyncio.run(_cpu(arena, web, ours_url, options, CHANGES))
    echoes = ECHOES.format(length=length)
    theirs, _ = asyncio.run(_cpu(arena, bare, bare_url, options, echoes))
    return [
        Figure(
            name="50 boards, 20 changes/s: web CPU",
            unit="s",
            ours=ours,
            bare=theirs,
            bound="<=",
            target=2.5,
        )
    ]


async def _cpu(
    arena: Ground, web: Popen[bytes], url: str, options: dict[str, str], code: str
) -> tuple[float, int]:
    """CPU seconds while `code` makes its changes, and the length of a row as it arrived."""
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(url, headers=options) for _ in range(BOARDS)]
        readers = [asyncio.create_task(_read(socket)) for socket in sockets]
        await asyncio.sleep(1)
        process = psutil.Process(web.pid)
        before = sum(process.cpu_times()[:2])
        await asyncio.to_thread(in_database, arena, code)
        await asyncio.sleep(0.5)
        used = sum(process.cpu_times()[:2]) - before
        for socket in sockets:
            await socket.close()
        heard = await asyncio.gather(*readers)
    if not all(heard):
        raise RuntimeError("a socket heard nothing")
    return used, max(heard)


async def _read(socket: aiohttp.ClientWebSocketResponse) -> int:
    """Take everything; the length of the longest row, or of a text that is none."""
    longest = 0
    async for message in socket:
        text: str = message.data
        rows = json.loads(text)["rows"] if text.startswith("{") else [text]
        longest = max(
            [longest, *(len(row if isinstance(row, str) else json.dumps(row)) for row in rows)]
        )
    return longest
