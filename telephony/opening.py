"""Opening hours and closures, where the line is known: what calls meet, and what staff do to it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from agentworker.company import company_name
from agentworker.hours import spoken
from agentworker.hours.book import ALWAYS, Book, Ruling, could_be
from agentworker.hours.models import Outside
from agentworker.models import Agent, Closure, NumberPlace, Place
from agentworker.placeholders import fill, values
from telephony import moments, ringing
from telephony.colleagues import Found, people_of
from telephony.models import Call, Colleague, PhoneNumber, Team
from veyra import live
from veyra.models import User

COLLEAGUE, TEAM = "colleague", "team"


# What a call meets


def ruling_of(call: Call) -> Ruling:
    """By the hours of the moment at which it came. Calls of ours are at any hour."""
    if call.is_outbound:
        return ALWAYS
    agent = str(call.agent.key) if call.agent else ""
    book, number = Book.read_called(call.to_number, agent, call.started_at)
    return book.ruling(number, agent, call.started_at)


def people_in_need(call: Call, ruling: Ruling) -> list[Found]:
    """Who is rung where no assistant speaks: as the rule says; outside the hours nobody, or whom
    the place names.
    """
    if ruling.is_closed and ruling.outside is not Outside.PEOPLE:
        return []
    kind, _colon, key = ruling.people.partition(":")
    if kind == COLLEAGUE:
        return people_of(Colleague.objects.filter(key=key).first(), None)
    if kind == TEAM:
        return people_of(None, Team.objects.filter(key=key).first())
    return ringing.fallback_of(call)


def said_by_last_resort(call: Call, ruling: Ruling, language: str) -> str:
    """Its words where it is closed; "" where it is open."""
    if not ruling.is_closed:
        return ""
    known = {"caller": call.from_number, "company": company_name()}
    return spoken.words(ruling, language, timezone.now(), **known)


def apology_of(call: Call, ruling: Ruling, language: str) -> str:
    """The words of its rule for where nobody can talk to the caller; "": ours are said."""
    text = call.rule.apology if call.rule else ""
    if not text:
        return ""
    spoken_in = language if language in spoken.SPOKEN else "ru"
    now = timezone.localtime(timezone=ruling.zone)
    return fill(text, values(spoken_in, now, call.from_number, company_name()))


def rulings(
    agents: Mapping[str, Iterable[str]], moment: datetime, now: datetime | None = None
) -> dict[str, Ruling]:
    """What calls to numbers meet at a moment; `agents`: of each number's key, who answers it. A
    number that several answer is closed where all of them are.
    """
    every = {agent for some in agents.values() for agent in some}
    known = [number for number in agents if not str(number).startswith("+")]
    book = Book.read(known, every, min(now or moment, moment))
    found = {}
    for number, some in agents.items():
        each = [book.ruling(number, agent, moment) for agent in some or [""]]
        found[number] = next((one for one in each if not one.is_closed), each[0])
    return found


def rulings_of_texts(agents: Mapping[str, Iterable[str]], moment: datetime) -> dict[str, Ruling]:
    """The same of numbers by their texts, as they are kept."""
    kept = NumberPlace.objects.called(list(agents)).values_list("number", "key")
    keys = {number: str(key) for number, key in kept}
    # One that belongs to no place is asked about by a name that no other has.
    found = rulings({keys.get(text, f"+{text}"): some for text, some in agents.items()}, moment)
    return {text: found[keys.get(text, f"+{text}")] for text in agents}


# What staff do


def renumber(numbers: Iterable[PhoneNumber]) -> None:
    """Numbers were saved: what is kept of them for the hours follows."""
    texts = {row.key: "" if row.archived_at else row.number for row in numbers}
    for row in NumberPlace.objects.of_keys(texts):
        if row.number != texts[row.key]:
            NumberPlace.objects.filter(pk=row.pk).update(number=texts[row.key])


def kept(number: PhoneNumber) -> NumberPlace:
    """What is kept of a number for the hours; made where it is missing."""
    text = "" if number.archived_at else number.number
    return NumberPlace.objects.get_or_create(key=number.key, defaults={"number": text})[0]


@transaction.atomic
def save_place(
    place: Place, numbers: Collection[PhoneNumber], agents: Collection[Agent], year: int
) -> None:
    """With the numbers and assistants that work by its hours, and no others."""
    place.learn_days_off(year)
    place.revision += 1 if place.pk else 0
    place.save()
    wanted = [kept(number).pk for number in numbers]
    place.numbers.exclude(pk__in=wanted).update(place=None)
    NumberPlace.objects.filter(pk__in=wanted).update(place=place)
    # Who sees only some places sees other numbers now.
    live.changed("rights", live.EVERYBODY)
    place.agents.exclude(pk__in=[agent.pk for agent in agents]).update(hours=None)
    Agent.objects.filter(pk__in=[agent.pk for agent in agents]).update(hours=place)


@transaction.atomic
def put_away(place: Place) -> None:
    """Its numbers and assistants work at any hour from now on."""
    place.numbers.update(place=None)
    live.changed("rights", live.EVERYBODY)
    place.agents.update(hours=None)
    place.archived_at = timezone.now()
    place.save(update_fields=["archived_at"])


def close(closure: Closure, user: User) -> None:
    """From now on, or from its beginning."""
    closure.made_by = user
    closure.save()


def open_now(closure: Closure, user: User) -> bool:
    """False: it was open already."""
    still = Closure.objects.not_over(timezone.now()).filter(pk=closure.pk)
    return bool(still.update(opened_at=timezone.now(), opened_by=user))


def numbers_of(place: Place) -> QuerySet[PhoneNumber]:
    """Those that work by its hours."""
    return PhoneNumber.objects.filter(key__in=place.numbers.values("key"))


def place_of(row: PhoneNumber | Agent) -> Place | None:
    """By whose hours it works."""
    if isinstance(row, Agent):
        return row.hours
    kept = NumberPlace.objects.of_keys([row.key]).select_related("place").first()
    return kept.place if kept else None


def zone_of(row: Place | PhoneNumber | Agent | None) -> ZoneInfo:
    """By whose clock its times are typed and told; that of the line where it has no other."""
    place = row if isinstance(row, Place) or row is None else place_of(row)
    return place.zone if place else ZoneInfo(settings.TIME_ZONE)


def moment_at(called: str, text: str) -> datetime | None:
    """As it is written, by the clock of the number called; None: now. Raises MomentError."""
    kept = NumberPlace.objects.called(could_be(called)).select_related("place").first()
    zone = zone_of(kept.place if kept else None)
    return moments.read(text, timezone.now().astimezone(zone))


def places_of(numbers: Collection[Any]) -> dict[str, NumberPlace]:
    """Of numbers by their keys, those that belong to a place or were closed."""
    rows = NumberPlace.objects.of_keys(numbers).select_related("place")
    return {str(row.key): row for row in rows}
