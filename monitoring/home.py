"""The home page: is the line well, what is it doing, and what to press next."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from agentworker.models import Agent
from agentworker.spending import reading
from agentworker.spending.reading import Standing
from monitoring import today
from monitoring.board import may_see
from monitoring.health.base import Status
from monitoring.health.shown import shown
from monitoring.health.words import in_one_sentence
from monitoring.recovery.installation import is_docker_desktop
from monitoring.spending_views import SEES
from telephony import changes, demo, opening_shown
from telephony.drift_views import MAKES, TAKES
from telephony.lights import Shown, troubled_first
from telephony.links import DECIDES
from telephony.models import Call, Difference, DispatchRule, PhoneNumber, Trunk
from telephony.wizard_views import MAKES_LINES
from veyra.look import link
from veyra.models import User
from veyra.people import opened_by_a_person

SHOWN_NUMBERS = 10
SHOWN_CALLS = 5
SHOWN_PLACES = 6


@dataclass(frozen=True)
class Step:
    """One of the first steps; `url` is empty where the person may not take it."""

    title: str
    hint: str
    button: str
    url: str
    done: bool


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold calls it for the admin's first page."""
    user = request.user
    if not isinstance(user, User):
        return context
    # The page also fetches itself, and then nobody reads what is told once.
    for sentence in changes.news(user) if opened_by_a_person(request) else ():
        messages.info(request, str(sentence))
    steps, checks = first_steps(user), shown.get()
    return context | {
        **_today(user),
        "standing": _spending(user),
        "title": _("Home"),
        "steps": [] if all(step.done for step in steps) else steps,
        "next_step": next((step for step in steps if not step.done), None),
        "is_desktop": user.has_perm("telephony.add_trunk") and is_docker_desktop(),
        "decides": user.has_perms(DECIDES),
        "differences": _differences(user),
        "may_take_over": user.has_perms((*TAKES, *MAKES)),
        "numbers": _numbers(user),
        "line_is": in_one_sentence(checks),
        "well": [check for check in checks if check.status == Status.OK],
        "soon": [check for check in checks if check.status == Status.WARNING],
        "failed": [check for check in checks if check.status == Status.FAILED],
        "starting": [check for check in checks if check.status == Status.STARTING],
        "calls_now": _calls_now(user),
        "last_calls": _last_calls(user),
        "sees_calls": may_see(user),
        "sees_call_backs": user.has_perm("telephony.view_callback"),
        **_hours(user),
        "shows_demo": user.is_superuser and demo.is_here(),
    }


def _differences(user: User) -> dict[str, int]:
    """What of LiveKit waits for a decision; {} for who may not decide, or where nothing does."""
    if not user.has_perms(DECIDES):
        return {}
    found = Difference.objects.visible_to(user).counts()
    return found if any(found.values()) else {}


def _numbers(user: User) -> list[Shown]:
    if not user.has_perm("telephony.view_phonenumber"):
        return []
    return troubled_first(user, SHOWN_NUMBERS)


def _hours(user: User) -> dict[str, Any]:
    """What is closed by hand, and how each place stands."""
    if not user.has_perm("agentworker.view_place"):
        return {}
    now = timezone.now()
    return {
        "closures": opening_shown.closures(user, now),
        "places": opening_shown.places(user, now)[:SHOWN_PLACES],
        "closes": user.has_perm("agentworker.add_closure"),
    }


def _today(user: User) -> dict[str, Any]:
    return today.told(user) if may_see(user) else {}


def _spending(user: User) -> Standing | None:
    return reading.standing(user, timezone.now()) if user.has_perm(SEES) else None


def _calls_now(user: User) -> int:
    return Call.objects.visible_to(user).going_on().count() if may_see(user) else 0


def _last_calls(user: User) -> Iterable[Call]:
    ended = Call.objects.visible_to(user).ended()
    return ended.select_related("agent")[:SHOWN_CALLS] if may_see(user) else []


def first_steps(user: User) -> list[Step]:
    """From an empty installation to the first call, in order."""
    number = PhoneNumber.objects.visible_to(user).kept().first()
    return [
        Step(
            _("Add an assistant"),
            _("What it says first, and what it answers."),
            _("Add an assistant"),
            _add(user, "agentworker", "agent"),
            Agent.objects.visible_to(user).kept().exists(),
        ),
        Step(
            _("Connect your provider"),
            _("Pick it, say which numbers are yours, and call from your phone to see it work."),
            _("Connect a provider"),
            link("connect") if user.has_perms(MAKES_LINES) else "",
            Trunk.objects.visible_to(user).kept().exists(),
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
            DispatchRule.objects.visible_to(user).kept().exists(),
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
