"""Who is who in a room, and what follows when somebody comes or goes. Pure decisions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Kind = Literal["standard", "sip", "agent", "other"]
# Participants of these roles are staff or machines: the room does not live for them.
SILENT_ROLES = frozenset({"listener", "supervisor", "standby", "recorder"})


@dataclass(frozen=True)
class Person:
    """A participant, without the SDK's types."""

    identity: str
    sid: str
    kind: Kind
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> str:
        return self.attributes.get("veyra.role", "")

    @property
    def sip_call_id(self) -> str:
        return self.attributes.get("sip.callID", "")

    @property
    def is_party(self) -> bool:
        """Somebody for whose sake the room exists: a telephone, or a browser that calls."""
        if self.kind == "sip":
            return self.role not in SILENT_ROLES
        return self.kind == "standard" and self.role == "browser"

    @property
    def number(self) -> str:
        """The telephone's number, as the provider wrote it."""
        return self.attributes.get("sip.phoneNumber", "")

    @property
    def calls_by_telephone(self) -> bool:
        """He called us, rather than we him."""
        return self.kind == "sip" and self.role in ("", "caller")

    @property
    def is_supervisor(self) -> bool:
        """One of our people, who talks to the caller himself."""
        return self.kind == "standard" and self.role == "supervisor"

    @property
    def has_taken(self) -> bool:
        """A colleague to whom the call was given, and who is on the line: the assistant leaves."""
        if self.role != "colleague":
            return False
        is_on_line = self.attributes.get("sip.callStatus") == "active"
        return self.kind == "standard" or (self.kind == "sip" and is_on_line)

    @property
    def is_standby(self) -> bool:
        """Our own music, or an apology."""
        return self.role == "standby"

    @property
    def speaks_for_us(self) -> bool:
        """An assistant, or one of our people by browser or telephone: a caller is not alone."""
        return self.kind == "agent" or self.role in ("supervisor", "colleague")

    @property
    def is_caller(self) -> bool:
        """Somebody to greet: not a colleague whom we dialled for a caller."""
        return self.is_party and self.role in ("", "caller", "browser", "callee")

    @property
    def has_answered(self) -> bool:
        """Is he on the line? Whom we call is in the room before his telephone rings."""
        return self.role != "callee" or self.attributes.get("sip.callStatus") == "active"


def first_caller(people: Iterable[Person]) -> Person | None:
    return next((person for person in people if person.is_caller), None)


def agent_is_here(people: Iterable[Person], *, or_standby: bool = True) -> bool:
    """Another assistant, or the last resort, was in the room before us: we would talk over it."""
    return any(person.kind == "agent" or (or_standby and person.is_standby) for person in people)


def music_plays(people: Iterable[Person]) -> bool:
    return any(person.is_standby for person in people)


class Outcome(Enum):
    """What came of an assistant's waiting while people are rung."""

    TURN = "turn"
    TAKEN = "taken"
    LEFT = "left"


def outcome_of_waiting(people: Iterable[Person]) -> Outcome | None:
    """Somebody took the call, or its caller is gone; None: it goes on."""
    people = list(people)
    if first_caller(people) is None:
        return Outcome.LEFT
    return Outcome.TAKEN if any(person.has_taken for person in people) else None


@dataclass(frozen=True)
class AfterLeaving:
    """What the assistant does when somebody left: end with the room, or turn to `turn_to`."""

    end: bool = False
    turn_to: Person | None = None


def after_leaving(left: Person, linked: str, others: Iterable[Person]) -> AfterLeaving:
    """`others` are those who stay. The room ends with its last party, and only then."""
    staying = [person for person in others if person.is_party]
    if not staying:
        return AfterLeaving(end=left.is_party)
    if left.identity != linked:
        return AfterLeaving()
    return AfterLeaving(turn_to=first_caller(staying))
