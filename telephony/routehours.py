"""The last steps of a route: is it open at that moment, and has who answers all that he needs?"""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_noop

from agentworker.company import company_name
from agentworker.hours import spoken
from agentworker.hours import words as opening_words
from agentworker.hours.book import ALWAYS, Ruling
from agentworker.hours.models import Outside
from telephony import key_facts, opening, probes
from telephony.readiness import Places
from telephony.routing.route import Mark, Route, Row, Step
from veyra.sentences import Sentence


def ruling_of(route: Route, at: datetime) -> Ruling:
    """What the call meets at this moment; always open where nobody would take it."""
    agents = [way.agent.key for way in route.ways if way.agent]
    number = next(iter(route.numbers), None)
    if number is None or not route.answers:
        return ALWAYS
    return opening.rulings({number.key: agents}, at)[number.key]


def turns_away(ruling: Ruling) -> bool:
    """The caller hears a message, and nobody else."""
    return ruling.is_closed and ruling.outside is Outside.MESSAGE


def headline(ruling: Ruling, at: datetime) -> Sentence:
    """In place of the route's own, where it is closed."""
    return opening_words.standing(ruling, at)


def greeting(ruling: Ruling, language: str, at: datetime, caller: str) -> str:
    """The message that the caller hears; "": a recording."""
    known = {"caller": caller, "company": company_name()}
    return "" if ruling.sound else spoken.words(ruling, language, at, **known)


def steps(route: Route, ruling: Ruling, at: datetime | None) -> Iterator[Step]:
    """`at` None: now; then also what the assistants need to answer."""
    if not route.answers:
        return
    if ruling.is_closed or ruling.place:
        yield _of_hours(ruling, at or timezone.now())
    if at is None:
        yield from _of_places(probes.places())
    agents = [way.agent.key for way in route.ways if way.agent]
    agents += [ruling.stand_in] if ruling.stand_in else []
    for trouble in key_facts.troubles(agents).values():
        yield Step(sentence=trouble.sentence, mark=Mark.PASSED, row=Row("keys"))


def _of_hours(ruling: Ruling, at: datetime) -> Step:
    row = Row("hours", str(ruling.place.key) if ruling.place else "")
    standing = opening_words.standing(ruling, at)
    if not ruling.is_closed:
        return Step(sentence=standing, mark=Mark.TAKES, row=row)
    msgid = gettext_noop("%(why)s %(so)s")
    values = {"why": opening_words.why(ruling).to_json(), "so": standing.to_json()}
    mark = Mark.STOPS if turns_away(ruling) else Mark.TAKES
    return Step(sentence=Sentence(msgid, values), mark=mark, row=row)


def _of_places(places: Places | None) -> Iterator[Step]:
    """None: nobody counts them, as in training."""
    if places is None:
        return
    msgid = gettext_noop("Free places of assistants now: %(free)s of %(all)s.")
    mark = Mark.TAKES if places.free else Mark.PASSED
    values = {"free": places.free, "all": places.all}
    yield Step(sentence=Sentence(msgid, values), mark=mark, row=Row("worker"))
