"""How calls are to be called for which staff chose beforehand what becomes of them: those that come
while it is closed, and those of a day whose money is spent. Pure.
"""

from dataclasses import dataclass

from telephony.reasons import Reason

# How a talk ends that nothing went wrong with.
NORMAL = frozenset(
    {
        Reason.HUNG_UP,
        Reason.HUNG_UP_BY_CALLER,
        Reason.HUNG_UP_BY_AGENT,
        Reason.HUNG_UP_BY_COLLEAGUE,
    }
)
IN_VAIN = frozenset({Reason.NOBODY_CAME, Reason.CALLER_GAVE_UP})


@dataclass(frozen=True)
class Choice:
    """`told`, `people`: facts that tell of it; then the reasons for each end that it comes to."""

    told: str
    people: str
    message: Reason
    taken: Reason
    nobody: Reason
    back: Reason


CLOSED = Choice(
    "closed_told",
    "closed_people",
    Reason.OUT_OF_HOURS,
    Reason.OUT_OF_HOURS_TAKEN,
    Reason.OUT_OF_HOURS_NOBODY,
    Reason.OUT_OF_HOURS_BACK,
)
SPENT = Choice(
    "spent_told",
    "spent_people",
    Reason.SPENT,
    Reason.SPENT_TAKEN,
    Reason.SPENT_NOBODY,
    Reason.SPENT_BACK,
)
MENU = "spent_menu"
KINDS = (CLOSED.told, CLOSED.people, SPENT.told, SPENT.people)


def as_chosen(reason: Reason, deeds: frozenset[str], *, agent_spoke: bool) -> Reason:
    """`reason`, or the one that says what was chosen, where the call came to that end. `deeds`:
    kinds of facts.
    """
    for choice in (CLOSED, SPENT):
        if deeds & {choice.told, choice.people}:
            return _ending(choice, reason, deeds, agent_spoke=agent_spoke)
    return Reason.SPENT_MENU if MENU in deeds and reason in NORMAL else reason


def _ending(choice: Choice, reason: Reason, deeds: frozenset[str], *, agent_spoke: bool) -> Reason:
    if "people_taken" in deeds:
        return choice.taken if reason in NORMAL else reason
    if reason is Reason.ASKED_BACK:
        return choice.back
    was_told = agent_spoke or "stood_in" in deeds
    if choice.told in deeds and was_told and reason in NORMAL | IN_VAIN | {Reason.CUT_OFF}:
        return choice.message
    if choice.people in deeds and agent_spoke and reason in NORMAL:  # nobody could be rung
        return choice.message
    return choice.nobody if choice.people in deeds and reason in IN_VAIN else reason


def outcome_of(reason: str, deeds: frozenset[str]) -> str | None:
    """None: as of any other call."""
    if reason == CLOSED.message:
        return "closed"
    if reason in (CLOSED.taken, SPENT.taken, Reason.SPENT_MENU):
        return "answered"
    if reason in (CLOSED.nobody, SPENT.nobody):
        return "no_agent" if "stood_in" in deeds else "abandoned"
    return "no_agent" if reason in (SPENT.message, CLOSED.back, SPENT.back) else None
