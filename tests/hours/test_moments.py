"""A moment as people write it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from telephony.moments import MomentError, read

# A Sunday.
NOW = datetime(2026, 11, 22, 15, tzinfo=ZoneInfo("Europe/Moscow"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Saturday 20:00", "2026-11-28T20:00"),
        ("суббота 20:00", "2026-11-28T20:00"),
        ("В субботу, в 20:00", ""),
        ("сб 20:00", "2026-11-28T20:00"),
        ("sun 20:00", "2026-11-22T20:00"),
        ("воскресенье 9:30", "2026-11-29T09:30"),
        ("20:00", "2026-11-22T20:00"),
        ("9.30", "2026-11-22T09:30"),
        ("2026-12-31 23:59", "2026-12-31T23:59"),
        ("2026-12-31T23:59", "2026-12-31T23:59"),
    ],
)
def test_a_moment_is_the_next_such_one_by_the_clock_there(text: str, found: str) -> None:
    if not found:
        with pytest.raises(MomentError):
            read(text, NOW)
        return
    assert read(text, NOW) == datetime.fromisoformat(found).replace(tzinfo=NOW.tzinfo)


@pytest.mark.parametrize("text", ["", " ", "now", "Сейчас"])
def test_nothing_is_now(text: str) -> None:
    assert read(text, NOW) is None


@pytest.mark.parametrize("text", ["soon", "25:00", "мы 20:00", "Saturday", "2026-13-01 10:00"])
def test_what_is_no_moment_is_told_with_what_to_write(text: str) -> None:
    with pytest.raises(MomentError) as raised:
        read(text, NOW)
    assert text in str(raised.value.sentence)
