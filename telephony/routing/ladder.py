"""The steps of a route in the words of staff: what takes the call on, and what was passed over.

Pure; what a step says to people who look after the line is all that it says.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network

from django.utils.translation import gettext_noop

from telephony.full_line import WhenFull
from telephony.numbers import pretty
from telephony.routing import problems
from telephony.routing.addresses import network
from telephony.routing.carriers import carriers
from telephony.routing.route import Mark, Route, Row, Step, Way, could_be
from telephony.routing.wish import Line, Number, Rule, Trunk
from veyra.livekit.matching import Outcome, RuleMiss, RuleStep, TrunkMiss, asks_login
from veyra.sentences import Sentence

HEARS: dict[Outcome, str] = {
    Outcome.ACCEPTED: gettext_noop("The caller hears ringing until the assistant speaks."),
    Outcome.PIN_NEEDED: gettext_noop("A recorded voice asks the caller for a PIN, and then for #."),
    Outcome.NO_TRUNK: gettext_noop("The caller hears silence until his provider gives up."),
    Outcome.NO_RULE: gettext_noop("The caller hears silence until his provider gives up."),
}
NOBODY_SPEAKS = gettext_noop("The caller hears ringing for a moment, and then the call ends.")
TURNED_AWAY = gettext_noop(
    "The caller hears what his provider plays when a number is out of order."
)
LOGINS = (Outcome.LOGIN_NEEDED, Outcome.WRONG_LOGIN)
ANY_CALLER = gettext_noop("a caller who withholds his number")


def steps(route: Route, line: Line) -> list[Step]:
    """From the called number to the assistant, in the order in which LiveKit decides."""
    return [
        *_of_number(route, line),
        *_of_connections(route, line),
        *_of_login(route),
        *_of_rules(route, line),
        *_of_pins(route),
        *_of_assistants(route),
        *_of_full_line(route, line),
    ]


def headline(route: Route) -> Sentence:
    """What becomes of the call, in one sentence."""
    answering = [way for way in route.ways if way.answers and way.agent]
    if not answering:
        return Sentence(gettext_noop("Nobody answers this call."))
    names = ", ".join(dict.fromkeys(way.agent.name for way in answering if way.agent))
    if answering[0].pin is not None:
        msgid = gettext_noop("The caller is asked for a PIN; with it %(names)s answers.")
        return Sentence(msgid, {"names": names})
    return Sentence(gettext_noop("%(names)s answers this call."), {"names": names})


def hears(route: Route) -> Sentence:
    """What reaches the caller's ear."""
    if route.decision.outcome == Outcome.ACCEPTED and not route.answers:
        return Sentence(NOBODY_SPEAKS)
    return Sentence(HEARS.get(route.decision.outcome, TURNED_AWAY))


def elsewhere(connections: Iterable[str], rules: int) -> list[Step]:
    """What was not even looked at, since it is for other numbers."""
    found = []
    names = ", ".join(connections)
    if names:
        msgid = gettext_noop("These connections have other numbers: %(names)s.")
        found.append(Step(sentence=Sentence(msgid, {"names": names}), mark=Mark.PASSED))
    if rules:
        msgid = gettext_noop("Rules for other numbers: %(count)s.")
        found.append(Step(sentence=Sentence(msgid, {"count": rules}), mark=Mark.PASSED))
    return found


def _of_number(route: Route, line: Line) -> Iterator[Step]:
    trunks = {trunk.key: trunk for trunk in line.trunks}
    if not route.numbers:
        yield _unknown_number(route, line)
    for number in route.numbers:
        yield _number(number, trunks[number.trunk], line)


def _unknown_number(route: Route, line: Line) -> Step:
    written = route.invite.called
    ours = next((n for n in line.numbers if n.number in could_be(written)), None)
    if ours is None:
        msgid = gettext_noop("We have no number %(number)s. Add it, if it is ours.")
        return _stop(msgid, {"number": pretty(written)}, Row("number"))
    msgid = gettext_noop(
        "The provider writes our number %(number)s as “%(written)s”, which nobody understands. Ask"
        " it to write the whole number: +7, 7 or 8 first."
    )
    values = {"number": pretty(ours.number), "written": written}
    return _stop(msgid, values, Row("trunk", ours.trunk))


def _number(number: Number, trunk: Trunk, line: Line) -> Step:
    values = {"number": pretty(number.number), "trunk": trunk.name}
    row = Row("number", number.key)
    found = carriers({each.key: each for each in line.trunks}, number)
    if number.archived:
        return _stop(gettext_noop("Our number %(number)s is in the archive."), values, row)
    if not number.is_active:
        return _stop(gettext_noop("Our number %(number)s is switched off."), values, row)
    if trunk.archived and not found:
        msgid = gettext_noop("%(number)s belongs to “%(trunk)s”, which is in the archive.")
        return _stop(msgid, values, Row("trunk", trunk.key))
    if not found:
        msgid = gettext_noop("%(number)s belongs to “%(trunk)s”, which is switched off.")
        return _stop(msgid, values, Row("trunk", trunk.key))
    if fault := _fault(number, line):
        return Step(sentence=fault, mark=Mark.STOPS, row=row)
    msgid = gettext_noop("%(number)s is our number; it comes through %(trunks)s.")
    names = ", ".join(each.name for each in found)
    return _take(msgid, values | {"trunks": names}, row)


def _of_connections(route: Route, line: Line) -> Iterator[Step]:
    """Those that LiveKit looks at, since the number is theirs."""
    sources = {trunk.key: trunk.source for trunk in route.desired.trunks}
    trunks = {trunk.key: trunk for trunk in line.trunks}
    for step in route.decision.trunks:
        trunk = trunks[sources[step.trunk.id]]
        if step.miss == TrunkMiss.ADDRESS:
            yield _wrong_address(route, trunk, line)
        elif step.miss is None:
            yield _connection(route, trunk)


def _connection(route: Route, trunk: Trunk) -> Step:
    values = {"trunk": trunk.name, "address": route.invite.source_ip}
    row = Row("trunk", trunk.key)
    if problems.is_open(trunk):
        msgid = gettext_noop(
            "“%(trunk)s” takes the call, but it is open: it takes anybody's. Write the provider's"
            " addresses into it."
        )
    elif trunk.registers:
        msgid = gettext_noop(
            "“%(trunk)s” takes the call: it comes through our sign-in at the provider."
        )
    elif not trunk.addresses:
        msgid = gettext_noop("“%(trunk)s” takes calls from any address that gives its login.")
    elif route.invite.source_ip:
        msgid = gettext_noop("“%(trunk)s” takes calls from %(address)s.")
    else:
        msgid = gettext_noop("“%(trunk)s” takes the call, if it comes from its provider's address.")
    return _take(msgid, values, row)


def _wrong_address(route: Route, trunk: Trunk, line: Line) -> Step:
    address = route.invite.source_ip
    values = {"trunk": trunk.name, "address": address}
    owner = next((each for each in line.trunks if each is not trunk and _has(each, address)), None)
    if owner:
        msgid = gettext_noop(
            "“%(trunk)s” takes no calls from %(address)s: that is an address of “%(owner)s”, and"
            " the number is not."
        )
        return _stop(msgid, values | {"owner": owner.name}, Row("number", route.numbers[0].key))
    if trunk.registers:
        msgid = gettext_noop(
            "“%(trunk)s” takes only calls of the provider that it signs in at, and %(address)s is"
            " not known as its address. If it is, add the address to the connection."
        )
        return _stop(msgid, values, Row("trunk", trunk.key))
    msgid = gettext_noop(
        "“%(trunk)s” takes no calls from %(address)s. If that is its provider, add the address to"
        " the connection."
    )
    return _stop(msgid, values, Row("trunk", trunk.key))


def _has(trunk: Trunk, address: str) -> bool:
    masks = filter(None, map(network, trunk.addresses))
    return any(ip_address(address) in ip_network(mask) for mask in masks)


def _of_login(route: Route) -> Iterator[Step]:
    trunk = route.trunk
    if trunk is None or route.decision.trunk is None or not asks_login(route.decision.trunk):
        return
    row = Row("trunk", trunk.key)
    if route.decision.outcome in LOGINS:
        msgid = gettext_noop(
            "“%(trunk)s” asks for its login, and the call comes without it. Enter the same login"
            " and password there and at the provider."
        )
        yield _stop(msgid, {"trunk": trunk.name}, row)
        return
    msgid = gettext_noop("“%(trunk)s” asks for a login; we assume that its provider gives it.")
    yield _take(msgid, {"trunk": trunk.name}, row)


def _of_rules(route: Route, line: Line) -> Iterator[Step]:
    """Every rule that names the number or its connection."""
    number = next((each for each in route.numbers if _is_open(each, line)), None)
    served = problems.routes(line, problems.usable_rules(line)[0])[0]
    reached = route.trunk and route.decision.outcome not in LOGINS
    if number is None or not (reached or number not in served):
        return
    looked = {_source(route, step.rule.id): step for step in route.decision.rules}
    rules = [r for r in line.rules if number.key in r.numbers or number.trunk in r.trunks]
    for rule in sorted(rules, key=lambda each: _rung(looked.get(each.key))):
        if rule.key in looked:
            yield from _looked(route, looked[rule.key], rule)
        else:
            yield _pass(_left_out(number, line, rule, served.get(number, ())), rule)
    if number not in served:
        sentence = problems.unserved(number).sentence
        yield Step(sentence=sentence, mark=Mark.STOPS, row=Row("rule"))
    elif route.decision.outcome == Outcome.NO_RULE:
        values = {"caller": _caller(route)}
        msgid = gettext_noop("No rule of this number is for %(caller)s: add one for everybody.")
        yield _stop(msgid, values, Row("rule"))


def _fault(number: Number, line: Line) -> Sentence | None:
    """What is wrong with the number itself, so that no rule could help."""
    found = problems.routes(line, problems.usable_rules(line)[0])[1]
    unserved = problems.unserved(number)
    own = [each for each in found if (each.kind, each.key) == ("number", number.key)]
    return next((each.sentence for each in own if each != unserved), None)


def _is_open(number: Number, line: Line) -> bool:
    """Nothing of its own keeps its calls out."""
    found = carriers({trunk.key: trunk for trunk in line.trunks}, number)
    return number.in_use and bool(found) and _fault(number, line) is None


def _rung(step: RuleStep | None) -> int:
    """The one that takes the call first, then those that LiveKit looks at, then the others."""
    return 2 if step is None else int(step.miss is not None)


def _source(route: Route, rule_id: str) -> str:
    return next(rule.source for rule in route.desired.rules if rule.key == rule_id)


def _looked(route: Route, step: RuleStep, rule: Rule) -> Iterator[Step]:
    """What LiveKit thinks of a rule that it has for this number."""
    values = {"rule": rule.name, "caller": _caller(route)}
    if step.miss == RuleMiss.CALLER:
        msgid = gettext_noop("“%(rule)s” is for certain callers, and not for %(caller)s.")
    elif step.miss == RuleMiss.CALLER_SPELLING:
        yield _spelled_otherwise(route, rule)
        return
    elif route.decision.outcome == Outcome.PIN_NEEDED and step.miss is not None:
        return  # it may still answer, which _of_pins tells
    elif step.miss is None:
        msgid = (
            gettext_noop("“%(rule)s” asks for a PIN.")
            if rule.pin
            else gettext_noop("“%(rule)s” takes the call.")
        )
        yield _take(msgid, values, Row("rule", rule.key))
        return
    else:
        msgid = gettext_noop("“%(rule)s” would take it too, but a narrower rule goes first.")
    yield _pass(Sentence(msgid, values), rule)


def _spelled_otherwise(route: Route, rule: Rule) -> Step:
    msgid = gettext_noop(
        "“%(rule)s” is for this caller, but the provider writes him “%(caller)s”. Choose in the"
        " connection how it writes numbers."
    )
    values = {"rule": rule.name, "caller": route.invite.caller}
    row = Row("trunk", route.trunk.key) if route.trunk else None
    return Step(sentence=Sentence(msgid, values), mark=Mark.PASSED, row=row)


def _left_out(number: Number, line: Line, rule: Rule, chosen: Collection[str]) -> Sentence:
    """Why a rule that names the number or its connection never reaches LiveKit for it."""
    values = {"rule": rule.name}
    if rule.archived:
        return Sentence(gettext_noop("“%(rule)s” is in the archive."), values)
    if not rule.is_active:
        return Sentence(gettext_noop("“%(rule)s” is switched off."), values)
    if fault := problems.rule_fault(rule):
        return fault
    rivals = [each for each in line.rules if each.key in chosen]
    rival = next(each for each in rivals if problems.same_call(rule, each))
    if number.key in rival.numbers and number.key not in rule.numbers:
        msgid = gettext_noop(
            "“%(rule)s” is for every number of the connection; “%(other)s” names this one, and goes"
            " first."
        )
    else:
        msgid = gettext_noop("“%(rule)s” takes the same calls as “%(other)s”, which is older.")
    return Sentence(msgid, values | {"other": rival.name})


def _of_pins(route: Route) -> Iterator[Step]:
    for way in route.ways:
        if way.pin is None:
            continue
        msgid = (
            gettext_noop("With its PIN the call goes to “%(rule)s”.")
            if way.pin
            else gettext_noop("With # alone the call goes to “%(rule)s”.")
        )
        yield _take(msgid, {"rule": way.rule.name}, Row("rule", way.rule.key))


def _of_assistants(route: Route) -> Iterator[Step]:
    told: set[str] = set()
    for way in route.ways:
        if way.rule.agent not in told:
            told.add(way.rule.agent)
            yield _assistant(way)


FULL: Mapping[str, str] = {
    WhenFull.QUEUE: gettext_noop(
        "When all assistants are busy, “%(rule)s” has callers wait in a queue with music."
    ),
    WhenFull.CALL_BACK: gettext_noop(
        "When all assistants are busy, “%(rule)s” has callers hear an apology and press 1 to be"
        " called back."
    ),
    WhenFull.PEOPLE: gettext_noop("When all assistants are busy, “%(rule)s” rings %(people)s."),
}


def _of_full_line(route: Route, line: Line) -> Iterator[Step]:
    """What those meet who find no free place, by each rule that may take the call."""
    names = {each.key: each.name for each in line.people}
    for rule in {way.rule.key: way.rule for way in route.ways if way.answers}.values():
        values = {"rule": rule.name, "people": names.get(rule.fallback, "—")}
        yield _take(FULL[rule.when_full], values, Row("rule", rule.key))


def _assistant(way: Way) -> Step:
    row = Row("agent", way.rule.agent)
    if way.agent is None or way.agent.archived:
        msgid = gettext_noop("The assistant of “%(rule)s” is in the archive. Choose another one.")
        return _stop(msgid, {"rule": way.rule.name}, Row("rule", way.rule.key))
    values = {"name": way.agent.name}
    if not way.agent.has_words:
        msgid = gettext_noop("%(name)s is not published yet. Publish what it says.")
        return _stop(msgid, values, row)
    if not way.agent.is_published:
        msgid = gettext_noop("What %(name)s says is not published. Publish it again.")
        return _stop(msgid, values, row)
    return _take(gettext_noop("%(name)s answers."), values, row)


def _caller(route: Route) -> str:
    return pretty(route.invite.caller) or str(Sentence(ANY_CALLER))


def _take(msgid: str, values: Mapping[str, object], row: Row) -> Step:
    return Step(sentence=Sentence(msgid, dict(values)), mark=Mark.TAKES, row=row)


def _stop(msgid: str, values: Mapping[str, object], row: Row) -> Step:
    return Step(sentence=Sentence(msgid, dict(values)), mark=Mark.STOPS, row=row)


def _pass(sentence: Sentence, rule: Rule) -> Step:
    return Step(sentence=sentence, mark=Mark.PASSED, row=Row("rule", rule.key))
