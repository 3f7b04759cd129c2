"""Which rule serves which number, and what is wrong with what was saved, a sentence each."""

from collections import defaultdict
from functools import lru_cache
from itertools import combinations
from typing import Literal

from django.utils.translation import gettext_noop

from telephony.numbers import NumberError, e164, pretty, spellings
from telephony.routing import signin
from telephony.routing.carriers import Carriers
from telephony.routing.wish import Line, Number, Problem, Rule, Trunk
from veyra.livekit.conflicts import normalized
from veyra.sentences import Sentence

UNSERVED = gettext_noop(
    "Nobody answers %(number)s: add it to a rule under “Who answers”, then it will be published."
)
# An active number with a trunk in use -> the keys of the rules that serve it, sorted, never none.
Routes = dict[Number, tuple[str, ...]]


def login(trunk: Trunk) -> Problem | None:
    """A login is a name and a password: LiveKit takes one without the other, and asks for none.

    Of a connection that signs in it is the login there; its calls can be asked for none.
    """
    if wrong := signin.fault(trunk):
        return Problem(kind="trunk", key=trunk.key, sentence=wrong)
    if trunk.password is None:
        msgid = signin.LOST
    elif trunk.username and not trunk.password:
        msgid = gettext_noop("“%(trunk)s” has a login without a password. Enter both or neither.")
    elif trunk.password and not trunk.username:
        msgid = gettext_noop("“%(trunk)s” has a password without a login. Enter both or neither.")
    else:
        return None
    return Problem(kind="trunk", key=trunk.key, sentence=Sentence(msgid, {"trunk": trunk.name}))


def is_open(trunk: Trunk) -> bool:
    """Anybody who finds the line's address may call through it."""
    return not trunk.is_listed and not trunk.username


def usable_rules(line: Line) -> tuple[list[Rule], list[Problem]]:
    """The active rules without a fault of their own, in the order in which they were made."""
    usable, found = [], []
    for rule in line.rules:
        wrong = rule_fault(rule) if rule.in_use else None
        if wrong:
            found.append(Problem(kind="rule", key=rule.key, sentence=wrong))
        elif rule.in_use:
            usable.append(rule)
    return usable, found


def unreached(line: Line, usable: list[Rule]) -> list[Problem]:
    """Rules that name people of whom nobody can be reached: they stop nothing."""
    known = {people.key: people for people in line.people}
    msgid = gettext_noop(
        "“%(people)s”, whom “%(rule)s” names, cannot be reached: give them a telephone, or a login"
        " whose browser rings, or choose somebody else."
    )
    by_phone = gettext_noop(
        "“%(people)s”, whom “%(rule)s” names, can be rung only by telephone, and no connection"
        " places calls: set up calls out in a connection, or let the browser ring."
    )
    found = []
    for rule in usable:
        for people in (known.get(rule.first), known.get(rule.fallback)):
            if people and (people.needs_line or not people.seconds):
                why = by_phone if people.seconds else msgid
                said = Sentence(why, {"people": people.name, "rule": rule.name})
                found.append(Problem(kind="rule", key=rule.key, sentence=said, stops=False))
    return found


def rule_fault(rule: Rule) -> Sentence | None:
    """What is wrong with a rule by itself."""
    if not rule.trunks and not rule.numbers:
        msgid = gettext_noop(
            "“%(rule)s” names no number: choose numbers, or a provider connection."
        )
        return Sentence(msgid, {"rule": rule.name})
    if not rule.room:
        msgid = gettext_noop("“%(rule)s” has no room name. Write one, such as support-room-.")
        return Sentence(msgid, {"rule": rule.name})
    if rule.pin and not (rule.pin.isascii() and rule.pin.isdigit()):
        msgid = gettext_noop("The PIN of “%(rule)s” must be digits: callers type it on the phone.")
        return Sentence(msgid, {"rule": rule.name})
    return _callers_fault(rule)


def _callers_fault(rule: Rule) -> Sentence | None:
    seen: set[str] = set()
    for caller in rule.callers:
        try:
            number = e164(caller)
        except NumberError as error:
            return error.sentence
        if number in seen:
            msgid = gettext_noop("“%(rule)s” lists the caller %(caller)s twice.")
            return Sentence(msgid, {"rule": rule.name, "caller": pretty(number)})
        seen.add(number)
    return None


def number_fault(number: Number) -> Sentence | None:
    """Only a number in E.164, or an extension, has known spellings."""
    return _fault(number.number)


def _fault(text: str) -> Sentence | None:
    try:
        right = e164(text)
    except NumberError as error:
        return error.sentence
    if right == text:
        return None
    msgid = gettext_noop("“%(text)s” must be written %(right)s. Open it and save it again.")
    return Sentence(msgid, {"text": text, "right": right})


def routes(line: Line, usable: list[Rule]) -> tuple[Routes, list[Problem]]:
    """Which rules serve each number; where two would answer the same call, the older one does.

    A rule that names a number goes before one that takes every number of its connection.
    """
    brought_by = Carriers(line.trunks)
    found: list[Problem] = []
    served: Routes = {}
    clashes: set[tuple[str, str]] = set()
    taken: dict[str, Number] = {}
    naming, covering = _by_key(usable, "numbers"), _by_key(usable, "trunks")
    for number in sorted(line.numbers, key=lambda each: each.number):
        if not number.in_use or not brought_by[number]:
            continue
        compared = _compared(number.number)
        if not compared and (wrong := number_fault(number)):
            found.append(Problem(kind="number", key=number.key, sentence=wrong))
            continue
        if not taken.keys().isdisjoint(compared):
            twin = next(taken[text] for text in compared if text in taken)
            found.append(_twin(number, twin))
            continue
        for text in compared:
            taken[text] = number
        chosen, hidden = _serving(
            number, naming.get(number.key, []), covering.get(number.trunk, [])
        )
        for rule, older in hidden:
            if (rule.key, older.key) not in clashes:
                clashes.add((rule.key, older.key))
                found.append(_clash(rule, older, number))
        if chosen:
            served[number] = tuple(sorted(rule.key for rule in chosen))
        else:
            found.append(unserved(number))
    return served, found


@lru_cache(maxsize=1 << 16)
def _compared(number: str) -> tuple[str, ...]:
    """What LiveKit compares a number by, in all spellings that reach us; none of a faulty one."""
    if _fault(number):
        return ()
    return tuple(sorted({normalized(text) for text in spellings(number)}))


def _twin(number: Number, other: Number) -> Problem:
    """8499… is a spelling of +7499…, and to LiveKit the same as +8499…, a number of Vietnam."""
    msgid = gettext_noop(
        "LiveKit cannot tell %(number)s from %(other)s: providers write both as %(text)s. Only"
        " %(other)s works; to use this number instead, put that one away."
    )
    # What has no other spelling was typed twice.
    text = next((each for each in spellings(other.number) if each != other.number), other.number)
    values = {"number": pretty(number.number), "other": pretty(other.number), "text": text}
    return Problem(kind="number", key=number.key, sentence=Sentence(msgid, values))


def _by_key(rules: list[Rule], field: Literal["numbers", "trunks"]) -> dict[str, list[Rule]]:
    """A number's or connection's key -> the rules that name it, in their order."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for key in dict.fromkeys(getattr(rule, field)):
            found[key].append(rule)
    return found


def _serving(
    number: Number, named: list[Rule], covering: list[Rule]
) -> tuple[list[Rule], list[tuple[Rule, Rule]]]:
    """The rules that serve a number, and (rule left out, the rule that it clashes with).

    `named`: the rules that name it; `covering`: those that take every number of its connection.
    """
    if len(named) + len(covering) == 1:
        return [*named, *covering], []
    chosen: list[Rule] = []
    hidden: list[tuple[Rule, Rule]] = []
    for rule in named:
        clash = next((other for other in chosen if same_call(rule, other)), None)
        hidden += [(rule, clash)] if clash else []
        chosen += [] if clash else [rule]
    specific = list(chosen)
    for rule in covering:
        if rule in named:
            continue
        clash = next((other for other in chosen if same_call(rule, other)), None)
        if clash is None:
            chosen.append(rule)
        elif clash not in specific or rule.callers != clash.callers:
            hidden.append((rule, clash))
    return chosen, hidden


def idle(usable: list[Rule], served: Routes, found: list[Problem]) -> list[Problem]:
    """Rules that answer nothing, where no other sentence says why."""
    busy = {key for keys in served.values() for key in keys} | {each.key for each in found}
    msgid = gettext_noop(
        "“%(rule)s” answers no number that is in use: look at its numbers and connections."
    )
    return [
        Problem(kind="rule", key=rule.key, sentence=Sentence(msgid, {"rule": rule.name}))
        for rule in usable
        if rule.key not in busy
    ]


def same_call(one: Rule, other: Rule) -> bool:
    """Would LiveKit find both for one call, and refuse it? Same PIN, and a caller in common."""
    if one.pin != other.pin:
        return False
    if not one.callers or not other.callers:
        return not one.callers and not other.callers
    return bool(set(one.callers) & set(other.callers))


def _clash(rule: Rule, older: Rule, number: Number) -> Problem:
    msgid = gettext_noop(
        "“%(rule)s” and “%(older)s” both answer %(number)s. “%(older)s” does; to change that, take"
        " the number out of one of them, or give one a PIN or certain callers."
    )
    values = {"rule": rule.name, "older": older.name, "number": pretty(number.number)}
    return Problem(kind="rule", key=rule.key, sentence=Sentence(msgid, values))


def unserved(number: Number) -> Problem:
    values = {"number": pretty(number.number)}
    return Problem(kind="number", key=number.key, sentence=Sentence(UNSERVED, values))


def warnings(line: Line, served: Routes) -> list[Problem]:
    """What is published, but will not do what people expect."""
    found = [_open(trunk) for trunk in line.trunks if trunk.in_use and is_open(trunk)]
    rules = {rule.key: rule for rule in line.rules}
    trunks = {trunk.key: trunk for trunk in line.trunks}
    brought_by = Carriers(line.trunks)
    asked: dict[tuple[str, str], Number] = {}
    guessed: dict[tuple[str, str], None] = {}
    looked_at: set[tuple[object, ...]] = set()
    for number, keys in served.items():
        same = keys, number.trunk, number.reserve
        if same in looked_at and not number.reserve:
            continue
        looked_at.add(same)
        for one, other in combinations((rules[key] for key in keys), 2):
            if bool(one.pin) != bool(other.pin):
                pin, free = (one, other) if one.pin else (other, one)
                asked.setdefault((pin.key, free.key), number)
        own, *reserve = brought_by[number]
        if reserve and own.delivers != reserve[0].delivers and any(rules[k].callers for k in keys):
            found.append(_other_spelling(own, reserve[0], number))
        if own.delivers == "any":
            guessed |= {(key, own.key): None for key in keys if rules[key].callers}
    found += [_asked(rules[pin], rules[free], number) for (pin, free), number in asked.items()]
    found += [_guessed(rules[rule], trunks[trunk]) for rule, trunk in guessed]
    return found


def _other_spelling(own: Trunk, reserve: Trunk, number: Number) -> Problem:
    msgid = gettext_noop(
        "“%(reserve)s” writes callers in another way than “%(own)s”, so on %(number)s rules for"
        " certain callers will not know them when they come through “%(reserve)s”."
    )
    values = {"own": own.name, "reserve": reserve.name, "number": pretty(number.number)}
    return Problem(kind="number", key=number.key, sentence=Sentence(msgid, values), stops=False)


def _open(trunk: Trunk) -> Problem:
    msgid = gettext_noop(
        "“%(trunk)s” is open: anybody on the internet may call through it. Write the addresses that"
        " the provider calls from, or a login and a password."
    )
    values = {"trunk": trunk.name}
    return Problem(kind="trunk", key=trunk.key, sentence=Sentence(msgid, values), stops=False)


def _asked(pin: Rule, free: Rule, number: Number) -> Problem:
    msgid = gettext_noop(
        "“%(pin)s” has a PIN, so everybody who calls %(number)s is asked for one, callers of"
        " “%(free)s” too."
    )
    values = {"pin": pin.name, "free": free.name, "number": pretty(number.number)}
    return Problem(kind="rule", key=pin.key, sentence=Sentence(msgid, values), stops=False)


def _guessed(rule: Rule, trunk: Trunk) -> Problem:
    msgid = gettext_noop(
        "“%(rule)s” is for certain callers, whom we expect to be written +7… by “%(trunk)s”. Choose"
        " how this provider writes numbers, or they may not be recognised."
    )
    values = {"rule": rule.name, "trunk": trunk.name}
    return Problem(kind="rule", key=rule.key, sentence=Sentence(msgid, values), stops=False)
