"""Would a call to this number be answered now? A light for each number, with one sentence. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_noop

from telephony.reasons import Reason
from telephony.routing import problems
from telephony.routing.route import Row
from telephony.routing.wish import Agent, Number, Problem, Rule, Trunk
from veyra.sentences import Sentence


class Colour(StrEnum):
    """Off: nobody wants calls there, so nothing is wrong. Closed: nobody wants any at this hour."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    CLOSED = "closed"
    OFF = "off"


@dataclass(frozen=True)
class Places:
    """How many calls the assistants can carry at once, and how many more now.

    `starting`: none yet, because everything was started a moment ago.
    """

    all: int
    free: int
    starting: bool = False


@dataclass(frozen=True)
class LastCall:
    """The newest call to a number. `key` is the call's id."""

    key: str
    at: datetime
    outcome: str
    reason: str


@dataclass(frozen=True)
class LastTest:
    """What our own telephone found when it called the number by itself."""

    at: datetime
    is_well: bool
    sentence: Sentence


@dataclass(frozen=True)
class NotSignedIn:
    """Why no calls come over a connection that signs in. `soon`: it is being tried just now."""

    why: Sentence
    soon: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a number. `rules` serve it, `agents` are theirs; `trunk` brings it.

    `published`: the state of its row among the published ("" if it has none), `why` its sentence.
    `places`, `entrance`: None where nobody asks, as in training. `lacks`: the sign-in at the
    provider; None where it stands, or where there is none.
    """

    number: Number
    trunk: Trunk
    rules: tuple[Rule, ...] = ()
    agents: tuple[Agent, ...] = ()
    published: str = ""
    why: Sentence | None = None
    places: Places | None = None
    entrance: bool | None = None
    last_call: LastCall | None = None
    lacks: NotSignedIn | None = None
    last_test: LastTest | None = None
    # A rule of its own that names people of whom nobody can be reached, and what is to be said.
    unreached: Problem | None = None
    # What callers meet now, outside the hours; and the key of its place ("": of none).
    closed: Sentence | None = None
    closed_by: str = ""
    # The keys by which its assistant hears, thinks and speaks; and whether it cannot without.
    keys: Sentence | None = None
    keys_are_needed: bool = False


@dataclass(frozen=True, kw_only=True)
class Light:
    """`row`: the page where the person does something about it. `moving`: it will soon change."""

    colour: Colour
    sentence: Sentence
    row: Row
    moving: bool = False
    last_call_at: datetime | None = None
    last_test: LastTest | None = None


def readiness(facts: Facts) -> Light:
    """The first thing that is wrong, the worst first; else who answers."""
    found = next((light for look in LOOKS if (light := look(facts))), _ready(facts))
    last_call_at = facts.last_call.at if facts.last_call else None
    return replace(found, last_call_at=last_call_at, last_test=facts.last_test)


def _off(facts: Facts) -> Light | None:
    values = {"trunk": facts.trunk.name}
    if not facts.number.in_use:
        own = Row("number", facts.number.key)
        return _light(Colour.OFF, gettext_noop("This number is switched off."), own)
    if not facts.trunk.in_use:
        msgid = gettext_noop("Its connection “%(trunk)s” is switched off.")
        return _light(Colour.OFF, msgid, Row("trunk", facts.trunk.key), **values)
    return None


def _unserved(facts: Facts) -> Light | None:
    if problems.number_fault(facts.number) or facts.rules:
        return None
    msgid = gettext_noop("Nobody answers it. Choose who does.")
    return _light(Colour.RED, msgid, Row("rule"))


def _refused(facts: Facts) -> Light | None:
    """LiveKit, or our own checks, did not take it."""
    if facts.published in ("", "live", "waiting") or facts.why is None:
        return None
    differs = facts.published == "differs"
    row = Row("differences") if differs else Row("number", facts.number.key)
    return Light(colour=Colour.RED, sentence=facts.why, row=row)


def _speechless(facts: Facts) -> Light | None:
    silent = next((agent for agent in facts.agents if not agent.answers), None)
    if silent is None:
        return None
    if silent.archived:
        rule = next(rule for rule in facts.rules if rule.agent == silent.key)
        msgid = gettext_noop("“%(name)s”, who should answer, is in the archive. Choose another.")
        return _light(Colour.RED, msgid, Row("rule", rule.key), name=silent.name)
    msgid = gettext_noop("“%(name)s”, who should answer, is not published yet. Publish it.")
    if silent.has_words:
        msgid = gettext_noop("What “%(name)s” says is not published. Publish it again.")
    return _light(Colour.RED, msgid, Row("agent", silent.key), name=silent.name)


def _keyless(facts: Facts) -> Light | None:
    if facts.keys is None or not facts.keys_are_needed:
        return None
    return Light(colour=Colour.RED, sentence=facts.keys, row=Row("keys"))


def _short_of_keys(facts: Facts) -> Light | None:
    """Another provider is named, who goes on in its place."""
    if facts.keys is None:
        return None
    return Light(colour=Colour.YELLOW, sentence=facts.keys, row=Row("keys"))


def _closed(facts: Facts) -> Light | None:
    if facts.closed is None:
        return None
    row = Row("hours", facts.closed_by)
    return Light(colour=Colour.CLOSED, sentence=facts.closed, row=row)


def _broken(facts: Facts) -> Light | None:
    """The newest call shows whether the assistant's voice works."""
    call = facts.last_call
    if call is None or call.reason not in (Reason.AGENT_FAILED, Reason.AGENT_SILENT):
        return None
    msgid = gettext_noop("In the last call the assistant could not speak. See why on its page.")
    return _light(Colour.RED, msgid, Row("call", call.key))


def _no_entrance(facts: Facts) -> Light | None:
    if facts.entrance is not False:
        return None
    msgid = gettext_noop("No telephone call gets in: the call entrance does not answer. Start it.")
    return _light(Colour.RED, msgid, Row("entrance"))


def _not_signed_in(facts: Facts) -> Light | None:
    """Nobody can call over it, whatever else is well."""
    if facts.lacks is None:
        return None
    colour = Colour.YELLOW if facts.lacks.soon else Colour.RED
    row = Row("trunk", facts.trunk.key)
    return Light(colour=colour, sentence=facts.lacks.why, row=row, moving=facts.lacks.soon)


def _nobody_home(facts: Facts) -> Light | None:
    if facts.places is None or facts.places.all:
        return None
    if facts.places.starting:
        msgid = gettext_noop("Assistants are starting: they answer in a moment.")
        return replace(_light(Colour.YELLOW, msgid, Row("worker")), moving=True)
    msgid = gettext_noop("No assistant is running, so nobody can answer. Start the worker.")
    return _light(Colour.RED, msgid, Row("worker"))


def _full(facts: Facts) -> Light | None:
    if facts.places is None or not facts.places.all or facts.places.free:
        return None
    msgid = gettext_noop(
        "All %(places)s places are taken: the next caller waits with music until one is free. Add a"
        " worker."
    )
    return _light(Colour.YELLOW, msgid, Row("worker"), places=facts.places.all)


def _test_failed(facts: Facts) -> Light | None:
    """A caller who was answered since then proves more."""
    test, call = facts.last_test, facts.last_call
    if test is None or test.is_well:
        return None
    if call is not None and call.outcome == "answered" and call.at > test.at:
        return None
    msgid = gettext_noop("Our own test call: %(said)s")
    return _light(Colour.RED, msgid, Row("try", facts.number.key), said=test.sentence)


def _open(facts: Facts) -> Light | None:
    row, values = Row("trunk", facts.trunk.key), {"trunk": facts.trunk.name}
    if wrong := problems.login(facts.trunk):
        return Light(colour=Colour.RED, sentence=wrong.sentence, row=row)
    if not problems.is_open(facts.trunk):
        return None
    msgid = gettext_noop(
        "Anybody on the internet may call through “%(trunk)s”. Write the provider's addresses."
    )
    return _light(Colour.RED, msgid, row, **values)


def _on_its_way(facts: Facts) -> Light | None:
    if facts.published == "live":
        return None
    msgid = gettext_noop("Saved. It is on its way to LiveKit.")
    sentence, row = facts.why or Sentence(msgid), Row("number", facts.number.key)
    return Light(colour=Colour.YELLOW, sentence=sentence, row=row, moving=True)


def _people_away(facts: Facts) -> Light | None:
    """The assistant answers nevertheless."""
    wrong = facts.unreached
    if wrong is None:
        return None
    return Light(colour=Colour.YELLOW, sentence=wrong.sentence, row=Row("rule", wrong.key))


def _untried(facts: Facts) -> Light | None:
    call = facts.last_call
    if call is None:
        msgid = gettext_noop("Everything is ready, but no call has come yet. Try it.")
        return _light(Colour.YELLOW, msgid, Row("try", facts.number.key))
    if call.outcome not in ("rejected", "failed", "no_agent"):
        return None
    msgid = gettext_noop("Everything is ready, but the last call was not answered. See why.")
    return _light(Colour.YELLOW, msgid, Row("call", call.key))


def _ready(facts: Facts) -> Light:
    names = ", ".join(sorted({agent.name for agent in facts.agents}))
    msgid = gettext_noop("%(names)s answers.")
    if all(rule.callers for rule in facts.rules):
        msgid = gettext_noop("%(names)s answers certain callers; others reach nobody.")
    return _light(Colour.GREEN, msgid, Row("try", facts.number.key), names=names)


def _light(colour: Colour, msgid: str, row: Row, **values: object) -> Light:
    return Light(colour=colour, sentence=Sentence(msgid, values), row=row)


LOOKS: tuple[Callable[[Facts], Light | None], ...] = (
    _off,
    _unserved,
    _refused,
    _speechless,
    _no_entrance,
    _not_signed_in,
    _nobody_home,
    _keyless,
    _broken,
    _test_failed,
    _full,
    _open,
    _on_its_way,
    _people_away,
    _short_of_keys,
    _closed,
    _untried,
)
