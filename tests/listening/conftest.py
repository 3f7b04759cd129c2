"""Recordings of calls, with real sound, and people who may hear them."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import av
import numpy as np
import pytest

from recordings.models import Recording, Storage
from recordings.stores import store_of
from telephony.models import Call
from tests.monitoring.conftest import agent, logged_in, make_call, make_user, number, well

__all__ = ["agent", "logged_in", "make_call", "make_user", "number", "well"]

MakeRecording = Callable[..., Recording]
RATE = 48_000
FRAME = 960


def sound(seconds: float) -> bytes:
    """Ogg Opus: the caller hums on the left in even seconds, we on the right in odd ones."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as made:
        stream = made.add_stream("libopus", rate=RATE, layout="stereo")
        for place in range(int(seconds * RATE / FRAME)):
            at = np.arange(place * FRAME, (place + 1) * FRAME) / RATE
            hum = (np.sin(2 * np.pi * 440 * at) * 12_000).astype(np.int16)
            silence = np.zeros_like(hum)
            both = (hum, silence) if int(at[0]) % 2 == 0 else (silence, hum)
            samples = np.column_stack(both).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = RATE, place * FRAME
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return file.getvalue()


@pytest.fixture
def make_recording(db: None) -> MakeRecording:
    """Of a call (or none), ready, and `seconds` long; it begins with the call."""

    def make(
        call: Call | None = None, seconds: float = 4, data: bytes | None = None, **fields: object
    ) -> Recording:
        storage = Storage.objects.current()
        made = Recording(call=call, storage=storage, state=Recording.State.READY, seconds=seconds)
        made.file = f"recordings/{made.pk}.ogg"
        made.size = store_of(storage).write(made.file, [sound(seconds) if data is None else data])
        made.sha256 = made.pk.hex * 2
        if call:
            made.started_at, made.ended_at = (
                call.started_at,
                call.started_at + timedelta(seconds=seconds),
            )
            at = call.started_at.isoformat()
            made.spans = [{"at": at, "from": 0.0, "seconds": seconds}]
        made.peaks = {"caller": [80, 0] * int(seconds / 2), "agent": [0, 80] * int(seconds / 2)}
        for name, value in fields.items():
            setattr(made, name, value)
        made.save()
        return made

    return make


async def body(answer: Any) -> bytes:
    if not answer.streaming:
        return bytes(answer.content)
    return b"".join([chunk async for chunk in answer.streaming_content])
