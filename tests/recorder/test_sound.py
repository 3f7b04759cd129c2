"""Voices are mixed on one clock, whatever comes late, in bursts or not at all."""

import uuid
from pathlib import Path

import av
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.people import Person
from agentworker.taping.sound import AHEAD, HORIZON, RATE, Lane, Mix, OpusFile
from agentworker.taping.tap import lane_of

FRAME = RATE // 10


def frame(value: int, length: int = FRAME) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(length, value, np.int16)


def test_who_is_silent_takes_time_too() -> None:
    mix = Mix()
    mix.hear("a", Lane.CALLER, frame(5), 3 * FRAME)
    taken = mix.take(4 * FRAME)
    assert taken.shape == (4 * FRAME, 2)
    assert taken[:, 0].tolist() == [0] * 2 * FRAME + [5] * FRAME + [0] * FRAME
    assert not taken[:, 1].any()


def test_voices_of_one_side_are_added_up_and_never_wrap() -> None:
    mix = Mix()
    for caller in ("a", "b", "c"):
        mix.hear(caller, Lane.CALLER, frame(20000), FRAME)
    mix.hear("d", Lane.OURS, frame(-7), FRAME)
    taken = mix.take(FRAME)
    assert set(taken[:, 0]) == {32767} and set(taken[:, 1]) == {-7}


@given(st.lists(st.integers(0, HORIZON), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_frames_that_come_late_or_in_bursts_are_heard_in_their_order_and_whole(
    delays: list[int],
) -> None:
    mix = Mix()
    # Each arrives not before the one before it.
    arrivals = np.maximum.accumulate([(n + 1) * FRAME + d for n, d in enumerate(delays)])
    for number, arrival in enumerate(arrivals, 1):
        mix.hear("a", Lane.CALLER, frame(number), int(arrival))
    heard = mix.take(int(arrivals[-1]) + 2 * HORIZON)[:, 0]
    told = [value for value in dict.fromkeys(heard.tolist()) if value]
    assert told == sorted(told)
    lengths = {value: int((heard == value).sum()) for value in told}
    assert all(length <= FRAME for length in lengths.values())
    # Frames are only left out where the clock says that too much came.
    assert len(told) >= min(len(delays), 1 + AHEAD // FRAME)


def test_after_a_gap_a_voice_is_where_the_clock_says() -> None:
    mix = Mix()
    mix.hear("a", Lane.OURS, frame(1), FRAME)
    mix.hear("a", Lane.OURS, frame(2), 20 * FRAME)
    taken = mix.take(20 * FRAME)[:, 1]
    assert taken[:FRAME].tolist() == [1] * FRAME and taken[-FRAME:].tolist() == [2] * FRAME
    assert not taken[FRAME:-FRAME].any()


def test_what_is_written_already_is_not_written_again() -> None:
    mix = Mix()
    mix.take(10 * FRAME)
    mix.hear("a", Lane.OURS, frame(1), 10 * FRAME + FRAME // 2)
    assert mix.take(11 * FRAME)[:, 1].tolist() == [1] * (FRAME // 2) + [0] * (FRAME // 2)


@given(st.lists(st.integers(1, 3 * HORIZON), max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_recording_is_as_long_as_its_time(steps: list[int]) -> None:
    mix, until, length = Mix(), 0, 0
    for step in steps:
        until += step
        mix.hear("a", Lane.CALLER, frame(1), until)
        length += len(mix.take(until - HORIZON))
    assert length + len(mix.take(until)) == until


def test_each_side_has_its_own_lane_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / f"{uuid.uuid4()}.ogg"
    times = np.arange(2 * RATE) / RATE
    tones = [9000 * np.sin(2 * np.pi * hertz * times) for hertz in (1000, 1700)]
    file = OpusFile(path)
    file.write(np.stack(tones, axis=1).astype(np.int16))
    file.close()
    with av.open(str(path)) as written:
        heard = np.concatenate([each.to_ndarray() for each in written.decode(audio=0)], axis=1)
    assert abs(heard.shape[1] / 48000 - 2) < 0.05
    for lane, hertz in enumerate((1000, 1700)):
        power = np.abs(np.fft.rfft(heard[lane])) ** 2
        near = np.abs(np.fft.rfftfreq(heard.shape[1], 1 / 48000) - hertz) < 30
        assert power[near].sum() / power.sum() > 0.98


def test_callers_are_on_one_side_and_whoever_speaks_for_us_on_the_other() -> None:
    def lane(kind: str, role: str = "") -> Lane:
        return lane_of(Person("x", "PA", kind, {"veyra.role": role}))  # type: ignore[arg-type]  # any kind

    assert {lane("sip"), lane("sip", "callee"), lane("standard", "browser")} == {Lane.CALLER}
    ours = [("agent", ""), ("standard", "colleague"), ("standard", "supervisor")]
    assert {lane(*each) for each in [*ours, ("sip", "colleague"), ("standard", "standby")]} == {
        Lane.OURS
    }
