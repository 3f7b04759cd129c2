"""The chart of delays shows what was measured, and nothing else."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitoring.latency import Answer, chart

AT = datetime(2026, 1, 1, tzinfo=UTC)
PARTS = st.none() | st.integers(0, 90_000)
ANSWERS = st.lists(
    st.builds(Answer, st.just(1), st.just(AT), st.integers(0, 90_000), PARTS, PARTS, PARTS),
    min_size=1,
    max_size=200,
)


def percent(text: str) -> float:
    return float(text.removesuffix("%"))


def test_without_answers_there_is_no_chart() -> None:
    assert chart([]) is None


def test_the_parts_stand_on_one_another_and_what_is_not_told_apart_on_top() -> None:
    found = chart([Answer(1, AT, 1000, 500, 200, None), Answer(2, AT, 2000, None, None, None)])
    assert found is not None and (found.half_within, found.slowest) == (1500, 2000)
    assert [(p.part, p.y, p.height) for p in found.bars[0].pieces] == [
        ("heard", "75.00%", "25.00%"),
        ("thought", "65.00%", "10.00%"),
        ("rest", "50.00%", "15.00%"),
    ]
    assert [(p.part, p.y) for p in found.bars[1].pieces] == [("rest", "0.00%")]
    assert [name for name, _meaning in found.legend] == ["heard", "thought", "rest"]
    assert [line.milliseconds for line in found.lines] == [0, 500, 1000, 1500, 2000]


@given(ANSWERS)
def test_a_bar_is_as_high_as_its_answer_was_late_and_stays_in_its_place(
    answers: list[Answer],
) -> None:
    found = chart(answers)
    assert found is not None
    end = found.lines[-1].milliseconds
    assert end >= found.slowest == max(answer.whole for answer in answers)
    right = 0.0
    for bar in found.bars:
        heights = sum(percent(piece.height) for piece in bar.pieces)
        assert abs(heights - 100 * bar.answer.whole / max(1, end)) < 0.1
        assert percent(bar.x) >= right - 0.02
        right = percent(bar.x) + percent(bar.width)
    assert right <= 100.02
