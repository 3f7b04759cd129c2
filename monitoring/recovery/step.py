"""What a step is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise

from veyra.sentences import Sentence

ADD = "monitoring.add_recoveryaction"


@dataclass(frozen=True)
class Outcome:
    """What came of a step, for people. `ok` None: it is waited for, `Step.later` will tell."""

    ok: bool | None
    sentence: Sentence


def worked(msgid: str, **values: Any) -> Outcome:
    return Outcome(True, Sentence(msgid, values))


def failed(msgid: str, **values: Any) -> Outcome:
    return Outcome(False, Sentence(msgid, values))


def waits(msgid: str, **values: Any) -> Outcome:
    """It is under way."""
    return Outcome(None, Sentence(msgid, values))


@dataclass(frozen=True)
class Step:
    """Something safe that heals. Each function gets the target, "" where there is only one.

    At most `times` within `within` on one target. `by_itself`: it hurts nobody, so rules and
    `manage.py recover` may do it without a person.
    """

    name: str
    title: str | Promise
    says: Callable[[str], Sentence]
    run: Callable[[datetime, str], Outcome]
    # What came of a step that was begun at the first moment; None: it is waited for still.
    later: Callable[[datetime, datetime, str], Outcome | None] | None = None
    permission: str = ADD
    times: int = 3
    within: timedelta = timedelta(minutes=10)
    by_itself: bool = True
