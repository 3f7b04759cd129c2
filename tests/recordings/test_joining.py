"""Parts become one recording, whose time is the call's."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import peaks
from recordings.joining import Heard, Unreadable, heard_in, join, length_of, plan
from recordings.peaks import POINTS, peaks_of
from recordings.storing import Absent
from tests.recordings.sound import loudness, part

BEGAN = datetime(2026, 11, 22, 9, tzinfo=UTC)
FIRST = part((0.1, 0.2, 0.3, 0.4), (0.5,) * 4)
SECOND = part((0.6, 0.7, 0.8), (0.0,) * 3)


def at(second: float) -> datetime:
    return BEGAN + timedelta(seconds=second)


def opened(source: str) -> io.BytesIO:
    return io.BytesIO({"1": FIRST, "2": SECOND}[source])


def test_parts_are_cut_to_the_call_and_follow_each_other(tmp_path: Path) -> None:
    heard = [Heard("1", at(0), 4), Heard("2", at(10), 3)]
    path = tmp_path / "whole.ogg"
    spans = join(plan(heard, at(1), at(12)), opened, path)
    assert [lane[0] for lane in loudness(path.read_bytes())] == [0.2, 0.3, 0.4, 0.6, 0.7]
    first, second = (span.to_json() for span in spans)
    assert first["at"] == at(1).isoformat() and first["from"] == 0
    assert second["at"] == at(10).isoformat() and second["from"] == pytest.approx(3, abs=0.03)
    assert first["seconds"] == pytest.approx(3, abs=0.03)
    assert length_of("", io.BytesIO(path.read_bytes())) == pytest.approx(5, abs=0.05)


def test_where_two_overlap_each_moment_is_heard_once(tmp_path: Path) -> None:
    heard = [Heard("2", at(2), 3), Heard("1", at(0), 4)]
    path = tmp_path / "whole.ogg"
    join(plan(heard, at(0), at(9)), opened, path)
    assert [lane[0] for lane in loudness(path.read_bytes())] == [0.1, 0.2, 0.3, 0.4, 0.8]


def test_a_part_of_a_killed_recorder_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    torn = FIRST[: len(FIRST) * 2 // 3]
    seconds = length_of("1", io.BytesIO(torn))
    assert 1.5 < seconds < 3.5
    path = tmp_path / "whole.ogg"
    spans = join([Heard("1", at(0), seconds)], lambda _: io.BytesIO(torn), path)
    assert spans[0].seconds == pytest.approx(seconds, abs=0.03)
    assert loudness(path.read_bytes())[0] == (0.1, 0.5)


def test_what_was_joined_can_be_joined_with_a_part_that_came_late(tmp_path: Path) -> None:
    old, new = tmp_path / "old.ogg", tmp_path / "new.ogg"
    spans = join([Heard("1", at(0), 1), Heard("1", at(3), 1, begins=3)], opened, old)
    late = Heard("2", at(1), 2)
    heard = [*heard_in("old", [span.to_json() for span in spans]), late]
    joined = plan(heard, at(0), at(9))
    join(joined, lambda name: old.open("rb") if name == "old" else opened(name), new)
    assert [lane[0] for lane in loudness(new.read_bytes())] == [0.1, 0.6, 0.7, 0.4]


@pytest.mark.parametrize("sound", [b"", b"nonsense" * 99, FIRST[:20]], ids=["no", "other", "cut"])
def test_what_is_no_sound_is_told(sound: bytes, tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        join([Heard("1", at(0), 4)], lambda _: io.BytesIO(sound), tmp_path / "whole.ogg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("breaks_at", [0, 4000, 12000])
def test_a_storage_that_breaks_off_is_not_taken_for_the_end(breaks_at: int, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, length: int | None = -1) -> bytes:
            if self.tell() >= breaks_at:
                raise Absent
            return super().read(min(length or 0, 4000))

    long = part(tuple([0.5] * 9), tuple([0.5] * 9))
    with pytest.raises(Absent):
        join([Heard("1", at(0), 9)], lambda _: Broken(long), tmp_path / "whole.ogg")
    with pytest.raises(Absent):
        length_of("1", Broken(long))


MOMENTS = st.integers(0, 60)


@st.composite
def parts(draw: st.DrawFn) -> list[Heard]:
    begins = draw(st.lists(st.tuples(MOMENTS, st.integers(0, 20)), max_size=6))
    return [Heard(str(n), at(begin), length) for n, (begin, length) in enumerate(begins)]


@given(heard=parts(), start=MOMENTS, end=MOMENTS)
def test_every_second_of_the_call_that_somebody_heard_is_there_once(
    heard: list[Heard], start: int, end: int
) -> None:
    cuts = plan(heard, at(start), at(end))

    def seconds(all_of: list[Heard]) -> list[int]:
        return [
            moment
            for each in all_of
            for moment in range(
                round((each.at - BEGAN).total_seconds()),
                round((each.until - BEGAN).total_seconds()),
            )
        ]

    there = seconds(cuts)
    assert there == sorted(set(seconds(heard)) & set(range(start, end)))
    sources = {each.source: each for each in heard}
    for cut in cuts:
        assert cut.at - sources[cut.source].at == timedelta(seconds=cut.begins)


def test_peaks_tell_how_loud_each_voice_is() -> None:
    found = peaks_of(io.BytesIO(SECOND))
    caller, agent = found["caller"], found["agent"]
    assert len(caller) == len(agent) == POINTS and max(agent) <= 1
    middles = [caller[POINTS * middle // 6] for middle in (1, 3, 5)]
    assert middles == [pytest.approx(loud, abs=4) for loud in (60, 70, 80)]


def test_silence_is_found_to_a_tenth_of_a_second_however_coarse_the_waveform(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peaks, "POINTS", 3)
    voice = (0.5, 0.5, 0.0, 0.0, 0.5, 0.5)
    found = peaks_of(io.BytesIO(part(voice, (0.0,) * 6)))
    assert min(found["caller"]) > 40
    assert found["silences"] == [(pytest.approx(2, abs=0.11), pytest.approx(4, abs=0.11))]
