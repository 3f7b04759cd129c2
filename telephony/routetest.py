"""The test of a route: where a call would go as the line is saved now, and what to press."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from agentworker.filling import filled
from agentworker.hours.book import ALWAYS, Ruling
from agentworker.models import AgentVersion
from agentworker.versions import script_of
from telephony import routehours
from telephony.line import Place, read_around
from telephony.models import (
    Call,
    DispatchRule,
    HostAddress,
    PhoneNumber,
    PublishedObject,
    PublishedState,
    Trunk,
)
from telephony.numbers import NumberError, e164
from telephony.reasons import WANTED, Reason
from telephony.routing import ladder
from telephony.routing.addresses import hosts, network
from telephony.routing.carriers import carrier_of
from telephony.routing.route import Mark, Question, Route, Row, Step, could_be, find
from telephony.routing.wish import Line
from veyra.livekit.matching import Outcome, address
from veyra.sentences import Sentence

# So many connections for other numbers are named.
NAMED = 5
# The call itself was wrong: however the line is saved, such a call is refused again.
OF_THE_CALL = frozenset({Reason.NO_CODEC, Reason.NO_ENCRYPTION, Reason.BAD_OFFER})


CLOSED = gettext_noop("The caller hears a message, and then the call ends.")


class QuestionError(ValueError):
    """The question is no call; `sentence` says what to write, `field` where."""

    def __init__(self, field: str, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.field, self.sentence = field, sentence


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a person is told. `greeting`: the first words that the caller hears, if anybody speaks.

    `ruling`: by the hours of the moment `at`, None for now. `not_live`: why LiveKit does not do so
    yet; None where it does.
    """

    route: Route
    headline: Sentence
    steps: tuple[Step, ...]
    hears: Sentence
    greeting: str
    not_live: Sentence | None
    ruling: Ruling = ALWAYS
    at: datetime | None = None

    @property
    def answers(self) -> bool:
        """At that moment."""
        return self.route.answers and not routehours.turns_away(self.ruling)

    @property
    def stop(self) -> Step | None:
        """Where the call ends without an answer."""
        return next((step for step in self.steps if step.mark == Mark.STOPS), None)


def checked(question: Question) -> Question:
    """As it can be asked. Raises QuestionError."""
    called, caller = question.called.strip(), question.caller.strip()
    source_ip = question.source_ip.strip()
    if not called:
        raise QuestionError("called", Sentence(gettext_noop("Write the number that is called.")))
    if source_ip and address(source_ip) is None:
        msgid = gettext_noop("“%(text)s” is not an address. Write one such as 203.0.113.10.")
        raise QuestionError("source_ip", Sentence(msgid, {"text": source_ip}))
    for field, text in (("called", called), ("caller", caller)):
        try:
            if text and not question.exact:
                e164(text)
        except NumberError as error:
            raise QuestionError(field, error.sentence) from error
    return replace(question, called=called, caller=caller, source_ip=source_ip)


def connection(name: str) -> str:
    """The key of the provider connection with this name; "" for none. Raises QuestionError."""
    in_use = dict(Trunk.objects.in_use().values_list("name", "key"))
    if name and name not in in_use:
        msgid = gettext_noop("There is no connection “%(name)s” in use. There are: %(names)s.")
        names = ", ".join(in_use) or "—"
        raise QuestionError("trunk", Sentence(msgid, {"name": name, "names": names}))
    return str(in_use[name]) if name else ""


def ask(question: Question, at: datetime | None = None) -> Report:
    """Where the call would go, now or at a moment. Reads only rows that can matter to it. Raises
    QuestionError.
    """
    question = checked(question)
    connections = connections_in_use()
    line = line_around([question], connections)
    route = next(routes([question], line))
    when = at or timezone.now()
    ruling = routehours.ruling_of(route, when)
    found = *ladder.steps(route, line), *routehours.steps(route, ruling, at)
    return Report(
        route=route,
        headline=routehours.headline(ruling, when) if ruling.is_closed else ladder.headline(route),
        steps=(*found, *_elsewhere(line, connections)),
        hears=Sentence(CLOSED) if routehours.turns_away(ruling) else ladder.hears(route),
        greeting=_greeting(route, ruling, when),
        not_live=_not_live(route, line),
        ruling=ruling,
        at=at,
    )


class Connection(NamedTuple):
    """One in use."""

    pk: int
    key: UUID
    name: str
    addresses: str


def connections_in_use() -> list[Connection]:
    rows = Trunk.objects.in_use().values_list("pk", "key", "name", "addresses")
    return [Connection(*row) for row in rows]


def line_around(questions: Sequence[Question], connections: Sequence[Connection]) -> Line:
    """The rows around the numbers, and the connections that are in question besides their own."""
    called = {text for question in questions for text in could_be(question.called)}
    numbers = PhoneNumber.objects.filter(number__in=called).values_list("pk", "trunk", "reserve")
    asked = {question.trunk for question in questions}
    also = [each.pk for each in connections if str(each.key) in asked]
    networks = [(c.pk, list(filter(None, map(network, c.addresses.split())))) for c in connections]
    owners = (carrier_of(question.source_ip, networks) for question in questions)
    return read_around([Place(*row) for row in numbers], [*also, *filter(None, owners)])


def routes(questions: Iterable[Question], line: Line) -> Iterator[Route]:
    """What becomes of each call; of the line only the rows around them are needed."""
    named = any(hosts(trunk.addresses) for trunk in line.trunks)
    known = HostAddress.objects.by_host() if named else {}
    test = network(settings.SIP_TEST_FROM)
    for question in questions:
        yield find(question, line, known, [test] if test else [])


def _elsewhere(line: Line, connections: Sequence[Connection]) -> list[Step]:
    near = {trunk.key for trunk in line.trunks}
    names = sorted(each.name for each in connections if str(each.key) not in near)
    if len(names) > NAMED:
        names = [*names[:NAMED], "…"]
    rules = DispatchRule.objects.in_use().count() - sum(rule.in_use for rule in line.rules)
    return ladder.elsewhere(names, rules)


def _greeting(route: Route, ruling: Ruling, at: datetime) -> str:
    keys = [way.agent.key for way in route.ways if way.agent and way.answers]
    if not keys:
        return ""
    speaks = ruling.stand_in or keys[0]
    versions = AgentVersion.objects.filter(agent__key=speaks).select_related("agent")
    version = versions.order_by("-number").first()
    if version is None:
        return ""
    if routehours.turns_away(ruling):
        return routehours.greeting(ruling, version.language, at, route.invite.caller)
    return filled(script_of(version), timezone.localtime(at), route.invite.caller).greeting


def _not_live(route: Route, line: Line) -> Sentence | None:
    """LiveKit does what was put into it last, which may not be what is saved."""
    if not route.ways:
        return _changing(line)
    rows = PublishedObject.objects.filter(key__in=route.objects).worst_first()
    found = {row.key: row for row in rows}
    worst = next((row for row in found.values() if row.state != PublishedState.LIVE), None)
    if worst is None and len(found) == len(route.objects):
        return None
    if worst and worst.error:
        msgid = gettext_noop("This is saved, but it is not live yet: %(why)s")
        return Sentence(msgid, {"why": str(worst.sentence)})
    return Sentence(gettext_noop("This is saved, but it is not live yet: wait a moment."))


def _changing(line: Line) -> Sentence | None:
    keys = [row.key for row in line.numbers]
    keys += [row.key for row in line.trunks] + [row.key for row in line.rules]
    waiting = PublishedObject.objects.filter(source__in=keys, state=PublishedState.WAITING)
    if not waiting.exists():
        return None
    msgid = gettext_noop("A change is not live yet: for a moment calls still go as before.")
    return Sentence(msgid)


def question_of(call: Call) -> Question:
    """The call as it came, to be asked about anew."""
    source_ip = call.source_ip if address(call.source_ip) else ""
    return Question(called=call.to_number, caller=call.from_number, source_ip=source_ip, exact=True)


def why_refused(call: Call) -> Step | None:
    """What kept a refused call out, in the matcher's words, as far as what is saved now tells.

    None: nothing of the line kept it out.
    """
    if call.reason in WANTED:
        return None
    try:
        report = ask(question_of(call))
    except QuestionError:
        return None
    if report.stop and not report.route.answers:
        return report.stop
    if call.reason in OF_THE_CALL:
        return None
    return of_words(call.reason, report.route) or _would_answer(report)


def of_words(reason: str, route: Route) -> Step | None:
    """What the caller's side gave: a login, a PIN."""
    trunk, first = route.trunk, route.decision
    if trunk and reason in (Reason.WRONG_PASSWORD, Reason.NO_PASSWORD):
        msgid = (
            gettext_noop(
                "“%(trunk)s” asks for a login, and the call brought a wrong one. Enter the same"
                " login and password in the connection and at the provider."
            )
            if reason == Reason.WRONG_PASSWORD
            else gettext_noop(
                "“%(trunk)s” asks for a login, and the call brought none. Enter it at the provider,"
                " or remove it from the connection and list the provider's addresses."
            )
        )
        row = Row("trunk", trunk.key)
        return Step(sentence=Sentence(msgid, {"trunk": trunk.name}), mark=Mark.STOPS, row=row)
    if reason == Reason.WRONG_PIN and first.outcome == Outcome.PIN_NEEDED:
        rule = next(way.rule for way in route.ways if way.pin)
        msgid = gettext_noop(
            "“%(rule)s” asks for a PIN, and the caller typed another one. Tell it to him, or remove"
            " it."
        )
        row = Row("rule", rule.key)
        return Step(sentence=Sentence(msgid, {"rule": rule.name}), mark=Mark.STOPS, row=row)
    return None


def _would_answer(report: Report) -> Step | None:
    return is_answered() if report.route.answers and not report.not_live else None


def is_answered() -> Step:
    msgid = gettext_noop("As the line is saved now, such a call is answered. Call again.")
    return Step(sentence=Sentence(msgid), mark=Mark.TAKES)
