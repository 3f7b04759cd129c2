"""Listening to a real call, and joining it: sound is measured at both ends."""

import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from telephony.sip_caller import read_wav
from tests.live.stack import missing, wait_until
from tests.live.system import Caller, System, running
from tests.live.test_call import LINE, SUPPORT

pytestmark = pytest.mark.live

CALLERS_TONE, OUR_TONE = 700, 1100
RATE = 16000
PEOPLE = """
    from django.contrib.auth.models import Permission
    from django.utils import timezone
    from veyra.models import User
    rights = {
        "boss": ["view_call", "listen_call", "join_call", "view_session"],
        "operator": ["view_call", "view_session"],
    }
    for name, codenames in rights.items():
        person = User.objects.create_user(
            name, password="secret", is_staff=True, language="en", set_up_at=timezone.now())
        person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
"""
# The dominant frequency in Hz of each 100 ms of what the page plays; 0 where it plays nothing.
HEARD = """
    async (seconds) => {
        const context = new AudioContext();
        await context.resume();
        const analyser = context.createAnalyser();
        analyser.fftSize = 8192;
        const bins = new Float32Array(analyser.frequencyBinCount);
        const [found, heard] = [[], new Set()];
        for (let end = Date.now() + seconds * 1000; Date.now() < end;) {
            // A person is heard as soon as his sound comes, which may be later than ours.
            for (const { srcObject } of document.querySelectorAll("#ear audio")) {
                if (!srcObject || heard.has(srcObject.id)) continue;
                heard.add(srcObject.id);
                context.createMediaStreamSource(srcObject).connect(analyser);
            }
            await new Promise((done) => setTimeout(done, 100));
            analyser.getFloatFrequencyData(bins);
            const loudest = bins.reduce((best, level, i) => (level > bins[best] ? i : best), 0);
            const hertz = (loudest * context.sampleRate) / analyser.fftSize;
            found.push(bins[loudest] > -60 ? Math.round(hertz) : 0);
        }
        await context.close();
        return found;
    }
"""
COME_BACK = """
    async ({ url, token }) => {
        const room = new LivekitClient.Room();
        await room.connect(url, token);
    }
"""
# Only by a relay, of which there is none: as behind a firewall that lets no sound through.
FIREWALL = """
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
        constructor(options) { super({ ...options, iceTransportPolicy: "relay" }); }
        setConfiguration(options) {
            super.setConfiguration({ ...options, iceTransportPolicy: "relay" });
        }
    };
"""


def tone(path: Path, hertz: int, seconds: float) -> Path:
    """A WAV that beeps four times in five of its tenths: a steady tone would be taken for noise."""
    times = np.arange(int(RATE * seconds)) / RATE
    beeps = np.sin(2 * np.pi * hertz * times) * ((times * 2) % 1 < 0.7) * 12000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(beeps.astype(np.int16).tobytes())
    return path


def share(path: Path, hertz: int, start: float, end: float) -> float:
    """How much of the sound in these seconds is at this frequency, 0 to 1."""
    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
    samples = np.frombuffer(read_wav(str(path)), np.int16)[int(start * rate) : int(end * rate)]
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    bins = np.fft.rfftfreq(len(samples), 1 / rate)
    near = np.abs(bins - hertz) < 30
    return float(power[near].sum() / max(power.sum(), 1.0))


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running() as system:
        system.ask(LINE)
        system.ask(PEOPLE)
        system.wait_for_line()
        yield system


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    tone(folder / "caller.wav", CALLERS_TONE, 6)
    tone(folder / "ours.wav", OUR_TONE, 4)
    return folder


Launch = Callable[..., Browser]


@pytest.fixture
def launch(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], sounds: Path
) -> Iterator[Launch]:
    """A browser whose microphone plays our tone."""
    opened: list[Browser] = []

    def start(*flags: str) -> Browser:
        microphone = f"--use-file-for-fake-audio-capture={sounds / 'ours.wav'}"
        args = [*browser_type_launch_args["args"], microphone, *flags]
        opened.append(browser_type.launch(**{**browser_type_launch_args, "args": args}))
        return opened[-1]

    yield start
    for browser in opened:
        browser.close()


def call_of(system: System, user: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from agentworker.models import Turn
        from telephony.models import Call, CallEvent
        call = Call.objects.filter(from_number__contains="{user}").first()
        said = Turn.objects.filter(session__room_name__contains="{user}", speaker="agent")
        result = call and {{
            "pk": str(call.pk), "state": call.state, "outcome": call.outcome,
            "said": list(said.values_list("text", flat=True)),
            "told": list(CallEvent.objects.filter(room_sid=call.room_sid)
                .filter(kind__regex="staff_|agent_").values_list("kind", flat=True)),
            "calls": Call.objects.filter(room_sid=call.room_sid).count(),
        }}
    """)
    return found


def answered(system: System, user: str) -> dict[str, Any]:
    def has_greeted() -> bool:
        found = call_of(system, user)
        return bool(found and found["state"] == "answered" and found["said"])

    wait_until(has_greeted, "the assistant did not greet", 30)
    return call_of(system, user)


def open_call(
    browser: Browser, system: System, call: str, person: str = "boss", script: str = ""
) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.add_init_script(script)
    page.goto(f"{system.url}/admin/login/?next=/calls/{call}/")
    page.fill("[name=username]", person)
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    expect(page.locator("#call")).to_be_visible()
    return page


def listeners(system: System, call: str) -> list[str]:
    """The hidden people in the room of a call, as LiveKit knows them."""
    found: list[str] = system.ask(f"""
        from telephony.models import Call
        from veyra.livekit.client import LiveKit
        room = Call.objects.get(pk="{call}").room_name
        with LiveKit.from_settings() as livekit:
            people = livekit.list_participants(room)
        result = [p.identity for p in people if p.identity.startswith("listener")]
    """)
    return found


def end(caller: Caller) -> None:
    caller.process.terminate()
    caller.process.wait(10)


@pytest.mark.prove
def test_who_listens_hears_the_call_and_nobody_hears_him(
    launch: Launch, system: System, sounds: Path
) -> None:
    user = "79160000101"
    steps = ["listen:20", "wait:6", f"say:{sounds / 'caller.wav'}", "wait:6"]
    caller = system.dial(SUPPORT, *steps, user=user)
    call = answered(system, user)
    page = open_call(launch(), system, call["pk"])
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("#ear [role=status]")).to_contain_text("You are listening", timeout=15_000)
    heard = page.evaluate(HEARD, 8)
    beeps = [hertz for hertz in heard if abs(hertz - CALLERS_TONE) < 20]
    assert len(beeps) > 20, heard
    page.get_by_role("button", name="Leave the call").click()
    expect(page.locator("#ear [role=status]")).to_have_text("You have left the call.")
    result = caller.result()
    wait_until(lambda: call_of(system, user)["state"] == "ended", "it goes on", 20)
    call = call_of(system, user)
    assert result["status"] == 200 and call["outcome"] == "answered" and call["calls"] == 1
    assert call["told"] == ["staff_listen", "staff_listen_end"]
    assert share(caller.heard, OUR_TONE, 0, result["ended"]) < 0.02
    expect(page.locator(".vy-timeline")).to_contain_text("boss began to listen", ignore_case=True)


@pytest.mark.prove
def test_who_joins_is_heard_by_the_caller_while_the_assistant_is_silent(
    launch: Launch, system: System
) -> None:
    user = "79160000102"
    caller = system.dial(SUPPORT, "listen:20", "wait:30", user=user)
    began = time.monotonic()
    call = answered(system, user)
    page = open_call(launch(), system, call["pk"])
    page.get_by_role("button", name="Join the talk").click()
    page.get_by_role("dialog").get_by_role("button", name="Join").click()
    expect(page.locator("#ear [role=status]")).to_contain_text(
        "You are in the talk", timeout=15_000
    )
    joined = time.monotonic() - began
    page.wait_for_timeout(6000)
    left = time.monotonic() - began
    page.get_by_role("button", name="Microphone off").click()
    expect(page.locator("#ear [role=status]")).to_contain_text("Your microphone is off")
    page.wait_for_timeout(4000)
    page.get_by_role("button", name="Leave the call").click()
    wait_until(lambda: len(call_of(system, user)["said"]) > 1, "the assistant did not return", 20)
    call = call_of(system, user)
    assert call["said"][1].startswith("Я снова с вами.")
    told = ["agent_back", "agent_silent", "staff_join", "staff_join_end"]
    assert sorted(call["told"]) == told
    result = caller.result()
    offset = result["answered"]
    assert share(caller.heard, OUR_TONE, joined - offset + 1, left - offset) > 0.5
    assert share(caller.heard, OUR_TONE, left - offset + 2, left - offset + 3.5) < 0.1
    assert call_of(system, user)["calls"] == 1


@pytest.mark.prove
def test_who_was_cut_off_comes_back_and_a_page_that_closes_leaves(
    launch: Launch, system: System
) -> None:
    user = "79160000106"
    caller = system.dial(SUPPORT, "listen:20", "wait:60", user=user)
    call = answered(system, user)
    page = open_call(launch(), system, call["pk"])
    status = page.locator("#ear [role=status]")
    with page.expect_response("**/listen/") as answer:
        page.get_by_role("button", name="Listen").click()
    expect(status).to_contain_text("You are listening", timeout=15_000)
    # LiveKit lets nobody in twice: the page is thrown out.
    page.evaluate(COME_BACK, answer.value.json())
    expect(status).to_contain_text("Coming back", timeout=10_000)
    expect(status).to_contain_text("You are listening", timeout=15_000)
    expect(page.locator("#ear audio")).not_to_have_count(0)
    assert call_of(system, user)["told"] == ["staff_listen"]
    page.goto("about:blank")
    wait_until(lambda: len(call_of(system, user)["told"]) == 2, "the page did not leave", 5)
    end(caller)


@pytest.mark.prove
def test_an_operator_without_the_right_sees_no_button(launch: Launch, system: System) -> None:
    user = "79160000104"
    caller = system.dial(SUPPORT, "listen:20", "wait:30", user=user)
    call = answered(system, user)
    page = open_call(launch(), system, call["pk"], "operator")
    assert page.locator("#ear").count() == 0
    end(caller)


@pytest.mark.prove
def test_a_firewall_before_the_sound_is_named(launch: Launch, system: System) -> None:
    user = "79160000105"
    caller = system.dial(SUPPORT, "listen:20", "wait:60", user=user)
    call = answered(system, user)
    page = open_call(launch(), system, call["pk"], script=FIREWALL)
    alert = page.locator("#ear [role=alert]")
    expect(alert).to_contain_text("its sound does not reach this browser", timeout=40_000)
    expect(page.get_by_role("button", name="Join the talk")).to_be_disabled()
    end(caller)
