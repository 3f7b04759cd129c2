"""The facts behind the lights of numbers, read for many at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agentworker.hours import words as opening_words
from agentworker.hours.book import ALWAYS, Ruling
from telephony import key_facts, opening, probes, signing
from telephony.key_facts import KeyTrouble
from telephony.line import Place, read_around
from telephony.links import Link, links
from telephony.models import Call, PhoneNumber, TestCall, Trunk
from telephony.readiness import Colour, Facts, LastCall, LastTest, Light, NotSignedIn, readiness
from telephony.routing import problems
from telephony.routing.carriers import carriers
from telephony.routing.wish import Agent, Line, Number, Rule
from telephony.standing import look_up, worst_of
from veyra.models import User
from veyra.sentences import Sentence

# How long a test call says something of now.
LATELY = timedelta(days=2)
LABELS = {
    Colour.GREEN: _("Ready"),
    Colour.YELLOW: _("Look here"),
    Colour.RED: _("Not ready"),
    Colour.OFF: _("Off"),
    Colour.CLOSED: _("Closed"),
}


def lights(numbers: Collection[PhoneNumber], at: datetime | None = None) -> dict[int, Light]:
    """The light of each number by its id: as many queries for a hundred as for one.

    `at`: by the hours of that moment, when nobody knows yet how many places are free.
    """
    if not numbers:
        return {}
    line = read_around([Place(each.pk, each.trunk_id, each.reserve_id) for each in numbers])
    served = problems.routes(line, problems.usable_rules(line)[0])[0]
    wishes = {number.key: number for number in line.numbers}
    trunks = {trunk.key: trunk for trunk in line.trunks}
    look_up(numbers)
    calls, lacks = _newest_calls(numbers), _not_signed_in(line)
    tests = _newest_tests()
    places, entrance = None if at else probes.places(), probes.entrance.answers()
    now, found = at or timezone.now(), {}
    named = {key: _agents(line, _rules(line, rules)) for key, rules in _by_key(served).items()}
    rulings = opening.rulings({key: [a.key for a in some] for key, some in named.items()}, now)
    keys = key_facts.troubles({agent.key for some in named.values() for agent in some})
    for row in numbers:
        number, state = wishes[str(row.key)], worst_of(row)
        rules = _rules(line, served.get(number, ()))
        trunk = next(iter(carriers(trunks, number)), trunks[number.trunk])
        facts = Facts(
            number=number,
            trunk=trunk,
            rules=rules,
            agents=_agents(line, rules),
            published=state.state if state else "",
            why=state.sentence if state and state.error else None,
            places=places,
            entrance=entrance,
            last_call=calls.get(row.pk),
            lacks=lacks.get(trunk.key),
            last_test=tests.get(row.pk),
            unreached=next(iter(problems.unreached(line, list(rules))), None),
            **_of_hours(rulings.get(number.key, ALWAYS), now),
            **_of_keys(filter(None, map(keys.get, (a.key for a in named.get(number.key, ()))))),
        )
        found[row.pk] = readiness(facts)
    return found


@dataclass(frozen=True)
class Shown:
    """A light with the page that its person may open."""

    number: PhoneNumber
    light: Light
    link: Link | None

    @property
    def label(self) -> str:
        return str(LABELS[self.light.colour])

    @property
    def is_for_others(self) -> bool:
        """There is something to do, and its person may not."""
        return self.link is None and self.light.colour in (Colour.YELLOW, Colour.RED)


def shown_lights(
    numbers: Collection[PhoneNumber], user: User, at: datetime | None = None
) -> dict[int, Shown]:
    """The lights of numbers as a page shows them, by the numbers' ids."""
    found = lights(numbers, at)
    pages = links([light.row for light in found.values()], user)
    return {
        number.pk: Shown(number, found[number.pk], pages.get(found[number.pk].row))
        for number in numbers
    }


def lights_by_key(keys: Iterable[str], user: User, at: datetime | None = None) -> list[Shown]:
    """Of the numbers with these keys, as far as the person may see them."""
    numbers = PhoneNumber.objects.visible_to(user).filter(key__in=list(keys)).order_by("number")
    return list(shown_lights(list(numbers), user, at).values())


def troubled_first(user: User, count: int) -> list[Shown]:
    """Some of the numbers that the person may see: those that are not live before the others."""
    kept = PhoneNumber.objects.visible_to(user).kept().order_by("number")
    first = list(kept.troubled()[:count])
    numbers = first + list(kept.exclude(pk__in=[each.pk for each in first])[: count - len(first)])
    return list(shown_lights(numbers, user).values())


def _by_key(served: Mapping[Number, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {number.key: tuple(rules) for number, rules in served.items()}


def _of_hours(ruling: Ruling, now: datetime) -> dict[str, Any]:
    """As Facts names it."""
    if not ruling.is_closed:
        return {}
    place = str(ruling.place.key) if ruling.place else ""
    return {"closed": opening_words.standing(ruling, now), "closed_by": place}


def _of_keys(troubles: Iterable[KeyTrouble]) -> dict[str, Any]:
    """Likewise: the worst of them."""
    worst = max(troubles, key=lambda each: each.is_fatal, default=None)
    if worst is None:
        return {}
    return {"keys": worst.sentence, "keys_are_needed": worst.is_fatal}


def _not_signed_in(line: Line) -> dict[str, NotSignedIn]:
    """By the keys of the connections that should be signed in, and are not."""
    keys = [trunk.key for trunk in line.trunks if trunk.registers]
    trunks = list(Trunk.objects.filter(key__in=keys)) if keys else []
    signing.attach(trunks)
    found = {str(trunk.key): signing.of(trunk) for trunk in trunks}
    return {
        key: NotSignedIn(Sentence("%(text)s", {"text": each.text}), soon=not each.is_wrong)
        for key, each in found.items()
        if each and not each.is_in
    }


def _rules(line: Line, keys: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in line.rules if rule.key in keys)


def _agents(line: Line, rules: Sequence[Rule]) -> tuple[Agent, ...]:
    wanted = {rule.agent for rule in rules}
    return tuple(agent for agent in line.agents if agent.key in wanted)


def _newest_tests() -> dict[int, LastTest]:
    """What our own telephone found lately, by the numbers' ids: a few rows a day."""
    rows = TestCall.objects.judged(timezone.now() - LATELY)
    return {
        row.number_id: LastTest(
            row.asked_at, row.state == TestCall.State.DONE, Sentence.from_json(row.result)
        )
        for row in rows
    }


def _newest_calls(numbers: Collection[PhoneNumber]) -> dict[int, LastCall]:
    """The newest call to each number, by the number's id."""
    came = Call.objects.filter(number=OuterRef("pk")).exclude(direction=Call.Direction.OUTBOUND)
    newest = Subquery(came.order_by("-started_at").values("pk")[:1])
    ids = PhoneNumber.objects.filter(pk__in=[each.pk for each in numbers]).values(newest=newest)
    columns = "number", "pk", "started_at", "outcome", "reason"
    return {
        number: LastCall(str(pk), at, outcome, reason)
        for number, pk, at, outcome, reason in Call.objects.filter(pk__in=ids).values_list(*columns)
        if number is not None
    }
