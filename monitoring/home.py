"""The home page: is the line well, what is it doing, and what to press next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from agentworker.models import Agent
from monitoring.board import may_see
from monitoring.checks import FAILED, last
from telephony import changes, demo
from telephony.models import Call, DispatchRule, PhoneNumber, Trunk
from telephony.standing import Standing
from telephony.wizard_views import MAKES_LINES
from veyra.look import link
from veyra.models import User

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
    """A number, how it stands in LiveKit, a sentence, and what to press."""

    number: PhoneNumber
    standing: Standing
    sentence: str
    button: str
    url: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold calls it for the admin's first page."""
    user = request.user
    if not isinstance(user, User):
        return context
    for sentence in changes.news(user):
        messages.info(request, str(sentence))
    steps, checks = first_steps(user), last.get()
    return context | {
        "title": _("Home"),
        "steps": [] if all(step.done for step in steps) else steps,
        "next_step": next((step for step in steps if not step.done), None),
        "numbers": number_lines(user) if user.has_perm("telephony.view_phonenumber") else [],
        "well": [check for check in checks if check.status != FAILED],
        "failed": [check for check in checks if check.status == FAILED],
        "calls_now": _calls_now(user),
        "last_calls": _last_calls(user),
        "sees_calls": may_see(user),
        "shows_demo": user.is_superuser and demo.is_here(),
    }


def _calls_now(user: User) -> int:
    return Call.objects.visible_to(user).going_on().count() if may_see(user) else 0


def _last_calls(user: User) -> Iterable[Call]:
    ended = Call.objects.visible_to(user).ended()
    return ended.select_related("agent")[:SHOWN_CALLS] if may_see(user) else []


def first_steps(user: User) -> list[Step]:
    """From an empty installation to the first call, in order."""
    number = PhoneNumber.objects.visible_to(user).first()
    return [
        Step(
            _("Add an assistant"),
            _("What it says first, and what it answers."),
            _("Add an assistant"),
            _add(user, "agentworker", "agent"),
            Agent.objects.visible_to(user).exists(),
        ),
        Step(
            _("Connect your provider"),
            _("Pick it, say which numbers are yours, and call from your phone to see it work."),
            _("Connect a provider"),
            link("connect") if user.has_perms(MAKES_LINES) else "",
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
            Call.objects.visible_to(user).answered().exists(),
        ),
    ]


def _add(user: User, app: str, model: str) -> str:
    """The page of a new row, which leads back here; "" where the person may not add one."""
    if not user.has_perm(f"{app}.add_{model}"):
        return ""
    return f"{link(f'admin:{app}_{model}_add')}?{urlencode({'next': link('admin:index')})}"


def number_lines(user: User) -> list[NumberLine]:
    """Four queries, however many numbers."""
    numbers = PhoneNumber.objects.visible_to(user).with_standing().select_related("trunk")
    rules = DispatchRule.objects.visible_to(user).in_use().select_related("agent")
    rules = rules.prefetch_related("numbers", "trunks")
    return [number_line(number, list(rules), user) for number in numbers[:SHOWN_NUMBERS]]


def number_line(number: PhoneNumber, rules: Sequence[DispatchRule], user: User) -> NumberLine:
    """`rules` are active and come with their numbers and trunks."""
    standing = Standing.of(number)
    serving = [r for r in rules if number in r.numbers.all() or number.trunk in r.trunks.all()]
    names = ", ".join(sorted({rule.agent.name for rule in serving}))
    if standing.colour == "success":
        may_call = user.has_perm("telephony.add_testcall")
        url = link("number-call", number.pk) if may_call else ""
        text = _("%(names)s answers.") % {"names": names}
        return NumberLine(number, standing, text, _("Call this line now"), url)
    if number.is_active and not serving:
        add = _add(user, "telephony", "dispatchrule")
        return NumberLine(number, standing, _("Nobody answers it."), _("Choose who answers"), add)
    page = link("admin:telephony_phonenumber_change", number.pk)
    return NumberLine(number, standing, standing.text, _("Open"), page)
