"""Talks with an assistant against a minimal livekit-agents worker, by the same ears, mind and
voice, which always take as long: how long a caller waits for an answer, what a call weighs, and how
many calls two cores carry.
"""

import statistics
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from django.conf import settings

from agentworker.burden import MIB, memory_of
from agentworker.espeak import engine
from telephony.sip_caller import FRAME_SECONDS, RATE
from tests.bench.calls import BARE, GREETING, OURS, start_agent, start_bare, start_ours
from tests.bench.figures import Figure, promised
from tests.bench.ground import Ground, MissingError
from tests.bench.provider import HEARS, LETTER_SECONDS
from tests.bench.sockets import in_database
from tests.live.sound import VOICED_RMS, of_wav
from tests.live.stack import free_port, missing
from tests.live.system import Caller

# Calls of each, and what is asked in each of them.
CALLS, TURNS = 6, 6
# As many calls for the memory; and for the crowd, one more each second: what our worker takes.
FEW, CROWD = 4, settings.AGENT_CALLS
# A gap of more than so much in what is heard is a fault.
GAP = 0.06
# Who waits for longer for the first sound has been left ringing.
PATIENCE = 3.0

CHOOSE = """
from agentworker.keys import ProviderKey
from agentworker.models import Agent
from agentworker.services import Words, save_words
url = "{url}"
settings = {{"mind_url": url, "ears_url": url, "voice_url": url}}
key = ProviderKey.objects.create(name="ours", provider="openai_compatible", settings=settings)
one = [{{"provider": "openai_compatible", "key": str(key.key)}}]
speech = {{"ears": one, "mind": one, "voice": one}}
save_words(Agent.objects.get(), Words("ru", "{greeting}", [], [], speech=speech), None)
"""


def measure(arena: Ground) -> list[Figure]:
    if lacking := missing():
        raise MissingError(f"not on this machine: {', '.join(lacking)}")
    start(arena)
    return [turns(arena), memory(arena), *crowd(arena)]


def start(arena: Ground) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}/v1"
    arena.start_bare("tests.bench.provider", str(port))
    arena.system.environment["PROVIDER_NETWORKS"] = "127.0.0.1/32"
    arena.environment["BENCH_PROVIDER"] = url
    arena.system.stack.start_server()
    arena.system.stack.start_gateway()
    start_ours(arena)
    in_database(arena, CHOOSE.format(url=url, greeting=GREETING))
    # A line has had its keys since before its worker started.
    arena.system.end("agent")
    start_agent(arena)
    start_bare(arena)


def turns(arena: Ground) -> Figure:
    """One call at a time, in turns; the first of each is for warming up."""
    asked = spoken(HEARS, arena.system.folder / "asked.wav")
    steps = ["listen:6", *([f"say:{asked}", "listen:6"] * TURNS)]
    ours: list[float] = []
    bare: list[float] = []
    for at in range(CALLS + 1):
        for number, waits in ((OURS, ours), (BARE, bare)):
            heard = arena.system.dial(number, *steps).result(180)
            waits += delays(heard) if at else []
            time.sleep(1.5)
    return Figure(
        name=f"end of the caller's words to the answer, median of {len(ours)}",
        unit="ms",
        ours=statistics.median(ours) * 1000,
        bare=statistics.median(bare) * 1000,
        bound="<=",
        target=1.02,
    )


def spoken(text: str, path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(engine().speak(text, "ru", 140))
    return path


def delays(heard: dict[str, Any]) -> list[float]:
    """Seconds from the end of each phrase until a voice was heard."""
    found = []
    for phrase in heard["phrases"]:
        later = [at for at in heard["voices"] if at > phrase]
        if not later:
            raise RuntimeError(f"a phrase was not answered: {heard}")
        found.append(min(later) - phrase)
    return found


def memory(arena: Ground) -> Figure:
    weights = [_weight_of_calls(arena, number, pid) for number, pid in _sides(arena)]
    return Figure("memory of a call", "MiB", weights[0], weights[1], "<=", 1.10)


def _sides(arena: Ground) -> list[tuple[str, int]]:
    bare = next(each for each in arena.bare if "tests.bench.bare.agent" in str(each.args))
    return [(OURS, arena.system.processes["agent"].pid), (BARE, bare.pid)]


def _weight_of_calls(arena: Ground, number: str, pid: int) -> float:
    time.sleep(10)  # spare processes of the calls before are ready again
    before = _weight(pid)
    calls = [_dial(arena, number, at, "wait:25") for at in range(FEW)]
    time.sleep(20)
    weight = (_weight(pid) - before) / FEW
    for call in calls:
        call.result()
    return weight


def _weight(pid: int) -> float:
    """MiB of this process and all that it has started."""
    root = psutil.Process(pid)
    return sum(map(memory_of, [root, *root.children(recursive=True)])) / MIB


def crowd(arena: Ground) -> list[Figure]:
    """One new call a second: how many hear the whole greeting, soon and without a gap?"""
    held, gaps, lost = [], [], []
    for number, _pid in _sides(arena):
        time.sleep(12)
        calls = []
        for at in range(CROWD):
            calls.append(_dial(arena, number, at, "wait:14"))
            time.sleep(1)
        found = [(call, call.result()) for call in calls]
        heard = [longest_gap(call) for call, each in found if is_greeted(each)]
        held.append(sum(gap <= GAP for gap in heard))
        gaps.append(max(heard, default=9.0))
        lost.append(CROWD - len(heard))
    name = f"of {CROWD} calls, one more each second: well greeted, without a gap over 60 ms"
    figure = Figure(name, "calls", held[0], max(held[1], 1), ">=", 1.0)
    return [
        figure,
        promised("the longest gap in a greeting among them", "ms", gaps[0] * 1000, GAP * 1000),
        promised(f"greetings lost among them; of the bare one {lost[1]}", "", lost[0] + 1, 1),
    ]


def _dial(arena: Ground, number: str, at: int, *steps: str) -> Caller:
    return arena.system.dial(number, *steps, user=f"7916000{number[-1]}{at:03}")


def is_greeted(heard: dict[str, Any]) -> bool:
    first = heard["first_voice"]
    whole = LETTER_SECONDS * len(GREETING)
    return first is not None and first < PATIENCE and heard["voiced_seconds"] > 0.9 * whole


def longest_gap(call: Caller) -> float:
    """Seconds without a voice inside the greeting, which is one tone."""
    frame = int(RATE * FRAME_SECONDS)
    sound = of_wav(call.heard)
    frames = sound[: len(sound) // frame * frame].reshape(-1, frame).astype(float)
    voiced = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > VOICED_RMS)
    return float((np.diff(voiced).max(initial=1) - 1) * FRAME_SECONDS)
