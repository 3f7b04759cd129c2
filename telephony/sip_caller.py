"""Our own telephone: places one SIP call, says and presses things, keeps what it hears.

A program of its own (`python -m telephony.sip_caller sip:74991124148@127.0.0.1:5060`), because the
SIP stack runs native threads and is alpha. It needs no Django and prints one JSON line, `Result`.
The password of a digest login comes in the variable SIP_PASSWORD, never on the command line.
"""

import argparse
import asyncio
import json
import os
import sys
import time
import wave
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import numpy as np
from baresip import (
    Account,
    AudioNotActive,
    AudioRestarted,
    BaresipError,
    Call,
    CallFailed,
    CallTimeout,
    Config,
    Event,
    Runtime,
    StackEvent,
    UserAgent,
)

RATE = 8000
FRAME_SECONDS = 0.02
FRAME_BYTES = int(RATE * FRAME_SECONDS) * 2
# A frame is voiced above this root mean square; the line's own silence stays below 20.
VOICED_RMS = 200
PAUSE_SECONDS = 1.5


@dataclass
class Result:
    """What came of the call. Times are seconds after the INVITE; `answered_at` is a clock's."""

    status: int | None = None
    reason: str = ""
    ringing: float | None = None
    answered: float | None = None
    answered_at: float | None = None
    first_voice: float | None = None
    voiced_seconds: float = 0.0
    # When we had said our own words, all of them; and each time before.
    said: float | None = None
    phrases: list[float] = field(default_factory=list)
    ended: float | None = None
    ended_by: str = ""
    # When each key was pressed, and when the voice that followed it began.
    pressed: list[float] = field(default_factory=list)
    voices: list[float] = field(default_factory=list)


@dataclass
class Ear:
    """Listens to the call: a WAV of it, and when there was a voice."""

    started: float
    result: Result
    pcm: bytearray = field(default_factory=bytearray)
    heard_to: int = 0
    last_voice: float | None = None

    def hear(self, data: bytes) -> None:
        self.pcm += data
        while self.heard_to + FRAME_BYTES <= len(self.pcm):
            frame = bytes(self.pcm[self.heard_to : self.heard_to + FRAME_BYTES])
            self.heard_to += FRAME_BYTES
            if loudness(frame) > VOICED_RMS:
                self._voiced(time.monotonic() - self.started)

    def _voiced(self, at: float) -> None:
        if self.last_voice is None or at - self.last_voice > PAUSE_SECONDS:
            self.result.voices.append(round(at, 3))
        if self.result.first_voice is None:
            self.result.first_voice = round(at, 3)
        self.last_voice = at
        self.result.voiced_seconds = round(self.result.voiced_seconds + FRAME_SECONDS, 2)

    def said_its_piece(self) -> bool:
        """The other side spoke, after our own words if we said any, and is silent for a while."""
        if self.last_voice is None or self.last_voice < (self.result.said or 0.0):
            return False
        return time.monotonic() - self.started - self.last_voice > PAUSE_SECONDS

    def save(self, path: str) -> None:
        with wave.open(path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(bytes(self.pcm))


class Conversation:
    """One established call, and the steps to take in it."""

    def __init__(self, call: Call, ear: Ear) -> None:
        self.call, self.ear = call, ear
        self.over = asyncio.Event()

    async def listen(self) -> None:
        """Read what arrives for as long as the call lasts."""
        while not self.over.is_set():
            with suppress(AudioNotActive, AudioRestarted):
                while data := self.call.audio.read(FRAME_BYTES * 10):
                    self.ear.hear(data)
            await asyncio.sleep(FRAME_SECONDS / 2)

    async def take(self, step: str) -> None:
        """One step: wait:SECONDS, listen:SECONDS, say:WAV or press:DIGITS."""
        verb, _, value = step.partition(":")
        if verb == "wait":
            await self._wait(float(value))
        elif verb == "listen":
            await self._listen_out(float(value))
        elif verb == "say":
            await self._say(read_wav(value))
        else:
            self.ear.result.pressed.append(round(time.monotonic() - self.ear.started, 3))
            await self.call.send_dtmf(value)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    async def _listen_out(self, most: float) -> None:
        """Until the other side has said its piece, `most` seconds at the longest."""
        end = time.monotonic() + most
        while time.monotonic() < end and not self.over.is_set() and not self.ear.said_its_piece():
            await asyncio.sleep(FRAME_SECONDS)

    async def _say(self, pcm: bytes) -> None:
        # The stack sends silence whenever nothing is written, so RTP never pauses.
        for start in range(0, len(pcm), FRAME_BYTES):
            if self.over.is_set():
                return
            with suppress(AudioNotActive, AudioRestarted):
                self.call.audio.write(pcm[start : start + FRAME_BYTES])
            await asyncio.sleep(FRAME_SECONDS)
        self.ear.result.said = round(time.monotonic() - self.ear.started, 3)
        self.ear.result.phrases.append(self.ear.result.said)


def loudness(frame: bytes) -> float:
    """Root mean square of 16 bit samples."""
    return float(np.sqrt(np.mean(np.frombuffer(frame, np.int16).astype(np.float64) ** 2)))


def read_wav(path: str) -> bytes:
    """Samples of a 16 bit WAV as the line takes them: mono, 8 kHz."""
    with wave.open(path, "rb") as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    mono = samples.reshape(-1, channels).mean(axis=1)
    moments = np.arange(0, len(mono), rate / RATE)
    return bytes(np.interp(moments, np.arange(len(mono)), mono).astype(np.int16).tobytes())


async def place(options: argparse.Namespace) -> Result:
    """Place the call and take the steps. A refusal is a Result too, never an exception."""
    runtime = Runtime()
    await runtime.start(Config(net_interface=options.interface))
    try:
        agent = await UserAgent.create(runtime, account(options))
        return await converse(agent, options)
    finally:
        await runtime.close()


def account(options: argparse.Namespace) -> Account:
    return Account(
        user=options.user,
        domain=options.uri.split("@")[-1],
        password=os.environ.get("SIP_PASSWORD", ""),
        auth_user=options.login or None,
        reg_interval=0,
        audio_codecs=(options.codec,),
    )


async def converse(agent: UserAgent, options: argparse.Namespace) -> Result:
    result = Result()
    ear = Ear(time.monotonic(), result)
    call = await agent.dial(options.uri)
    conversation = Conversation(call, ear)
    call.on(lambda event: note(event, conversation))
    ears = asyncio.create_task(conversation.listen())
    try:
        await call.wait_established(options.ring)
        for step in options.do:
            await conversation.take(step)
        await hang_up(conversation)
    except CallTimeout:
        result.reason = "not answered"
    except CallFailed as failed:
        result.status, result.reason = failed.status, failed.reason
    finally:
        conversation.over.set()
        await ears
    if options.heard:
        ear.save(options.heard)
    return result


def note(event: StackEvent, conversation: Conversation) -> None:
    """Keep the moment of each step of the signalling."""
    result, seconds = conversation.ear.result, time.monotonic() - conversation.ear.started
    if event.event in (Event.CALL_RINGING, Event.CALL_PROGRESS) and result.ringing is None:
        result.ringing = round(seconds, 3)
    elif event.event is Event.CALL_ESTABLISHED:
        result.status, result.answered, result.answered_at = 200, round(seconds, 3), time.time()
    elif event.event is Event.CALL_CLOSED:
        result.ended = round(seconds, 3)
        result.ended_by = result.ended_by or "them"
        conversation.over.set()


async def hang_up(conversation: Conversation) -> None:
    if conversation.over.is_set():
        return
    conversation.ear.result.ended_by = "us"
    with suppress(BaresipError):
        await conversation.call.hangup()
    with suppress(TimeoutError):
        await asyncio.wait_for(conversation.over.wait(), 2)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sip_caller")
    parser.add_argument("uri", help="sip:<number>@<host>:<port>")
    parser.add_argument("--user", default="79161234567", help="whom the call comes from")
    parser.add_argument("--login", default="", help="user name of a digest login")
    parser.add_argument("--interface", default="127.0.0.1", help="address to call from")
    parser.add_argument("--codec", default="pcma")
    parser.add_argument("--ring", type=float, default=40, help="seconds to wait for an answer")
    parser.add_argument("--heard", default="", help="WAV file for what was heard")
    parser.add_argument(
        "--do",
        nargs="*",
        default=["listen:20"],
        help="steps after the answer: wait:S listen:S say:WAV press:DIGITS",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(asyncio.run(place(parse())))) + "\n")
