"""What an edit would change for callers, and what would be wrong afterwards. Pure.

Callers notice who answers a number and under which conditions, and whose calls a connection
takes. Names of rooms, rules and connections may change without anybody noticing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from django.utils.translation import gettext_noop

from agentworker.recording import RecordingPolicy
from telephony.full_line import WhenFull
from telephony.numbers import pretty
from telephony.routing import problems
from telephony.routing.addresses import AddressError, checked
from telephony.routing.carriers import carriers, reserve_fault
from telephony.routing.wish import Agent, Line, Number, Problem, Rule, Trunk
from veyra.sentences import Sentence


@dataclass(frozen=True)
class Answer:
    """Who answers, and whom: callers who type the PIN, certain callers, all in one shared room."""

    agent: str
    name: str = field(compare=False)
    pin: str = ""
    callers: tuple[str, ...] = ()
    shared: bool = False
    # A RecordingPolicy.
    recording: str = "never"
    # Keys and names of who is rung before, and of who is where no assistant can speak.
    first: str = ""
    fallback: str = ""
    first_name: str = field(default="", compare=False)
    fallback_name: str = field(default="", compare=False)
    when_full: str = WhenFull.QUEUE


@dataclass(frozen=True)
class Reach:
    """What a number's callers meet; `trunks`: keys of the connections that bring them."""

    answers: tuple[Answer, ...]
    trunks: tuple[str, ...]
    trunk_names: str = field(compare=False)

    @property
    def names(self) -> str:
        return ", ".join(sorted({answer.name for answer in self.answers}))


@dataclass(frozen=True)
class Door:
    """Whose calls a connection takes. Empty addresses and login: anybody's.

    `signs_in`: (where, as whom); then only calls come that the sign-in brings, and `addresses` are
    more of the same provider's.
    """

    name: str = field(compare=False)
    addresses: frozenset[str] = frozenset()
    username: str = ""
    password: str | None = field(default="", repr=False)
    signs_in: tuple[str, str] | None = None


@dataclass(frozen=True)
class Move:
    """A number whose callers will meet something else; None: they reach nobody."""

    number: str
    before: Reach | None
    after: Reach | None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(_of_move(self))


@dataclass(frozen=True)
class DoorMove:
    """A connection that will take other calls than now."""

    trunk: str
    before: Door
    after: Door

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(_of_door(self))


@dataclass(frozen=True)
class Impact:
    """`errors` stop the save; what `needs_tick` is saved only by somebody who said yes to it."""

    moves: tuple[Move, ...] = ()
    doors: tuple[DoorMove, ...] = ()
    errors: tuple[Sentence, ...] = ()
    warnings: tuple[Sentence, ...] = ()

    @property
    def changes(self) -> tuple[Sentence, ...]:
        """What changes for callers; the numbers that will reach nobody first."""
        moves = sorted(self.moves, key=lambda each: each.after is not None)
        told = (*(each.sentences for each in moves), *(each.sentences for each in self.doors))
        return tuple(chain.from_iterable(told))

    @property
    def lost(self) -> tuple[str, ...]:
        """The numbers that somebody answers now, and nobody will."""
        return tuple(each.number for each in self.moves if each.after is None)

    @property
    def needs_tick(self) -> bool:
        return bool(self.warnings or self.lost)

    @property
    def is_empty(self) -> bool:
        """Nothing to show: it is saved at once."""
        return not (self.moves or self.doors or self.errors or self.warnings)

    @property
    def token(self) -> str:
        """Stands for what a person saw: another one means that something else would be shown."""
        doors = chain.from_iterable(each.sentences for each in self.doors)
        said = [each.to_json() for each in (*doors, *self.errors, *self.warnings)]
        shown = f"{self.moves}{json.dumps(said, sort_keys=True)}"
        return hashlib.sha256(shown.encode()).hexdigest()


def impact(before: Line, after: Line) -> Impact:
    """What changes for callers between two lines, and which faults only the second one has."""
    one, other = _State.of(before), _State.of(after)
    numbers = sorted(one.reached.keys() | other.reached.keys())
    moves = (Move(each, one.reached.get(each), other.reached.get(each)) for each in numbers)
    return Impact(
        moves=tuple(each for each in moves if each.before != each.after),
        doors=tuple(
            DoorMove(key, door, other.doors[key])
            for key, door in sorted(one.doors.items())
            if key in other.doors and door != other.doors[key]
        ),
        errors=_new(one.errors, other.errors),
        warnings=_new(one.warnings, other.warnings),
    )


def reached(line: Line) -> Mapping[str, Reach]:
    """Each number that somebody answers -> what its callers meet."""
    return _State.of(line).reached


@dataclass(frozen=True)
class _State:
    reached: Mapping[str, Reach]
    doors: Mapping[str, Door]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @classmethod
    def of(cls, line: Line) -> "_State":
        usable, faults = problems.usable_rules(line)
        served, found = problems.routes(line, usable)
        reached = dict(_reached(line, served))
        used = {key for each in reached.values() for key in each.trunks}
        twice = {each.key: each for each in _twice(line)}
        wrong = [e for e in found if e.sentence.msgid != problems.UNSERVED and e.key not in twice]
        return cls(
            reached=reached,
            doors={each.key: _door(each) for each in line.trunks if each.key in used},
            errors=(*faults, *wrong, *_faults_of_rows(line), *twice.values()),
            warnings=(
                *_mute(line, usable),
                *problems.unreached(line, usable),
                *problems.warnings(line, served),
            ),
        )


def _new(before: Iterable[Problem], after: Iterable[Problem]) -> tuple[Sentence, ...]:
    """What was wrong before does not keep anybody from saving something else."""
    known = {(each.key, each.sentence.msgid) for each in before}
    return tuple(e.sentence for e in after if (e.key, e.sentence.msgid) not in known)


def _reached(line: Line, served: problems.Routes) -> Iterable[tuple[str, Reach]]:
    rules = {rule.key: rule for rule in line.rules}
    agents = {agent.key: agent for agent in line.agents if agent.answers}
    trunks = {trunk.key: trunk for trunk in line.trunks}
    people = {each.key: each.name for each in line.people}
    # Thousands of numbers share a few rules and connections: each combination is made once.
    made: dict[tuple[object, ...], Reach | None] = {}
    for number, keys in served.items():
        same = keys, number.trunk, number.reserve
        if same not in made:
            spoken = [rules[key] for key in keys if rules[key].agent in agents]
            answers = [_answer(rule, agents[rule.agent], people) for rule in spoken]
            made[same] = _reach(answers, carriers(trunks, number)) if answers else None
        if found := made[same]:
            yield number.number, found


def _reach(answers: list[Answer], bring: Sequence[Trunk]) -> Reach:
    answers.sort(key=lambda each: (each.agent, each.pin, each.callers))
    names = ", ".join(each.name for each in bring)
    return Reach(tuple(answers), tuple(each.key for each in bring), names)


def _answer(rule: Rule, agent: Agent, people: Mapping[str, str]) -> Answer:
    return Answer(
        rule.agent,
        agent.name,
        rule.pin,
        tuple(sorted(rule.callers)),
        rule.kind == "direct",
        RecordingPolicy.of_call(rule.recording, agent.recording).value,
        first=rule.first,
        fallback=rule.fallback,
        first_name=people.get(rule.first, ""),
        fallback_name=people.get(rule.fallback, ""),
        when_full=rule.when_full,
    )


def _door(trunk: Trunk) -> Door:
    signs_in = (trunk.register_at, trunk.register_login) if trunk.registers else None
    return Door(trunk.name, frozenset(trunk.addresses), trunk.username, trunk.password, signs_in)


def _faults_of_rows(line: Line) -> Iterable[Problem]:
    for trunk in line.trunks:
        if not trunk.in_use:
            continue
        if wrong := problems.login(trunk):
            yield wrong
        for address in trunk.addresses:
            try:
                checked(address)
            except AddressError as error:
                yield Problem(kind="trunk", key=trunk.key, sentence=error.sentence)
    trunks = {trunk.key: trunk for trunk in line.trunks}
    for number in line.numbers:
        if number.reserve and number.in_use and (fault := reserve_fault(trunks, number)):
            yield Problem(kind="number", key=number.key, sentence=fault)


def _twice(line: Line) -> Iterable[Problem]:
    """Numbers and names that two rows claim; what is archived claims nothing."""
    kept = [number for number in line.numbers if not number.archived]
    names = {trunk.key: trunk.name for trunk in line.trunks}
    first: dict[str, Number] = {}
    for number in kept:
        holder = first.setdefault(number.number, number)
        if holder is not number:
            yield _claimed(number, holder, names.get(holder.trunk, ""))
    msgid = gettext_noop("There are two rows with the name “%(name)s”. Give one another name.")
    for rows in (line.trunks, line.rules, line.agents):
        count = Counter(row.name for row in rows if not row.archived)
        for row in rows:
            if not row.archived and count[row.name] > 1:
                wrong = Sentence(msgid, {"name": row.name})
                yield Problem(
                    kind="trunk" if isinstance(row, Trunk) else "rule", key=row.key, sentence=wrong
                )
                count[row.name] = 0


def _claimed(number: Number, holder: Number, trunk: str) -> Problem:
    values = {"number": pretty(number.number), "trunk": trunk}
    both = gettext_noop(
        "Two lines claim %(number)s: LiveKit would answer every call to it with 503 (busy). It"
        " already comes by “%(trunk)s”: open that number and change it there."
    )
    off = gettext_noop(
        "%(number)s is already here, by “%(trunk)s”, switched off. Open it and switch it on."
    )
    msgid = both if holder.in_use else off
    return Problem(kind="number", key=number.key, sentence=Sentence(msgid, values))


def _mute(line: Line, usable: Iterable[Rule]) -> Iterable[Problem]:
    """Rules in use whose assistant cannot speak."""
    agents = {agent.key: agent for agent in line.agents}
    archived = gettext_noop(
        "“%(agent)s” is archived, so callers of “%(rule)s” reach nobody. Choose another assistant."
    )
    silent = gettext_noop(
        "“%(agent)s” is not published yet, so callers of “%(rule)s” reach nobody. Publish it, or"
        " choose another assistant."
    )
    withdrawn = gettext_noop(
        "What “%(agent)s” says is not published, so callers of “%(rule)s” reach nobody. Publish it"
        " again, or choose another assistant."
    )
    for rule in usable:
        agent = agents.get(rule.agent)
        if agent is not None and not agent.answers:
            values = {"agent": agent.name, "rule": rule.name}
            msgid = archived if agent.archived else withdrawn if agent.has_words else silent
            wrong = Sentence(msgid, values)
            yield Problem(kind="rule", key=rule.key, sentence=wrong, stops=False)


def _of_move(move: Move) -> list[Sentence]:
    msgid = gettext_noop("%(number)s: it changes which callers reach %(after)s.")
    after = move.after.names if move.after else ""
    values = {"number": pretty(move.number), "after": after}
    return list(_noticed(move)) or [Sentence(msgid, values)]


def _noticed(move: Move) -> Iterable[Sentence]:
    number, before, after = pretty(move.number), move.before, move.after
    if before is None and after is not None:
        msgid = gettext_noop("%(number)s: nobody -> %(after)s.")
        yield Sentence(msgid, {"number": number, "after": after.names})
        bare = [
            replace(
                each,
                first="",
                fallback="",
                when_full=WhenFull.QUEUE,
                recording=RecordingPolicy.NEVER.value,
            )
            for each in after.answers
        ]
        nobody = replace(after, answers=tuple(bare))
        yield from _of_people(number, nobody, after)
        yield from _of_recording(number, nobody, after)
    if before is None or after is None:
        if before is not None:
            msgid = gettext_noop("%(number)s will reach nobody. Now: %(before)s.")
            yield Sentence(msgid, {"number": number, "before": before.names})
        return
    if {each.agent for each in before.answers} != {each.agent for each in after.answers}:
        values = {"number": number, "before": before.names, "after": after.names}
        yield Sentence(gettext_noop("%(number)s: %(before)s -> %(after)s."), values)
    yield from _of_conditions(number, before, after)
    if before.trunks != after.trunks:
        msgid = gettext_noop("%(number)s comes by %(after)s instead of %(before)s.")
        values = {"number": number, "before": before.trunk_names, "after": after.trunk_names}
        yield Sentence(msgid, values)


def _of_conditions(number: str, before: Reach, after: Reach) -> Iterable[Sentence]:
    """PIN, certain callers, shared room: each a sentence where it is another one."""
    pins = [{each.pin for each in reach.answers} - {""} for reach in (before, after)]
    if pins[0] != pins[1]:
        asked = gettext_noop("%(number)s: callers are asked for a PIN.")
        other = gettext_noop("%(number)s: callers need another PIN.")
        free = gettext_noop("%(number)s: callers are no longer asked for a PIN.")
        msgid = free if not pins[1] else other if pins[0] else asked
        yield Sentence(msgid, {"number": number})
    whom = [{each.callers for each in reach.answers} for reach in (before, after)]
    if whom[0] != whom[1]:
        everybody = gettext_noop("%(number)s: everybody who calls is answered.")
        certain = gettext_noop("%(number)s: only certain callers are answered: %(callers)s.")
        others = gettext_noop("%(number)s: who answers depends on the caller: %(callers)s.")
        listed = ", ".join(sorted({pretty(each) for keys in whom[1] for each in keys}))
        free_for_all = () in whom[1]
        msgid = everybody if not listed else others if free_for_all else certain
        yield Sentence(msgid, {"number": number, "callers": listed})
    shared = [any(each.shared for each in reach.answers) for reach in (before, after)]
    if shared[0] != shared[1]:
        one = gettext_noop("%(number)s: all who call hear each other, as in a conference.")
        own = gettext_noop("%(number)s: each caller talks alone with the assistant.")
        yield Sentence(one if shared[1] else own, {"number": number})
    yield from _of_people(number, before, after)
    yield from _of_recording(number, before, after)


RECORDED = {
    RecordingPolicy.ALWAYS: gettext_noop(
        "%(number)s: all calls are recorded. Let the greeting say so to the callers."
    ),
    RecordingPolicy.NEVER: gettext_noop("%(number)s: calls are not recorded."),
    RecordingPolicy.PRESSED: gettext_noop(
        "%(number)s: calls are recorded only when a supervisor presses the button."
    ),
    RecordingPolicy.AGREED: gettext_noop(
        "%(number)s: callers are asked whether they may be recorded, and say yes by a key."
    ),
}


FULL = {
    WhenFull.QUEUE: gettext_noop(
        "%(number)s: when all assistants are busy, callers wait in a queue with music."
    ),
    WhenFull.CALL_BACK: gettext_noop(
        "%(number)s: when all assistants are busy, callers hear an apology and press 1 to be called"
        " back."
    ),
    WhenFull.PEOPLE: gettext_noop("%(number)s: when all assistants are busy, people are rung."),
}


def _of_recording(number: str, before: Reach, after: Reach) -> Iterable[Sentence]:
    """Whether calls are recorded; where it depends on the caller, each of the ways."""
    found = {each.recording for each in after.answers}
    if found != {each.recording for each in before.answers}:
        for policy, msgid in RECORDED.items():
            if policy in found:
                yield Sentence(msgid, {"number": number})


def _of_people(number: str, before: Reach, after: Reach) -> Iterable[Sentence]:
    """Who is rung before the assistant, and who in its place."""
    if {each.first for each in before.answers} != {each.first for each in after.answers}:
        names = ", ".join(sorted({each.first_name for each in after.answers} - {""}))
        first = gettext_noop("%(number)s: %(people)s is rung first, then the assistant answers.")
        none = gettext_noop("%(number)s: the assistant answers at once, no person is rung first.")
        yield Sentence(first if names else none, {"number": number, "people": names})
    if {each.fallback for each in before.answers} != {each.fallback for each in after.answers}:
        names = ", ".join(sorted({each.fallback_name for each in after.answers} - {""}))
        rung = gettext_noop("%(number)s: where no assistant can answer, %(people)s is rung.")
        none = gettext_noop("%(number)s: where no assistant can answer, no person is rung.")
        yield Sentence(rung if names else none, {"number": number, "people": names})
    found = {each.when_full for each in after.answers}
    if found != {each.when_full for each in before.answers}:
        for choice, msgid in FULL.items():
            if choice in found:
                yield Sentence(msgid, {"number": number})


def _of_door(move: DoorMove) -> Iterable[Sentence]:
    values = {"trunk": move.after.name}
    yield from _of_sign_in(move)
    if gone := sorted(move.before.addresses - move.after.addresses):
        msgid = gettext_noop("“%(trunk)s”: calls from %(addresses)s are no longer taken.")
        if not move.after.addresses and not move.after.signs_in:
            msgid = gettext_noop("“%(trunk)s”: calls are taken from any address.")
        yield Sentence(msgid, {**values, "addresses": ", ".join(gone)})
    if new := sorted(move.after.addresses - move.before.addresses):
        msgid = gettext_noop("“%(trunk)s”: calls from %(addresses)s are taken.")
        if not move.before.addresses and not move.after.signs_in:
            msgid = gettext_noop("“%(trunk)s”: calls are taken from %(addresses)s only.")
        yield Sentence(msgid, {**values, "addresses": ", ".join(new)})
    login = [(door.username, door.password) for door in (move.before, move.after)]
    if login[0] != login[1]:
        other = gettext_noop(
            "“%(trunk)s”: the login changes. Until the provider uses the new one, its calls are"
            " refused."
        )
        none = gettext_noop("“%(trunk)s”: no login is asked for any more.")
        yield Sentence(other if move.after.username else none, values)


def _of_sign_in(move: DoorMove) -> Iterable[Sentence]:
    if move.before.signs_in == move.after.signs_in:
        return
    if move.after.signs_in is None:
        msgid = gettext_noop(
            "“%(trunk)s”: we no longer sign in at the provider, so it must send the calls to our"
            " address."
        )
        yield Sentence(msgid, {"trunk": move.after.name})
        return
    host, login = move.after.signs_in
    msgid = gettext_noop(
        "“%(trunk)s”: calls come by signing in at %(host)s as %(login)s, and in no other way."
    )
    yield Sentence(msgid, {"trunk": move.after.name, "host": host, "login": login})
