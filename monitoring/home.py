"""The home page: is the line well, what is it doing, and what to press next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from agentworker.models import Agent
from monitoring.board import LINGER, may_see
from monitoring.checks import FAILED, last
from telephony import demo
from telephony.models import Call, DispatchRule, PhoneNumber, PublishedObject, Trunk
from telephony.models import PublishedState as State
from veyra.look import link
from veyra.models import User
from veyra.sentences import Sentence

SHOWN_NUMBERS = 50
SHOWN_CALLS = 5


@dataclass(frozen=True)
class Step:
    """One of the first steps; `url` is empty where the person may not take it."""

    title: str
    hint: str
    button: str
    url: str
    done: bool


@dataclass(frozen=True)
class NumberLine:
    """A number, its state as a PublishedState or "off", and what to press."""

    number: PhoneNumber
    state: str
    sentence: str
    button: str = ""
    url: str = ""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold calls it for the admin's first page."""
    user = request.user
    if not isinstance(user, User):
        return context
    steps, checks = first_steps(user), last.get()
    return context | {
        "title": _("Home"),
        "steps": [] if all(step.done for step in steps) else steps,
        "next_step": next((step for step in steps if not step.done), None),
        "numbers": number_lines(user) if user.has_perm("telephony.view_phonenumber") else [],
        "checks": checks,
        "failed": [check for check in checks if check.status == FAILED],
        "calls_now": _calls_now(user),
        "last_calls": _last_calls(user),
        "sees_calls": may_see(user),
        "may_call": user.has_perm("telephony.add_testcall"),
        "shows_demo": user.is_superuser and demo.is_here(),
    }


def _calls_now(user: User) -> int:
    now = Call.objects.visible_to(user).on_board(timezone.now() - LINGER)
    return now.exclude(state=Call.State.ENDED).count() if may_see(user) else 0


def _last_calls(user: User) -> Sequence[Call]:
    ended = Call.objects.visible_to(user).filter(state=Call.State.ENDED)
    return ended.select_related("agent")[:SHOWN_CALLS] if may_see(user) else []


def first_steps(user: User) -> list[Step]:
    """From an empty installation to the first call, in order."""
    number = PhoneNumber.objects.visible_to(user).first()
    return [
        Step(
            _("Connect your provider"),
            _("Where calls come from: the provider's addresses, or a login."),
            _("Add a connection"),
            _add(user, "telephony", "trunk"),
            Trunk.objects.visible_to(user).exists(),
        ),
        Step(
            _("Add a number"),
            _("The number that people dial."),
            _("Add a number"),
            _add(user, "telephony", "phonenumber"),
            number is not None,
        ),
        Step(
            _("Add an assistant"),
            _("What it says first, and what it answers."),
            _("Add an assistant"),
            _add(user, "agentworker", "agent"),
            Agent.objects.visible_to(user).exists(),
        ),
        Step(
            _("Say who answers"),
            _("Which numbers go to which assistant."),
            _("Choose who answers"),
            _add(user, "telephony", "dispatchrule"),
            DispatchRule.objects.visible_to(user).exists(),
        ),
        Step(
            _("Call this line now"),
            _("From this page, without a telephone."),
            _("Call this line now"),
            link("number-call", number.pk)
            if number and user.has_perm("telephony.add_testcall")
            else "",
            Call.objects.visible_to(user).filter(outcome=Call.Outcome.ANSWERED).exists(),
        ),
    ]


def _add(user: User, app: str, model: str) -> str:
    return link(f"admin:{app}_{model}_add") if user.has_perm(f"{app}.add_{model}") else ""


def number_lines(user: User) -> list[NumberLine]:
    """Five queries, however many numbers."""
    numbers = PhoneNumber.objects.visible_to(user).select_related("trunk")[:SHOWN_NUMBERS]
    rules = DispatchRule.objects.visible_to(user).filter(is_active=True).select_related("agent")
    rules = rules.prefetch_related("numbers", "trunks")
    published = PublishedObject.objects.visible_to(user).filter(kind=PublishedObject.Kind.NUMBER)
    standing = {row.source: row for row in published}
    return [number_line(number, list(rules), standing.get(number.key)) for number in numbers]


def number_line(
    number: PhoneNumber, rules: Sequence[DispatchRule], standing: PublishedObject | None
) -> NumberLine:
    """`rules` are active and come with their numbers and trunks; `standing` is as it was last
    published."""
    page = link("admin:telephony_phonenumber_change", number.pk)
    if not (number.is_active and number.trunk.is_active):
        return NumberLine(number, "off", _("Switched off."), _("Open"), page)
    serving = [r for r in rules if number in r.numbers.all() or number.trunk in r.trunks.all()]
    if not serving:
        add = link("admin:telephony_dispatchrule_add")
        text = _("Nobody answers it.")
        return NumberLine(number, State.FAILED, text, _("Choose who answers"), add)
    if standing is None:
        return NumberLine(number, State.WAITING, _("Saved, not yet live."))
    if standing.state != State.LIVE:
        why = str(Sentence.from_json(standing.error)) or _("Saved, not yet live.")
        return NumberLine(number, standing.state, why, _("Open"), page)
    names = ", ".join(sorted({rule.agent.name for rule in serving}))
    return NumberLine(number, State.LIVE, _("%(names)s answers.") % {"names": names})
