"""A person finds a call by a word that was said, and hears just that sentence."""

import io
from datetime import timedelta

import av
import numpy as np
from django.contrib.admin.models import LogEntry
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Session, Speaker, Turn
from recordings.models import Listening, Recording, Storage
from recordings.stores import store_of
from telephony.models import Call, Leg
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

RATE, FRAME, SECONDS = 48_000, 960, 30
TEXTS = {2: "Здравствуйте!", 8: "Где моя доставка?", 16: "Привезём завтра.", 22: "Спасибо."}
LENGTH = 3
# What the player plays while it plays: [[second of the file, hertz of the loudest tone], …]
HEARD = """
    async () => {
        const media = document.querySelector("[data-part=media]");
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 4096;
        context.createMediaElementSource(media).connect(analyser).connect(context.destination);
        const found = [];
        const bins = new Float32Array(analyser.frequencyBinCount);
        const done = new Promise((end) => media.addEventListener("pause", end, { once: true }));
        const timer = setInterval(() => {
            analyser.getFloatFrequencyData(bins);
            const loudest = bins.reduce((best, level, i) => (level > bins[best] ? i : best), 0);
            const hertz = (loudest * context.sampleRate) / analyser.fftSize;
            if (bins[loudest] > -60) found.push([media.currentTime, hertz]);
        }, 50);
        await done;
        clearInterval(timer);
        return found;
    }
"""


def hertz(second: float) -> float:
    """Each second of the file has a tone of its own."""
    return 300 + 100 * int(second)


def sound() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as made:
        stream = made.add_stream("libopus", rate=RATE, layout="stereo")
        for place in range(SECONDS * RATE // FRAME):
            at = np.arange(place * FRAME, (place + 1) * FRAME) / RATE
            tone = (np.sin(2 * np.pi * hertz(at[0]) * at) * 12_000).astype(np.int16)
            both = np.column_stack([tone, tone]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = RATE, place * FRAME
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return file.getvalue()


def recorded() -> Recording:
    """A call with four lines, another in which nobody spoke of a delivery, and who hears them."""
    User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=timezone.now())
    began = timezone.now() - timedelta(minutes=5)
    for name in ("SCL_1", "SCL_2"):
        times = {"started_at": began, "answered_at": began}
        call = Call.objects.create(to_number="74991124148", state="ended", **times)
        Leg.objects.create(call=call, role=Leg.Role.CALLER, sip_call_id=name)
        session = Session.objects.create(job_id=name, sip_call_id=name, started_at=began)
        for at, text in TEXTS.items():
            words = {"text": text if name == "SCL_1" or "доставка" not in text else "Алло?"}
            when = {"at": began + timedelta(seconds=at), "seconds": LENGTH}
            said = {"turn_id": f"{name}/{at}", "speaker": Speaker.CALLER, **words, **when}
            Turn.objects.create(session=session, **said)
        recording = Recording(call=call, state="ready", seconds=SECONDS, started_at=began)
        recording.storage = Storage.objects.current()
        recording.file = f"recordings/{recording.pk}.ogg"
        recording.size = store_of(recording.storage).write(recording.file, [sound()])
        span = {"at": began.isoformat(), "from": 0, "seconds": SECONDS}
        recording.spans = [span]
        recording.peaks = {"caller": [50] * 1000, "agent": [0] * 1000}
        recording.save()
    return Recording.objects.get(call__legs__sip_call_id="SCL_1")


def test_a_person_finds_a_call_by_a_word_and_hears_just_that_sentence(
    page: Page, site: Site
) -> None:
    recording = site.do(recorded)
    log_in(page, site)
    page.goto(f"{site.url}/admin/recordings/recording/?q=доставку")
    rows = page.locator("#result_list tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()
    line = page.locator(".vy-turn[data-found]")
    expect(line.locator("mark")).to_have_text("доставка")
    expect(page.locator(".vy-listenings")).to_be_hidden()
    assert site.do(Listening.objects.count) == 0
    page.evaluate(f"() => {{ window.heard = ({HEARD})() }}")
    line.get_by_role("button").click()
    expect(line).to_have_class("vy-turn vy-heard-now")
    media = page.locator("[data-part=media]")
    assert not media.evaluate("media => media.paused")
    heard = page.evaluate(
        "Promise.race([window.heard, new Promise((no) => setTimeout(no, 15000))])"
    )
    assert media.evaluate("media => media.paused")
    # Just this sentence, from its first word to its last, and nothing before or behind it.
    seconds = [second for second, _ in heard]
    assert 7.5 <= min(seconds) < 8.5 and 10.5 < max(seconds) <= 11.5
    assert {round(tone / 100) * 100 for _, tone in heard} >= {1100, 1200, 1300}
    assert all(abs(tone - hertz(second)) < 120 for second, tone in heard)
    expect(page.locator(".vy-listenings")).to_contain_text("admin")
    lines = site.do(lambda: [(each.name, each.form) for each in Listening.objects.all()])
    assert lines == [("admin", "sound")]
    entry = site.do(lambda: LogEntry.objects.select_related("user").get())
    assert entry.object_id == str(recording.call_id) and entry.user.username == "admin"
    _everything_else(page)


def _everything_else(page: Page) -> None:
    """From where it stopped: the keys, the speed, the next line."""
    media = page.locator("[data-part=media]")
    page.get_by_label("Скорость").or_(page.get_by_label("Speed")).select_option("2")
    page.locator("h2#talk").click()
    page.keyboard.press(" ")
    assert media.evaluate("media => [media.paused, media.playbackRate]") == [False, 2]
    following = page.locator(".vy-turn", has_text="Привезём")
    expect(following).to_have_class("vy-turn vy-heard-now", timeout=10_000)
    page.keyboard.press(" ")
    before = media.evaluate("media => media.currentTime")
    page.keyboard.press("ArrowLeft")
    assert abs(media.evaluate("media => media.currentTime") - (before - 5)) < 0.2
    assert page.locator("[data-part=wave]").get_attribute("aria-valuenow") == str(round(before - 5))
