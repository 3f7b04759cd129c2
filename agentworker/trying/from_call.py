"""A scenario made of a call: what its caller said, and what the assistant did then."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from agentworker.models import Agent, Scenario, Session, SessionEvent, Speaker, Turn
from agentworker.providers.choosing import has_mind
from agentworker.trying.asking import MOST_SCENARIOS, SAME_NAME, TOO_MANY, NotNowError
from agentworker.trying.steps import LONGEST_TEXT, MOST_MUSTS, MOST_STEPS, Kind, Must, Step, as_json
from veyra.models import User

# Digits with what people write between them, a telephone's or others; shorter ones are prices,
# dates and hours.
NUMBER = re.compile(r"(\+?\d(?:[ ()\-\u2011.]{0,3}\d){9,})|\d(?:[ \-\u2011]{0,2}\d){4,}")
EXAMPLE = "1234567890"
NOTHING_SAID = _("Nobody said anything in this call that a scenario could be made of.")
# A demand in the language of the assistant, whose mind judges it.
IN_ESSENCE = {"ru": "по смыслу это то же, что: {text}", "en": "in essence it says: {text}"}


@dataclass(frozen=True)
class Moment:
    """Something that was said or pressed, or a tool (by its kind and name) that was used."""

    who: Speaker
    text: str = ""
    key: str = ""
    kind: str = ""
    tool: str = ""


def make(agent: Agent, sessions: QuerySet[Session], name: str, user: User) -> Scenario:
    """Kept, so that its maker may look at it and change it. Raises NotNowError."""
    if agent.scenarios.count() >= MOST_SCENARIOS:
        raise NotNowError(TOO_MANY, most=MOST_SCENARIOS)
    content = agent.written()
    language = "en" if content and content.language == "en" else "ru"
    is_judged = content is not None and has_mind(content.speech)
    steps = steps_of(moments(sessions), language if is_judged else "")
    if not steps:
        raise NotNowError(NOTHING_SAID)
    named = _free_name(agent, name)
    job = sessions.order_by("started_at").values_list("job_id", flat=True).first()
    return Scenario.objects.create(
        agent=agent, name=named, steps=as_json(steps), job_id=job or "", changed_by=user
    )


def _free_name(agent: Agent, name: str) -> str:
    """The same call may be taken twice."""
    taken = set(agent.scenarios.values_list("name", flat=True))
    names = (name, *(f"{name} ({number})" for number in range(2, MOST_SCENARIOS + 2)))
    found = next((each for each in names if each not in taken), None)
    if found is None:
        raise NotNowError(SAME_NAME)
    return found


def moments(sessions: QuerySet[Session]) -> list[Moment]:
    """In their order."""
    turns = Turn.objects.filter(session__in=sessions)
    jobs = list(sessions.values_list("job_id", flat=True))
    used = SessionEvent.objects.filter(job_id__in=jobs, kind="tool")
    found: list[tuple[Any, Moment]] = [
        (turn.at, Moment(Speaker(turn.speaker), turn.text, turn.digit)) for turn in turns
    ]
    for event in used:
        told = event.payload
        deed = Moment(Speaker.AGENT, kind=str(told.get("kind", "")), tool=str(told.get("name", "")))
        found.append((event.at, deed))
    return [moment for _at, moment in sorted(found, key=lambda each: each[0])]


def steps_of(happened: Iterable[Moment], judged_in: str) -> tuple[Step, ...]:
    """Each line of the caller, and what was answered as something to demand. Pure.

    `judged_in`: the language of an assistant whose mind can judge; "": its very words are demanded.
    """
    steps: list[Step] = []
    for moment in happened:
        if moment.who is Speaker.CALLER:
            if moment.text or moment.key:
                steps.append(Step(without_numbers(moment.text)[:LONGEST_TEXT], moment.key))
            continue
        must = _must(moment, judged_in)
        if steps and must and len(steps[-1].must) < MOST_MUSTS:
            steps[-1] = replace(steps[-1], must=_with(steps[-1].must, must))
    return tuple(steps[:MOST_STEPS])


def _with(musts: Sequence[Must], one: Must) -> tuple[Must, ...]:
    """Of all that was said at one line the first answer is demanded."""
    spoken = (Kind.SAYS, Kind.JUDGED)
    if one.kind in spoken and any(each.kind in spoken for each in musts):
        return tuple(musts)
    return (*musts, one) if one not in musts else tuple(musts)


def _must(moment: Moment, judged_in: str) -> Must | None:
    if moment.kind:
        kinds = {"transfer": Kind.TRANSFERS, "end": Kind.ENDS}
        kind = kinds.get(moment.kind, Kind.TOOL)
        return Must(kind, tool=moment.tool if kind is Kind.TOOL else "")
    text = " ".join(without_numbers(moment.text).replace("/", " ").split())
    if not any(map(str.isalnum, text)):
        return None
    if judged_in:
        return Must(Kind.JUDGED, IN_ESSENCE[judged_in].format(text=text)[:LONGEST_TEXT])
    return Must(Kind.SAYS, _whole_words(text))


def _whole_words(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT].rsplit(" ", 1)[0]


def without_numbers(text: str) -> str:
    """Telephone numbers become {caller_number}; other long ones (orders, cards) an example."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for found in NUMBER.finditer(text):
        yield text[at : found.start()]
        digits = sum(map(str.isdigit, found[0]))
        yield "{caller_number}" if found[1] else EXAMPLE[:digits]
        at = found.end()
    yield text[at:]
