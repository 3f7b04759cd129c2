"""What is to become of a call's recording, decided from what is known of the call alone. Pure.

Facts come in any order, twice and late: what counts is when each happened.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from agentworker.recording import RecordingPolicy
from recordings.models import WITHHELD, Recording
from veyra.sentences import Sentence

Wanted = Recording.Wanted
State = Recording.State

# What staff order.
ORDERS = {
    "record_start": Wanted.ON,
    "record_resume": Wanted.ON,
    "record_pause": Wanted.PAUSED,
    "record_stop": Wanted.OFF,
}
# What a recorder says that it did.
DEEDS = {
    "recording_started": Wanted.ON,
    "recording_resumed": Wanted.ON,
    "recording_paused": Wanted.PAUSED,
    "recording_stopped": Wanted.OFF,
}
ASKED, AGREED, REFUSED = "recording_asked", "recording_agreed", "recording_refused"
# The assistant's first words, with the policy that it was given.
BEGAN = "started"
# LiveKit's own program, as `Fact.by`: it is no job, and resumes nothing that it has ended.
EGRESS = "egress"

# A call that is shorter may be over before anybody could write down a sound of it.
TOO_SHORT = timedelta(seconds=2)
# The moment at which a caller left may be told as a whole second.
STILL_HEARD = timedelta(seconds=1)

Wish = tuple[datetime, Wanted]
Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, order=True)
class Fact:
    """`by`: who recorded, a job's id, EGRESS, or "" for our recorder. `policy`: with BEGAN."""

    at: datetime
    kind: str
    by: str = ""
    policy: str = ""
    error: str = ""


@dataclass(frozen=True, order=True)
class Other:
    """Another call in the same room, from its first moment that may be talk to its last; None: it
    goes on.
    """

    came_at: datetime
    left_at: datetime | None
    policy: RecordingPolicy


@dataclass(frozen=True, kw_only=True)
class Story:
    """A call in which somebody spoke, and the facts of its room."""

    # Of its rule or its assistant; what the job was told goes before it.
    policy: RecordingPolicy
    answered_at: datetime
    ended_at: datetime | None = None
    facts: tuple[Fact, ...] = ()
    # Jobs that live no more, whether they said so or not.
    lost: frozenset[str] = frozenset()
    has_part: bool = False
    others: tuple[Other, ...] = ()
    # The room's assistant was told of the call that came first.
    came_first: bool = True


@dataclass(frozen=True)
class Verdict:
    """`wanted` since `wanted_at`, and what recorders are `doing`: they differ until an order is
    carried out. `order`: what jobs are to be told to do, "" nothing. `due`: for how long a call
    that is over had to be recorded.
    """

    policy: RecordingPolicy
    state: Recording.State
    wanted: Recording.Wanted
    wanted_at: datetime
    doing: Recording.Wanted
    order: str = ""
    due: timedelta | None = None
    # From when to when it is to be recorded; None: the end is not known.
    spans: tuple[tuple[datetime, datetime | None], ...] = ()
    # Was anything to be recorded, at any moment of the call, but for the others in the room?
    is_due: bool = True
    # Somebody is in the room who is not to be recorded: nobody is, as in a pause.
    is_barred: bool = False
    # It is to be recorded now; nobody does, and no job that paused will when it is told to.
    lacks_recorder: bool = False


def decide(story: Story) -> Verdict:
    policy = policy_of(story)
    alone = list(_wishes(policy, story))
    wishes = _barred(alone, bars(story))
    spans = list(_recorded(wishes, story))
    wanted_at, wanted = wishes[-1]
    return Verdict(
        policy=policy,
        state=_state(story),
        wanted=wanted,
        wanted_at=wanted_at,
        doing=_doing(story, wanted),
        order=_order(story, wanted),
        due=_sum(spans) if story.ended_at else None,
        spans=tuple(spans),
        is_due=any(_recorded(alone, story)),
        is_barred=any(until is None for _since, until in bars(story)),
        lacks_recorder=wanted == Wanted.ON and not _has_recorder(story),
    )


def spans_of(story: Story) -> list[Span]:
    """From when to when the call had to be recorded; None: it goes on."""
    return list(_recorded(_barred(list(_wishes(policy_of(story), story)), bars(story)), story))


def bars(story: Story) -> list[Span]:
    """When a caller of another call was heard in the room who is not to be recorded, or has not
    agreed since he came.
    """
    return [(since, until) for other in story.others for since, until in _bars(other, story.facts)]


def withheld(story: Story) -> timedelta:
    """For how long a call that is over was not recorded because of others."""
    alone = _recorded(list(_wishes(policy_of(story), story)), story)
    return _sum(alone) - _sum(spans_of(story))


def policy_of(story: Story) -> RecordingPolicy:
    """What the first assistant was told; the rule may have been changed since."""
    told = [fact for fact in sorted(story.facts) if fact.kind == BEGAN and fact.policy]
    first = told[:1] if story.came_first else []
    return RecordingPolicy.of_call(first[0].policy, "") if first else story.policy


def has_agreed(story: Story) -> bool:
    """Does the caller's yes hold?"""
    facts = [fact for fact in sorted(story.facts) if not _is_of_others(story, fact)]
    said = [fact.kind for fact in facts if fact.kind in (AGREED, REFUSED)]
    return said[-1:] == [AGREED]


def _is_of_others(story: Story, fact: Fact) -> bool:
    """A yes that was said before this caller came is not his."""
    return fact.kind == AGREED and not story.came_first and fact.at < story.answered_at


def _doing(story: Story, wanted: Recording.Wanted) -> Recording.Wanted:
    """What is recorded now, by whoever lives. Our recorder leaves at a pause, and LiveKit's program
    ends, so they have nothing to say of an end after it.
    """
    if story.ended_at:
        return Wanted.OFF
    recorders = _recorders(story)
    if wanted == Wanted.OFF:
        gone = {by for by, state in recorders.items() if state == Wanted.PAUSED and not _is_job(by)}
        recorders = {by: state for by, state in recorders.items() if by not in gone}
    now = set(recorders.values())
    return next((state for state in (Wanted.ON, Wanted.PAUSED) if state in now), Wanted.OFF)


def _has_recorder(story: Story) -> bool:
    now = _recorders(story)
    on = Wanted.ON in now.values()
    resumes = any(_is_job(by) and now[by] == Wanted.PAUSED for by in now)
    return on or resumes or story.ended_at is not None


def _is_job(by: str) -> bool:
    return by not in ("", EGRESS)


def _recorders(story: Story) -> dict[str, Recording.Wanted]:
    """Who of those who live does what."""
    last = {fact.by: DEEDS[fact.kind] for fact in sorted(story.facts) if fact.kind in DEEDS}
    return {by: state for by, state in last.items() if by not in story.lost}


def _order(story: Story, wanted: Recording.Wanted) -> str:
    """What a job that records, or paused, has not done yet; it is relieved by LiveKit's program."""
    now = _recorders(story)
    jobs = {state for by, state in now.items() if _is_job(by) and state != Wanted.OFF}
    if jobs and now.get(EGRESS) == Wanted.ON and not story.ended_at:
        return "stop"
    if story.ended_at or not jobs - {wanted}:
        return ""
    return {Wanted.ON: "resume", Wanted.PAUSED: "pause", Wanted.OFF: "stop"}[wanted]


def _state(story: Story) -> Recording.State:
    if story.ended_at:
        return State.SAVING
    began = story.has_part or any(fact.kind in DEEDS for fact in story.facts)
    return State.RECORDING if began else State.EXPECTED


def _bars(other: Other, facts: Iterable[Fact]) -> Iterator[Span]:
    if other.policy not in (RecordingPolicy.NEVER, RecordingPolicy.AGREED):
        return
    left_at = other.left_at and other.left_at + STILL_HEARD
    since: datetime | None = other.came_at
    asks = other.policy == RecordingPolicy.AGREED
    for fact in sorted(facts):
        if not asks or fact.at < other.came_at or (left_at and fact.at >= left_at):
            continue
        if fact.kind == AGREED and since:
            yield since, fact.at
            since = None
        elif fact.kind == REFUSED:
            since = since or fact.at
    if since:
        yield since, left_at


def _barred(wishes: list[Wish], barred: list[Span]) -> list[Wish]:
    """The same, where what is barred counts as a pause."""
    if not barred:
        return wishes
    begins = wishes[0][0]
    edges = {edge for span in barred for edge in span if edge and edge > begins}
    found: list[Wish] = []
    for moment in sorted(edges | {at for at, _wanted in wishes}):
        wanted = [wish for at, wish in wishes if at <= moment][-1]
        if wanted == Wanted.ON and any(s <= moment and (not u or moment < u) for s, u in barred):
            wanted = Wanted.PAUSED
        if not found or found[-1][1] != wanted:
            found.append((moment, wanted))
    return found


def _wishes(policy: RecordingPolicy, story: Story) -> Iterator[Wish]:
    """What was asked for since when, from the answer on."""
    wanted = Wanted.ON if policy == RecordingPolicy.ALWAYS else Wanted.OFF
    may = policy in (RecordingPolicy.ALWAYS, RecordingPolicy.PRESSED)
    yield story.answered_at, wanted
    for fact in sorted(set(story.facts)):
        if _is_of_others(story, fact):
            continue
        before = wanted
        if policy == RecordingPolicy.AGREED and fact.kind in (AGREED, REFUSED):
            may = fact.kind == AGREED
            wanted = Wanted.ON if may else Wanted.OFF
        elif may and fact.kind in ORDERS:
            wanted = _ordered(policy, fact.kind, wanted)
        if wanted != before:
            yield max(fact.at, story.answered_at), wanted


def _ordered(policy: RecordingPolicy, order: str, now: Recording.Wanted) -> Recording.Wanted:
    """What is recorded always is paused at most, and what is not going on is neither paused nor
    resumed.
    """
    if order == "record_stop" and policy == RecordingPolicy.ALWAYS:
        return now
    if order in ("record_pause", "record_resume") and now == Wanted.OFF:
        return now
    return ORDERS[order]


def _sum(spans: Iterable[Span]) -> timedelta:
    return sum((until - since for since, until in spans if until), timedelta())


def _recorded(wishes: list[Wish], story: Story) -> Iterator[Span]:
    for since, until, wanted in _spans(wishes, story):
        if wanted == Wanted.ON:
            yield since, until


def _spans(
    wishes: list[Wish], story: Story
) -> Iterator[tuple[datetime, datetime | None, Recording.Wanted]]:
    """From when to when each was asked for, within the call; the last one's end is its end."""
    ends: list[datetime | None] = [at for at, _wanted in wishes[1:]]
    for (since, wanted), until in zip(wishes, [*ends, story.ended_at], strict=True):
        if story.ended_at:
            until = min(until or story.ended_at, story.ended_at)
        if until is None or since < until:
            yield since, until, wanted


# Why there is no sound of a call that had to be recorded.

SHORT = _(
    "The call was over %(seconds)s s after the recording was to begin: nobody could write it."
)
BROKE_OFF = _(
    "Recording began, but broke off by an error (%(error)s) and left nothing that can be heard."
    " Show this to your engineer."
)
NOT_ARRIVED = _(
    "It was being recorded, but the sound has not arrived from the server that wrote it. Ask your"
    " engineer whether that server runs and reaches this one."
)
NOBODY = _(
    "Nobody recorded it: the assistant did not begin to, and neither did our recorder. Ask your"
    " engineer whether the program “recorder” runs."
)
LOST = _(
    "The assistant was lost during the call, and our recorder did not take over. Ask your engineer"
    " whether the program “recorder” runs."
)


def why_missing(story: Story, due: timedelta) -> Sentence:
    """Said of a call that is over and left no sound that is here."""
    if due < TOO_SHORT and (why := why_withheld(story)):
        return why
    if due < TOO_SHORT:
        return Sentence(SHORT, {"seconds": max(0, round(due.total_seconds(), 1))})
    failed = next((f.error for f in sorted(story.facts, reverse=True) if f.error), "")
    if failed:
        return Sentence(BROKE_OFF, {"error": failed})
    if _began(story.facts):
        return Sentence(NOT_ARRIVED)
    jobs = {fact.by for fact in story.facts if fact.by}
    return Sentence(LOST if jobs & story.lost else NOBODY)


def why_withheld(story: Story) -> Sentence | None:
    """Said of a call that is over, where others kept something of it from being recorded."""
    seconds = round(withheld(story).total_seconds())
    return Sentence(WITHHELD, {"seconds": seconds}) if seconds else None


def _began(facts: Iterable[Fact]) -> bool:
    return any(DEEDS.get(fact.kind) == Wanted.ON for fact in facts)
