"""Hours and closures in words, by the clock of the place that they belong to."""

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agentworker.hours import week
from agentworker.hours.book import Ruling
from agentworker.hours.models import Outside, Place
from agentworker.hours.state import Closed, Why
from agentworker.hours.week import from_json, runs, short_days, text_of
from veyra.sentences import Sentence

# What callers meet, by whether the end is known.
CLOSED = {
    (Outside.MESSAGE, True): gettext_noop("Closed until %(until)s: callers hear a message."),
    (Outside.MESSAGE, False): gettext_noop("Closed: callers hear a message."),
    (Outside.AGENT, True): gettext_noop("Closed until %(until)s: %(name)s answers."),
    (Outside.AGENT, False): gettext_noop("Closed: %(name)s answers."),
    (Outside.PEOPLE, True): gettext_noop("Closed until %(until)s: a person is rung."),
    (Outside.PEOPLE, False): gettext_noop("Closed: a person is rung."),
}


def clock(place: Place | None, now: datetime | None = None) -> str:
    """ "14:05" there."""
    zone = place.zone if place else timezone.get_default_timezone()
    return text_of((now or timezone.now()).astimezone(zone).time())


def when(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """ "18:00", "tomorrow, 09:00", "23 November, 09:00"."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return text_of(local.time())
    if local.date() == today + timedelta(days=1):
        return _("tomorrow, %(time)s") % {"time": text_of(local.time())}
    return date_format(local, "j E, H:i" if local.year == today.year else "j E Y, H:i")


def when_asked(moment: datetime, zone: ZoneInfo) -> str:
    """ "Saturday, 28 November, 20:00"."""
    return date_format(moment.astimezone(zone), "l, j E, H:i")


def until_of(ruling: Ruling, now: datetime) -> str:
    """By its own clock, which is told where the reader's shows another hour."""
    if ruling.state.until is None:
        return ""
    text = when(ruling.state.until, ruling.zone, now)
    is_ours = now.astimezone(ruling.zone).utcoffset() == timezone.localtime(now).utcoffset()
    if is_ours or ruling.place is None:
        return text
    values = {"when": text, "place": ruling.place.name, "time": clock(ruling.place, now)}
    return _("%(when)s (%(place)s, now %(time)s)") % values


def standing(ruling: Ruling, moment: datetime) -> Sentence:
    """What a call meets at this moment."""
    until = until_of(ruling, moment)
    if ruling.is_closed:
        other = ruling.place.stand_in if ruling.place else None
        values = {"until": until, "name": other.name if other else ""}
        return Sentence(CLOSED[ruling.outside, bool(until)], values)
    if until:
        return Sentence(gettext_noop("Open until %(until)s."), {"until": until})
    return Sentence(gettext_noop("Open at any hour."))


def why(ruling: Ruling) -> Sentence:
    """Why it is closed; "" where it is open."""
    if not isinstance(ruling.state, Closed):
        return Sentence("")
    place = ruling.place.name if ruling.place else ""
    if ruling.closure:
        by = ruling.closure.made_by
        who = by.get_full_name() or by.get_username() if by else ""
        if who:
            return Sentence(gettext_noop("Closed by %(who)s."), {"who": who})
        return Sentence(gettext_noop("Closed by hand."))
    if ruling.state.why is Why.HOLIDAY:
        return Sentence(gettext_noop("A holiday by the calendar of “%(place)s”."), {"place": place})
    if ruling.state.why is Why.EXCEPTION:
        msgid = gettext_noop("A day with hours of its own at “%(place)s”.")
        return Sentence(msgid, {"place": place})
    return Sentence(gettext_noop("Outside the hours of “%(place)s”."), {"place": place})


def lines(place: Place) -> list[tuple[str, str]]:
    """The week as people read it: ("Mon–Fri", "09:00–18:00")."""
    return [
        (short_days(days), week.stretches(some) or _("closed"))
        for days, some in runs(from_json(place.week))
    ]


def in_one_line(place: Place) -> str:
    """Without the days on which it is closed."""
    return week.in_one_line(from_json(place.week))
