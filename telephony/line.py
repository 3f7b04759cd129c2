"""The saved line, read as frozen values for the pure functions of telephony.routing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from agentworker.models import Agent, AgentVersion
from agentworker.recording import RecordingPolicy
from telephony.colleagues import SECONDS
from telephony.models import Colleague, DispatchRule, Gateway, PhoneNumber, Team, Trunk
from telephony.routing import wish
from telephony.routing.addresses import network
from telephony.routing.edit import callers, lines
from veyra.secrets import Sealed, SecretError

# Columns of a connection that its wish has under the same name, as they are.
ALIKE = [each.name for each in fields(wish.Trunk) if each.name not in ("key", "archived")]
# Columns of a rule that are the same in its wish.
ALIKE_OF_RULES = ("name", "kind", "room", "pin", "recording", "when_full", "is_active")
# Columns of a rule that name a colleague or a group.
NAMED = ("first_colleague", "first_team", "fallback_colleague", "fallback_team")
SECRETS = ("password", "register_password", "out_password")

__all__ = [
    "Place",
    "lines",
    "read_around",
    "read_line",
    "read_signing",
    "registrar",
    "rules_ask_callers",
]


class Place(NamedTuple):
    """The ids of a number, of its connection and of its reserve, if it has one."""

    pk: int
    trunk: int
    reserve: int | None = None


# A rule's id -> the keys of its connections, or of its numbers.
Keys = Mapping[int, tuple[str, ...]]


def read_line() -> wish.Line:
    """Everything that staff saved: nine queries of plain columns, however long the line is."""
    of_trunks = DispatchRule.trunks.through.objects.all()
    of_numbers = DispatchRule.numbers.through.objects.all()
    return _read(
        Trunk.objects.all(),
        PhoneNumber.objects.all(),
        DispatchRule.objects.all(),
        _keys(of_trunks.values_list("dispatchrule", "trunk__key")),
        _keys(of_numbers.values_list("dispatchrule", "phonenumber__key")),
    )


def read_around(numbers: Sequence[Place], also: Iterable[int] = ()) -> wish.Line:
    """The part of the line that decides about calls to `numbers`; `also`: ids of connections.

    Of other numbers nothing is read: for these ones it compiles to what the whole line does.
    """
    pks = [number.pk for number in numbers]
    own = {number.trunk for number in numbers}
    reserves = {number.reserve for number in numbers if number.reserve}
    of_trunks = DispatchRule.trunks.through.objects.filter(trunk__in=own)
    of_numbers = DispatchRule.numbers.through.objects.filter(phonenumber__in=pks)
    whole = _keys(of_trunks.values_list("dispatchrule", "trunk__key"))
    named = _keys(of_numbers.values_list("dispatchrule", "phonenumber__key"))
    return _read(
        Trunk.objects.filter(pk__in=own | reserves | {*also}),
        PhoneNumber.objects.filter(pk__in=pks),
        DispatchRule.objects.filter(pk__in=whole.keys() | named.keys()),
        whole,
        named,
    )


def read_signing() -> wish.Line:
    """The connections that sign in, with their numbers: three queries, and none of rules."""
    trunks = Trunk.objects.signing_in()
    numbers = PhoneNumber.objects.in_use().brought_by(trunks)
    gateway = Gateway.get()
    return wish.Line(
        seal=str(gateway.seal),
        trunks=tuple(_trunks(trunks.order_by("pk"))),
        numbers=tuple(_numbers(numbers.order_by("pk"))),
    )


def _read(
    trunks: QuerySet[Trunk],
    numbers: QuerySet[PhoneNumber],
    rules: QuerySet[DispatchRule],
    whole: Keys,
    named: Keys,
) -> wish.Line:
    gateway = Gateway.get()
    return wish.Line(
        installation=str(gateway.installation),
        seal=str(gateway.seal),
        registrar=registrar(),
        trunks=tuple(_trunks(trunks.order_by("pk"))),
        numbers=tuple(_numbers(numbers.order_by("pk"))),
        rules=tuple(_rules(rules.order_by("pk"), whole, named)),
        agents=tuple(_agents(Agent.objects.order_by("pk"))),
        people=tuple(_people()),
    )


def registrar() -> tuple[str, ...]:
    """The CIDRs from which the gateway sees calls of lines that sign in; () cannot be read."""
    found = network(settings.REGISTRAR_FROM)
    return (found,) if found else ()


def _trunks(rows: QuerySet[Trunk]) -> Iterable[wish.Trunk]:
    for key, archived_at, *values in rows.values_list("key", "archived_at", *ALIKE):
        columns = dict(zip(ALIKE, values, strict=True))
        columns |= {name: _opened(columns[name]) for name in SECRETS}
        columns["addresses"] = lines(columns["addresses"])
        yield wish.Trunk(key=str(key), archived=archived_at is not None, **columns)


def _opened(password: Sealed | str) -> str | None:
    """The plain text; None where no key fits, which compile turns into a sentence."""
    try:
        return password.open() if isinstance(password, Sealed) else password
    except SecretError:
        return None


def _numbers(rows: QuerySet[PhoneNumber]) -> Iterable[wish.Number]:
    columns = "key", "number", "trunk__key", "reserve__key", "is_active", "archived_at"
    for key, number, trunk, reserve, is_active, archived_at in rows.values_list(*columns):
        yield wish.Number(
            key=str(key),
            number=number,
            trunk=str(trunk),
            reserve=str(reserve or ""),
            is_active=is_active,
            archived=archived_at is not None,
        )


def _rules(rows: QuerySet[DispatchRule], whole: Keys, named: Keys) -> Iterable[wish.Rule]:
    columns = "pk", "key", "agent__key", "callers", "archived_at", *ALIKE_OF_RULES
    for row in rows.values_list(*columns, *(f"{name}__key" for name in NAMED)):
        pk, key, agent, only, archived_at, *others = row
        alike: dict[str, Any] = dict(zip(ALIKE_OF_RULES, others, strict=False))
        people = others[len(ALIKE_OF_RULES) :]
        alike |= {name: str(key or "") for name, key in zip(NAMED, people, strict=True)}
        yield wish.Rule(
            key=str(key),
            agent=str(agent),
            trunks=whole.get(pk, ()),
            numbers=named.get(pk, ()),
            callers=callers(only),
            archived=archived_at is not None,
            **alike,
        )


def rules_ask_callers(agent: Agent) -> bool:
    """Whether they may be recorded, before this assistant speaks with them."""
    rules = DispatchRule.objects.kept().filter(agent=agent.pk)
    return rules.filter(recording=RecordingPolicy.AGREED).exists()


def _people() -> Iterable[wish.People]:
    """Colleagues, and groups of them."""
    reached, by_browser = set(), set()
    has_line = PhoneNumber.objects.may_call_out().exists()
    for row in Colleague.objects.select_related("user").order_by("pk"):
        seconds = SECONDS if row.can_be_reached else 0
        reached |= {row.pk} if seconds else set()
        by_browser |= {row.pk} if row.rings_in_browser else set()
        needs_line = not (has_line or row.rings_in_browser)
        yield wish.People(key=str(row.key), name=row.name, seconds=seconds, needs_line=needs_line)
    names: dict[str, str] = {}
    rung: dict[str, int] = defaultdict(int)
    need_line: dict[str, bool] = defaultdict(lambda: not has_line)
    places = Team.objects.order_by("pk").values_list(
        "key", "name", "archived_at", "members__colleague", "members__seconds"
    )
    for key, name, archived_at, colleague, seconds in places:
        names[str(key)] = name
        rung[str(key)] += seconds if colleague in reached and not archived_at else 0
        need_line[str(key)] &= colleague not in reached & by_browser
    for team, name in names.items():
        yield wish.People(key=team, name=name, seconds=rung[team], needs_line=need_line[team])


def _keys(links: Iterable[tuple[int, UUID]]) -> Keys:
    found: dict[int, list[str]] = defaultdict(list)
    for rule, key in links:
        found[rule].append(str(key))
    return {rule: tuple(sorted(keys)) for rule, keys in found.items()}


def _agents(rows: QuerySet[Agent]) -> Iterable[wish.Agent]:
    has_words = Exists(AgentVersion.objects.filter(agent=OuterRef("pk")))
    columns = "key", "name", "has_words", "is_published", "archived_at", "recording"
    found = rows.annotate(has_words=has_words).values_list(*columns)
    for key, name, words, published, archived_at, recording in found:
        yield wish.Agent(
            key=str(key),
            name=name,
            has_words=words,
            is_published=published,
            archived=archived_at is not None,
            recording=recording,
        )
