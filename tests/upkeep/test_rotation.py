"""Which backups stay."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.upkeep.rotation import to_keep

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
TIMES = st.sets(st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 22)), max_size=60).map(
    lambda found: {at.replace(tzinfo=UTC) for at in found}
)


def test_a_year_of_nights_leaves_seven_days_four_weeks_and_six_months() -> None:
    nights = [NOW - timedelta(days=each) for each in range(365)]
    kept = sorted(to_keep(nights, 7, 4, 6, UTC), reverse=True)
    days = [(NOW - at).days for at in kept]
    # 22 November is a Sunday: the last nights of four weeks and of six months, where they are not
    # among the last seven nights.
    assert days == [*range(7), 7, 14, 21, 22, 53, 83, 114, 145]


@given(times=TIMES, days=st.integers(1, 9), weeks=st.integers(0, 9), months=st.integers(0, 9))
def test_the_newest_stays_and_no_more_than_were_asked_for(
    times: set[datetime], days: int, weeks: int, months: int
) -> None:
    kept = to_keep(times, days, weeks, months, UTC)
    assert kept <= times and len(kept) <= days + weeks + months
    assert not times or max(times) in kept


@given(times=TIMES, days=st.integers(1, 9), weeks=st.integers(0, 9), months=st.integers(0, 9))
def test_to_look_twice_deletes_nothing_more(
    times: set[datetime], days: int, weeks: int, months: int
) -> None:
    kept = to_keep(times, days, weeks, months, UTC)
    assert to_keep(kept, days, weeks, months, UTC) == kept
