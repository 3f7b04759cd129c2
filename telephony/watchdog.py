"""Nobody is left alone: what to do in a room whose assistant does not come, or is lost. Pure.

First another assistant is sent. Where none can come, or none came, our people are rung whom the
call's rule names, and then the voice of last resort stands in. Where all assistants are busy, the
rule says what comes first: music until one is free, an apology that offers to call back, or our
people. Two assistants would greet over each other, so none is sent where one may yet speak.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from telephony.full_line import WhenFull
from veyra.livekit.types import Participant

# Who called waits so long for the first sound; an assistant takes a third of a second.
PATIENCE = timedelta(seconds=5)
# An assistant whose process lives, and who has not made a sound by then, will not.
HANGS = timedelta(seconds=10)
# Nobody is there: seen at two looks, since a call and its job do not end in the same moment.
GRACE = timedelta(seconds=1)
# One that was sent is in the room by then.
ON_ITS_WAY = timedelta(seconds=5)
# Trouble after so long is a new trouble.
FORGOTTEN = timedelta(seconds=60)

# Who talks to the caller in an assistant's place.
HELPERS = frozenset({"supervisor", "colleague", "standby"})
SILENT_ROLES = frozenset({"listener", "recorder", *HELPERS})


class Step(StrEnum):
    NOTHING = "nothing"
    SEND_AGAIN = "send_again"
    FIND_PEOPLE = "find_people"
    QUEUE = "queue"
    STAND_IN = "stand_in"


@dataclass(frozen=True)
class Line:
    """Who could help at this moment: a worker with a free place, the voice of last resort.

    `is_full`: workers live and take calls, but each place is taken, or is somebody's who waits.
    """

    takes_calls: bool
    stands_in: bool
    is_full: bool = False


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A room in which somebody is on the line, or waits to be, and the last resort is not."""

    # They called us, and nobody's sound has reached any of them; for so long.
    rings: bool
    waiting: timedelta
    # We called, and nobody has picked up.
    is_dialled: bool = False
    # Its assistant is to say nothing for so long, while people are rung.
    silent: timedelta = timedelta()
    # For so long no living process has had a job in this room; None: one has.
    alone: timedelta | None
    # Since another assistant was sent; None: none was.
    sent: timedelta | None = None
    # An assistant came and could not start: another one could not either.
    failed: bool = False
    # Its rule names people for this case, and they were not tried yet.
    has_people: bool = False
    # What its rule wants of a full line.
    when_full: str = WhenFull.QUEUE

    @property
    def hangs(self) -> bool:
        """An assistant came, and has said nothing for too long."""
        return self.alone is None and self.rings and self.waiting >= HANGS + self.silent

    def meets_full(self, line: "Line") -> bool:
        """Nothing is wrong with its assistant but that each place is taken."""
        return line.is_full and not self.failed


def decide(room: Watched, line: Line) -> Step:
    if room.alone is None:
        if room.hangs and room.has_people:
            return Step.FIND_PEOPLE
        return Step.STAND_IN if room.hangs and line.stands_in else Step.NOTHING
    if room.failed and room.alone >= GRACE and (line.stands_in or room.has_people):
        return _last_resort(room, line)
    sent = room.sent if room.sent is not None and room.sent < FORGOTTEN else None
    if sent is None and not _is_abandoned(room, line):
        return Step.NOTHING
    if sent is None and line.takes_calls:
        return Step.SEND_AGAIN
    if sent is not None and sent < ON_ITS_WAY and line.takes_calls:
        return Step.NOTHING
    return _last_resort(room, line)


def _is_abandoned(room: Watched, line: Line) -> bool:
    """Whoever rings is waited for a little longer, as long as somebody may be on his way."""
    alone = room.alone or timedelta()
    if room.rings and line.takes_calls:
        return room.waiting >= PATIENCE and alone >= GRACE
    return alone >= GRACE


def _last_resort(room: Watched, line: Line) -> Step:
    is_full = room.meets_full(line)
    rings_people = not (is_full and line.stands_in) or room.when_full == WhenFull.PEOPLE
    if room.has_people and rings_people and not room.is_dialled:
        return Step.FIND_PEOPLE
    if line.stands_in and not room.is_dialled:
        queues = is_full and room.when_full != WhenFull.CALL_BACK
        return Step.QUEUE if queues else Step.STAND_IN
    # Without it, assistants are all there is; a telephone that still rings may yet meet one.
    return Step.SEND_AGAIN if line.takes_calls else Step.NOTHING


@dataclass(frozen=True)
class Sight:
    """Who is in a room, as it matters here."""

    callers: tuple[Participant, ...]
    agents: tuple[Participant, ...]
    helpers: tuple[Participant, ...]

    @property
    def needs_help(self) -> bool:
        return bool(self.callers) and not self.helpers

    @property
    def is_picked_up(self) -> bool:
        return any(each.attributes.get("sip.callStatus") == "active" for each in self.callers)

    @property
    def has_voice(self) -> bool:
        return any(agent.has_sound for agent in self.agents)


def as_seen(room: Watched, seen: Sight) -> Watched:
    """What we know may be old: nobody is taken out of a talk that LiveKit shows to go on."""
    rings = room.rings and not (seen.is_picked_up or seen.has_voice)
    return replace(room, rings=rings, is_dialled=room.is_dialled and not seen.is_picked_up)


def sight(people: Iterable[Participant]) -> Sight:
    people = list(people)
    return Sight(
        callers=tuple(each for each in people if _is_caller(each)),
        agents=tuple(each for each in people if each.kind == "agent"),
        helpers=tuple(each for each in people if _role(each) in HELPERS),
    )


def _is_caller(person: Participant) -> bool:
    if person.kind == "sip":
        return _role(person) not in SILENT_ROLES
    return person.kind == "standard" and _role(person) == "browser"


def _role(person: Participant) -> str:
    return person.attributes.get("veyra.role", "")
