"""Where in a recording a line is heard, and where there is only silence."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from recordings.models import Recording
from recordings.player import facts, stretch
from recordings.silence import HUM, SILENCE_SECONDS, silences

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def recording(*spans: tuple[float, float]) -> Recording:
    """With so many seconds of the clock in it: (from, to), with breaks between them."""
    rows, place = [], 0.0
    for begin, end in spans:
        rows.append({"at": at(begin).isoformat(), "from": place, "seconds": end - begin})
        place += end - begin
    return Recording(seconds=place, spans=rows)


def test_a_line_is_heard_with_a_little_around_it() -> None:
    assert stretch(recording((0, 60)), at(10), 2.5) == (9.7, 12.8)


def test_what_is_said_at_either_end_does_not_reach_beyond_it() -> None:
    whole = recording((0, 60))
    assert stretch(whole, at(-1), 2) == (0, 1.3)
    assert stretch(whole, at(59), 5) == (58.7, 60)


def test_a_pause_takes_no_time_in_the_file() -> None:
    paused = recording((0, 20), (50, 80))
    assert stretch(paused, at(55), 2) == (24.7, 27.3)
    assert stretch(paused, at(30), 2) is None
    # He spoke on when it went on.
    assert stretch(paused, at(18), 40) == (17.7, 28.3)


def test_a_key_that_was_pressed_has_its_second() -> None:
    assert stretch(recording((0, 60)), at(10), None) == (9.7, 11.3)


@given(
    begin=some.floats(-20, 120),
    seconds=some.floats(0.1, 30),
    ends=some.lists(some.integers(0, 100), min_size=2, max_size=8, unique=True),
)
def test_a_line_never_lies_outside_of_the_file(
    begin: float, seconds: float, ends: list[int]
) -> None:
    ends = sorted(ends[: len(ends) // 2 * 2])
    spans = list(zip(ends[::2], ends[1::2], strict=True))
    made = recording(*spans)
    found = stretch(made, at(begin), seconds)
    is_in_it = any(a < begin + seconds and begin < b for a, b in spans)
    assert (found is not None) == is_in_it
    assert found is None or 0 <= found[0] < found[1] <= (made.seconds or 0) + 0.01


def test_only_what_neither_side_fills_is_silence() -> None:
    caller, ours = [90, 0, 0, 0, 0, 0], [0, 70, 1, 2, 0, 50]
    assert silences([caller, ours], 60) == [(20, 50)]


def test_a_breath_is_not_skipped() -> None:
    assert silences([[90, 0, 90], [0, 0, 0]], 3) == []


def test_a_quiet_line_fills_its_lane_and_a_hum_does_not() -> None:
    quiet = Recording(seconds=2, peaks={"caller": [30, 0], "agent": [0, 15]})
    assert facts(quiet)["peaks"] == [[1, 0], [0, 0.5]]
    assert facts(Recording(seconds=1, peaks={"caller": [3], "agent": [0]}))["peaks"] == [[0.2], [0]]


def test_the_silence_of_one_voice_alone_is_known_too() -> None:
    track = Recording(seconds=9, peaks={"caller": [90, 0, 90]})
    assert facts(track)["silences"] == [(3, 6)]


def test_silence_that_was_found_in_the_sound_is_finer_than_the_waveform() -> None:
    found = [[1800.0, 1801.7]]
    hour = Recording(seconds=3600, peaks={"caller": [90] * 1000, "agent": [], "silences": found})
    assert facts(hour)["silences"] == found


def test_a_recording_without_its_peaks_is_heard_all_the_same() -> None:
    assert facts(Recording(seconds=5)) == {"peaks": [[], []], "seconds": 5, "silences": []}


PEAK = some.integers(0, 100)


@given(both=some.lists(some.tuples(PEAK, PEAK), max_size=60), seconds=some.floats(1, 4000))
def test_what_is_skipped_is_silent_and_what_is_not_is_heard_or_short(
    both: list[tuple[int, int]], seconds: float
) -> None:
    lanes = [[caller for caller, _ in both], [ours for _, ours in both]]
    found = silences(lanes, seconds)
    step = seconds / len(both) if both else 1
    for place, peaks in enumerate(both):
        middle = (place + 0.5) * step
        is_skipped = any(a < middle < b for a, b in found)
        assert not (is_skipped and max(peaks) > HUM)
        assert is_skipped or max(peaks) > HUM or _gap(both, place) * step < SILENCE_SECONDS + 1e-6


def _gap(both: list[tuple[int, int]], place: int) -> int:
    """How many silent points there are in a row around this one."""
    first = last = place
    while first > 0 and max(both[first - 1]) <= HUM:
        first -= 1
    while last + 1 < len(both) and max(both[last + 1]) <= HUM:
        last += 1
    return last - first + 1
