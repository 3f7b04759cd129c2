"""Opening hours and closures, as pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agentworker.hours import week
from agentworker.hours import words as opening_words
from agentworker.hours.book import ruling_of_place
from agentworker.hours.calendar import Calendar
from agentworker.hours.models import Announcement
from agentworker.models import Agent, Closure, NumberPlace, Place
from telephony import opening
from telephony.models import PhoneNumber
from telephony.numbers import pretty
from telephony.routing.impact import Move
from veyra.models import User
from veyra.sentences import Sentence

# So many numbers are named, and so many days off.
NAMED, DAYS = 4, 12


@dataclass(frozen=True)
class ShownPlace:
    place: Place
    is_open: bool
    sentence: Sentence
    numbers: str
    agents: str

    @property
    def lines(self) -> list[tuple[str, str]]:
        return opening_words.lines(self.place)

    @property
    def clock(self) -> str:
        return opening_words.clock(self.place)


@dataclass(frozen=True)
class ShownClosure:
    """`what`: what is closed, in words."""

    closure: Closure
    what: str
    until: str
    # It holds already.
    has_begun: bool

    @property
    def sound(self) -> Announcement | None:
        return self.closure.sound


def places(user: User, now: datetime) -> list[ShownPlace]:
    rows = list(Place.objects.visible_to(user).kept().select_related("stand_in"))
    texts = _numbers_of(rows)
    agents: dict[int, list[str]] = {}
    for agent in Agent.objects.visible_to(user).kept().exclude(hours=None):
        agents.setdefault(agent.hours_id or 0, []).append(agent.name)
    closures = list(Closure.objects.visible_to(user).not_over(now).shown())
    return [
        _place(row, closures, texts.get(row.pk, []), agents.get(row.pk, []), now) for row in rows
    ]


def _place(
    place: Place,
    closures: Sequence[Closure],
    numbers: Sequence[str],
    agents: Sequence[str],
    now: datetime,
) -> ShownPlace:
    ruling = ruling_of_place(place, closures, now)
    return ShownPlace(
        place,
        not ruling.is_closed,
        opening_words.standing(ruling, now),
        _named(numbers),
        _named(agents),
    )


def _numbers_of(rows: Iterable[Place]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    of_places = NumberPlace.objects.filter(place__in=list(rows)).exclude(number="")
    for place, number in of_places.order_by("number").values_list("place", "number"):
        found.setdefault(place or 0, []).append(pretty(number))
    return found


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    shown = list(names[:NAMED])
    if more > 0:
        shown.append(_("and %(count)s more") % {"count": more})
    return ", ".join(shown)


def closures(user: User, now: datetime) -> list[ShownClosure]:
    """Those that hold now or will, the next to end first."""
    rows = Closure.objects.visible_to(user).not_over(now).shown().select_related("sound")
    shown = [_closure(row, now) for row in rows]
    return sorted(shown, key=lambda each: (each.closure.until is None, each.closure.until))


def _closure(row: Closure, now: datetime) -> ShownClosure:
    place = row.place or (row.number.place if row.number else None)
    zone = opening.zone_of(place)
    until = opening_words.when(row.until, zone, now) if row.until else ""
    return ShownClosure(row, what(row), until, row.begins <= now)


def of_number(number: PhoneNumber, user: User) -> dict[str, Any]:
    """By whose hours it works, and what of it is closed by hand."""
    place, now = opening.place_of(number), timezone.now()
    shown = [
        each
        for each in closures(user, now)
        if each.closure.is_of_all
        or (place and each.closure.place_id == place.pk)
        or (each.closure.number and each.closure.number.key == number.key)
    ]
    line = opening_words.in_one_line(place) if place else ""
    clock = opening_words.clock(place, now)
    return {"place": place, "line": line, "clock": clock, "closures": shown}


def of_moves(moves: Iterable[Move]) -> list[Sentence]:
    """Of numbers whose callers will meet something else: which of them are closed just now."""
    agents = {
        each.number: [answer.agent for answer in each.after.answers] for each in moves if each.after
    }
    now = timezone.now()
    found = opening.rulings_of_texts(agents, now)
    return [
        Sentence(
            gettext_noop("Now %(number)s is closed: %(so)s"),
            {"number": pretty(number), "so": opening_words.standing(ruling, now).to_json()},
        )
        for number, ruling in found.items()
        if ruling.is_closed
    ]


def what(closure: Closure) -> str:
    if closure.place:
        return closure.place.name
    if closure.number:
        return pretty(closure.number.number)
    if closure.agent:
        return _("the assistant “%(name)s”") % {"name": closure.agent.name}
    return _("the whole line: every number")


@dataclass(frozen=True)
class ShutByHand:
    """What is closed by hand. `name`: of the row that names it, "" for the line; `until`: ISO 8601,
    "" where nobody knows; `place`: whom alone it concerns, None: everybody.
    """

    name: str
    until: str
    place: int | None = None


def by_hand() -> tuple[ShutByHand, ...]:
    """What is closed now."""
    return tuple(map(_shut, Closure.objects.in_force(timezone.now()).shown()))


def _shut(row: Closure) -> ShutByHand:
    # Of a number that belongs to no place nobody is told who sees places only.
    of_number = row.number.place_id or 0 if row.number else None
    until = row.until.isoformat() if row.until else ""
    return ShutByHand(_name(row), until, row.place_id or of_number)


def _name(closure: Closure) -> str:
    """In no language: a name, a number, or "" for the whole line."""
    if closure.number:
        return pretty(closure.number.number)
    named = closure.place or closure.agent
    return named.name if named else ""


def told(name: str, until: str) -> tuple[str, str]:
    """One of `by_hand` as its reader is told it, by the clock of his pages."""
    zone, now = timezone.get_current_timezone(), timezone.now()
    moment = datetime.fromisoformat(until) if until else None
    when = opening_words.when(moment, zone, now) if moment else ""
    return name or _("The whole line"), when


def without_hours(user: User) -> str:
    """The numbers that are answered at any hour."""
    placed = NumberPlace.objects.exclude(place=None).values("key")
    rows = PhoneNumber.objects.visible_to(user).in_use().exclude(key__in=placed)
    return _named([pretty(number) for number in rows.values_list("number", flat=True)])


def next_days_off(place: Place, now: datetime) -> list[tuple[date, str, str]]:
    """The coming ones, and the days of a weekend that are worked: the day, its name, and its hours
    where it has any.
    """
    if place._state.adding:
        place = Place(time_zone=opening.zone_of(None).key, calendar=Calendar.RUSSIA)
    today = now.astimezone(place.zone).date()
    named = place.names_of_days(today.year)
    named |= dict.fromkeys(place.worked_from(today.year), _("Working day in place of another one"))
    hours = place.timetable(now)
    coming = sorted(day for day in named if day >= today)[:DAYS]
    return [(day, named[day], week.stretches(hours.stretches(day))) for day in coming]


def clocks(targets: Sequence[tuple[str, Any, Any]], now: datetime) -> dict[str, str]:
    """By whose clock each of these is closed: its zone, by the value of the form."""
    kept = {
        str(row.key): row.place
        for row in NumberPlace.objects.exclude(place=None).select_related("place")
    }
    found = {}
    for value, _label, row in targets:
        place = row if isinstance(row, Place) else None
        if isinstance(row, PhoneNumber):
            place = kept.get(str(row.key))
        elif isinstance(row, Agent):
            place = row.hours
        found[value] = opening.zone_of(place).key
    return found
