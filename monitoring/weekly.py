"""When the report of a week is due. Pure."""

from datetime import date, datetime, time, timedelta, tzinfo

from monitoring.report import DAY, Period

WEEK = timedelta(days=7)


def week_of(first_day: date) -> Period:
    return Period(first_day, first_day + WEEK - DAY)


def last_week(day: date) -> date:
    """The Monday of the last week that is over on this day."""
    return day - DAY * day.weekday() - WEEK


def last_moment(weekday: int, hour: int, now: datetime, zone: tzinfo) -> datetime:
    """When it was this hour of this weekday for the last time, in this zone."""
    today = now.astimezone(zone).date()
    day = today - DAY * ((today.weekday() - weekday) % 7)
    moment = datetime.combine(day, time(hour), zone)
    return moment if moment <= now else datetime.combine(day - WEEK, time(hour), zone)


def due(weekday: int, hour: int, since: datetime, now: datetime, zone: tzinfo) -> date | None:
    """The Monday of the week whose report is to be sent by now; None: not since `since`."""
    moment = last_moment(weekday, hour, now, zone)
    return last_week(moment.date()) if moment > since else None
