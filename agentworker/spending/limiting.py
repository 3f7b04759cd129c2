"""What callers meet when a day's money is spent, decided when each of them comes."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import DatabaseError, connections
from django.utils import timezone

from agentworker.hours.reception import SPENT_PEOPLE, SPENT_TOLD, Reception
from agentworker.models import Budget, Session
from agentworker.placeholders import fill, values
from agentworker.providers.choosing import is_paid_for
from agentworker.spending.rates import Spent

log = logging.getLogger(__name__)

# Kinds of facts: what became of a call because the money was spent.
SPENT_MENU = "spent_menu"
KINDS: Mapping[str, str] = {
    Budget.Then.MESSAGE: SPENT_TOLD,
    Budget.Then.PEOPLE: SPENT_PEOPLE,
    Budget.Then.MENU: SPENT_MENU,
}
SPOKEN = {
    "ru": "К сожалению, сейчас мы не можем ответить. Пожалуйста, позвоните позже.",
    "en": "We are sorry, we cannot take your call now. Please call again later.",
}


def midnight(now: datetime) -> datetime:
    """When the day began. By the clock of the installation, in whatever zone somebody reads of it:
    the money of a day is spent for all of them at the same moment.
    """
    local = timezone.localtime(now, timezone.get_default_timezone())
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def spent_today(now: datetime) -> Spent:
    return Session.objects.spent(midnight(now))


def percent_spent(budget: Budget | None, now: datetime) -> int | None:
    """Of today's money; None: there is no limit."""
    return budget.percent(spent_today(now)) if budget and budget.amount else None


def is_spent(budget: Budget, now: datetime) -> bool:
    percent = percent_spent(budget, now)
    return percent is not None and percent >= 100


def limited(reception: Reception, caller: str = "") -> Reception:
    """As `within`; a database that is away limits nobody. The connection is closed behind it."""
    try:
        return within(reception, timezone.now(), caller)
    except DatabaseError:
        log.exception("what was spent could not be read")
        return reception
    finally:
        connections.close_all()


def within(reception: Reception, now: datetime, caller: str = "") -> Reception:
    """The same, as long as there is money, or nobody asks for any; else without providers, and as
    staff want it. `caller`: his number.
    """
    if not is_paid_for(reception.script.speech):
        return reception
    budget = Budget.objects.filter(pk=1).exclude(then=Budget.Then.GO_ON).first()
    if budget is None or not is_spent(budget, now):
        return reception
    plain = replace(reception, script=replace(reception.script, speech={}))
    if plain.is_turned_away:
        return plain
    kind = KINDS[budget.then]
    if kind == SPENT_MENU:  # outside the hours the fact that another assistant answers stays
        return replace(plain, kind=plain.kind or kind)
    script, local = plain.script, now.astimezone(plain.ruling.zone)
    known = values(script.language, local, caller, script.company)
    words = fill(budget.message, known) or SPOKEN[script.language]
    return replace(plain, kind=kind, words=words, sound=None)
