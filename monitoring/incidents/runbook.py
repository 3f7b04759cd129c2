"""What to do about an incident: why it happens, steps that are buttons, pages to look at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from agentworker.models import Worker
from monitoring.incidents.advice import Advice, Offer
from monitoring.incidents.models import Incident
from monitoring.incidents.runbooks import RUNBOOKS, USUAL
from monitoring.recovery.steps import STEPS
from monitoring.recovery.worker_steps import hanging
from recordings.models import Storage
from telephony import probes
from telephony.models import Registration
from veyra.look import link
from veyra.models import Program, User
from veyra.sentences import Sentence


@dataclass(frozen=True)
class Button:
    """A step on one target. `about`: what it is done to, where there are several."""

    step: str
    target: str
    title: str | Promise
    says: Sentence
    about: str = ""


@dataclass(frozen=True)
class Page:
    url: str
    title: str | Promise


@dataclass(frozen=True)
class Runbook:
    advice: Advice
    buttons: Sequence[Button]
    pages: Sequence[Page]


Targets = Callable[[Incident, datetime], Iterable[str]]


def _about(incident: Incident, _now: datetime) -> list[str]:
    """What the cause is about: "crash_loop:tap@host"."""
    about = incident.cause.partition(":")[2]
    return [about] if about else []


def _check(incident: Incident, _now: datetime) -> list[str]:
    return [incident.rule]


def _lines(_incident: Incident, _now: datetime) -> list[str]:
    """Connections that should be signed in, and are not."""
    lost = Registration.objects.open().exclude(state=Registration.State.REGISTERED)
    return [str(pk) for pk in lost.order_by("trunk").values_list("trunk", flat=True)]


def _sick(_incident: Incident, now: datetime) -> list[str]:
    """Workers that live."""
    living = Worker.objects.taking_calls(now - probes.WORKER_IS_OLD)
    return list(living.order_by("name").values_list("name", flat=True))


def _resting(_incident: Incident, now: datetime) -> list[str]:
    """Workers that live, and that somebody told to take no calls."""
    living = Worker.objects.seen_since(now - probes.WORKER_IS_OLD).resting()
    return list(living.order_by("name").values_list("name", flat=True))


def _hung(_incident: Incident, now: datetime) -> list[str]:
    return [worker.name for worker in hanging(now)]


def _storages(_incident: Incident, _now: datetime) -> list[str]:
    Storage.objects.current()
    return [str(pk) for pk in Storage.objects.order_by("pk").values_list("pk", flat=True)]


def _programs(name: str) -> Targets:
    def running(_incident: Incident, now: datetime) -> list[str]:
        rows = Program.objects.to_know(now).filter(name__in=name.split())
        return [row.target for row in rows]

    return running


TARGETS: Mapping[str, Targets] = {
    "about": _about,
    "check": _check,
    "lines": _lines,
    "sick": _sick,
    "resting": _resting,
    "hung": _hung,
    "storages": _storages,
}


def runbook(incident: Incident, user: User, now: datetime) -> Runbook:
    """With what this person may press and open."""
    advice = RUNBOOKS.get(incident.rule, USUAL)
    offers = [*advice.steps, *(USUAL.steps if incident.rule not in RUNBOOKS else ())]
    buttons = [
        button for offer in offers for button in _buttons(offer, incident, now) if offer.step
    ]
    allowed = [each for each in buttons if user.has_perm(STEPS[each.step].permission)]
    pages = [
        Page(url, title)
        for name, title, right in advice.pages
        if user.has_perms(right.split()) and (url := link(name))
    ]
    return Runbook(advice, allowed, pages)


def _buttons(offer: Offer, incident: Incident, now: datetime) -> list[Button]:
    step = STEPS.get(offer.step)
    if step is None:
        return []
    targets = list(_targets(offer)(incident, now)) if offer.on else [offer.target]
    many = len(targets) > 1 or offer.on.startswith("program")
    return [
        Button(step.name, target, step.title, step.says(target), target if many else "")
        for target in dict.fromkeys(targets)
    ]


def _targets(offer: Offer) -> Targets:
    kind, _space, names = offer.on.partition(" ")
    return _programs(names) if kind == "program" else TARGETS[kind]
