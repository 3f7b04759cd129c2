"""Recordings: how soon one is heard, in a browser.

The first sound of a recording of 300 MB after a click, on the page of its call and from nginx with
the least page that plays the same file; the memory of the web process while all of it is taken.
"""

import http.client
import io
import math
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.figures import Figure, promised
from tests.bench.ground import Ground, MissingError
from tests.bench.sockets import log_in
from tests.live.stack import free_port, wait_until

MEGABYTES = 300
RATE, FRAME = 48_000, 960
ROUNDS = 9
MOST_MEGABYTES = 20
# Who reads so much at a time, and pauses, is a player on a slow line.
SLOW_READ = 1_000_000

SETUP = """
from datetime import timedelta
from django.utils import timezone
from recordings.models import Recording, Storage
from telephony.models import Call, Leg
from agentworker.models import Session, Turn
now = timezone.now()
began = now - timedelta(seconds={seconds})
call = Call.objects.create(state="ended", outcome="answered", started_at=began, ended_at=now)
Leg.objects.create(call=call, role="caller", sip_call_id="SCL_1")
session = Session.objects.create(job_id="AJ_1", sip_call_id="SCL_1", started_at=began)
at = began + timedelta(seconds={seconds} / 2)
Turn.objects.create(session=session, turn_id="1", speaker="caller", text="Hello", at=at, seconds=60)
span = {{"at": began.isoformat(), "from": 0, "seconds": {seconds}}}
Recording.objects.create(
    call=call, state="ready", storage=Storage.objects.current(), file="long.ogg", size={size},
    sha256="0" * 64, seconds={seconds}, started_at=began, ended_at=now, spans=[span],
    peaks={{"caller": [50] * 1000, "agent": [20] * 1000}})
result = str(call.pk)
"""
# The least page that plays a file: with it from its beginning, or from its middle.
BARE_PAGE = """<!doctype html><audio preload="none" src="long.ogg"></audio>
<button id="start">start</button><button id="middle">middle</button><script>
const media = document.querySelector("audio");
document.getElementById("start").onclick = () => media.play();
document.getElementById("middle").onclick = () => {{
  media.currentTime = {middle};
  media.play();
}};</script>"""
NGINX = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; types {{ audio/ogg ogg; text/html html; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""
# Milliseconds from the click on `button` until the time of the sound moves on.
FIRST_SOUND = """
    (selector) => new Promise((done) => {
        const player = document.querySelector("[data-part=media]");
        const media = player ?? document.querySelector("audio");
        const button = document.querySelector(selector);
        let begun, from;
        media.addEventListener("playing", () => (from = media.currentTime), { once: true });
        const look = () => {
            if (from !== undefined && media.currentTime > from) done(performance.now() - begun);
            else setTimeout(look, 1);
        };
        media.addEventListener("error", () => done(NaN));
        begun = performance.now();
        button.click();
        look();
    })
"""


def measure(arena: Ground) -> list[Figure]:
    folder = arena.system.folder
    sound = folder / "media" / "recordings" / "long.ogg"
    seconds = write(sound)
    arena.system.manage("collectstatic", "--noinput", "--verbosity", "0")
    web = arena.start_web()
    cookie = log_in(arena)
    call = arena.system.ask(SETUP.format(seconds=seconds, size=sound.stat().st_size))
    (sound.parent / "index.html").write_text(BARE_PAGE.format(middle=seconds / 2))
    with nginx(folder, sound.parent) as bare, sync_playwright() as playwright:
        args = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=args)
        ours = f"{arena.system.url}/calls/{call}/"
        figures = [
            _first_sound("start", browser, cookie, (ours, "[data-part=play]"), (bare, "#start")),
            _first_sound("middle", browser, cookie, (ours, ".vy-hear"), (bare, "#middle")),
        ]
        browser.close()
    recording = arena.system.ask(
        "from recordings.models import Recording; result = str(Recording.objects.get().pk)"
    )
    return [*figures, _memory(arena, web, cookie, f"/recordings/{recording}/sound")]


def write(path: Path) -> float:
    """An Ogg Opus file of MEGABYTES; its seconds. Ten seconds of noise, again and again."""
    noise = np.random.default_rng(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    packets = []
    with av.open(io.BytesIO(), "w", format="ogg") as made:
        stream = made.add_stream("libopus", rate=RATE, layout="stereo")
        stream.bit_rate = 400_000
        for place in range(10 * RATE // FRAME):
            samples = noise.integers(-9000, 9000, (1, 2 * FRAME), np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = RATE, place * FRAME
            packets += [bytes(packet) for packet in stream.encode(frame)]
    count = MEGABYTES * 1_000_000 // sum(map(len, packets)) * len(packets)
    with av.open(str(path), "w", format="ogg") as made:
        stream = made.add_stream("libopus", rate=RATE, layout="stereo")
        for place in range(count):
            packet = av.Packet(packets[place % len(packets)])
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts = packet.dts = place * FRAME
            packet.duration = FRAME
            made.mux(packet)
    return count * FRAME / RATE


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[str]:
    """Its address."""
    port, config = free_port(), folder / "nginx.conf"
    # Otherwise root's nginx reads as somebody who may not open the folder.
    user = "" if os.geteuid() else "user root;"
    config.write_text(NGINX.format(user=user, folder=folder, root=root, port=port))
    try:
        process = subprocess.Popen(["nginx", "-c", str(config), "-e", str(folder / "nginx.log")])
    except FileNotFoundError as error:
        raise MissingError("nginx is not installed") from error
    try:
        wait_until(lambda: _answers(port), "no nginx")
        yield f"http://127.0.0.1:{port}/index.html"
    finally:
        process.terminate()
        process.wait(15)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("HEAD", "/index.html")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _first_sound(
    name: str, browser: Browser, cookie: str, ours: tuple[str, str], bare: tuple[str, str]
) -> Figure:
    """In turns, each time in a browser that knows nothing of the file yet, and has a page that is
    still: it is a person who clicks.
    """
    times = [[_once(browser, cookie, *one) for one in (ours, bare)] for _ in range(ROUNDS + 1)]
    of_ours, of_bare = (statistics.median(each) for each in zip(*times[1:], strict=True))
    what = f"first sound from the {name} of {MEGABYTES} MB, against nginx"
    return Figure(what, "ms", of_ours, of_bare, "<=", 1.5)


def _once(browser: Browser, cookie: str, url: str, button: str) -> float:
    context = browser.new_context()
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
    page: Page = context.new_page()
    page.goto(url, wait_until="networkidle")
    found = float(page.evaluate(FIRST_SOUND, button))
    context.close()
    if math.isnan(found):
        raise RuntimeError(f"{url} plays nothing")
    return found


def _memory(arena: Ground, web: subprocess.Popen[bytes], cookie: str, path: str) -> Figure:
    """Of the web process: by how much it grows while one reader takes all of it, and a slow one."""
    process = psutil.Process(web.pid)
    next(_taken(arena, cookie, path, None))  # what is loaded for good is loaded then
    before = process.memory_info().rss
    most = 0
    for at_once in (None, SLOW_READ):
        for _ in _taken(arena, cookie, path, at_once):
            most = max(most, process.memory_info().rss - before)
    return promised("memory of the web, more", "MB", most / 1e6, MOST_MEGABYTES)


def _taken(arena: Ground, cookie: str, path: str, at_once: int | None) -> Iterator[int]:
    """Reads it all as fast as it comes, or so many bytes at once, and then waits."""
    connection: Any = http.client.HTTPConnection("127.0.0.1", arena.system.web_port, timeout=60)
    place = path
    for _ in range(2):  # the first answer leads to a visit
        connection.request("GET", place, headers={"Cookie": cookie})
        answer = connection.getresponse()
        if answer.status == 302:
            answer.read()
            place = answer.headers["Location"]
    if answer.status != 200:
        raise RuntimeError(f"the sound is not given: {answer.status}")
    while chunk := answer.read(at_once or 1_000_000):
        yield len(chunk)
        if at_once:
            time.sleep(0.02)
    connection.close()
