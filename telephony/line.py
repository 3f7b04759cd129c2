"""The saved line, read as frozen values for the pure functions of telephony.routing."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, QuerySet

from agentworker.models import Agent, AgentVersion
from telephony.models import DispatchRule, Gateway, PhoneNumber, Trunk
from telephony.routing import wish
from telephony.routing.edit import callers, lines
from veyra.secrets import Sealed, SecretError

__all__ = ["lines", "read_line"]


def read_line() -> wish.Line:
    """Everything that staff saved: seven queries of plain columns, however long the line is."""
    return wish.Line(
        installation=str(Gateway.get().installation),
        trunks=tuple(_trunks(Trunk.objects.order_by("pk"))),
        numbers=tuple(_numbers(PhoneNumber.objects.order_by("pk"))),
        rules=tuple(_rules(DispatchRule.objects.order_by("pk"))),
        agents=tuple(_agents(Agent.objects.order_by("pk"))),
    )


def _trunks(rows: QuerySet[Trunk]) -> Iterable[wish.Trunk]:
    columns = "key", "name", "addresses", "username", "password", "spelling", "learned_spelling"
    for row in rows.values_list(*columns, "is_active", "archived_at"):
        key, name, addresses, username, password, spelling, learned, is_active, archived_at = row
        yield wish.Trunk(
            key=str(key),
            name=name,
            addresses=lines(addresses),
            username=username,
            password=_opened(password),
            spelling=spelling,
            learned_spelling=learned,
            is_active=is_active,
            archived=archived_at is not None,
        )


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


def _rules(rows: QuerySet[DispatchRule]) -> Iterable[wish.Rule]:
    trunks, numbers = _links("trunks"), _links("numbers")
    columns = "pk", "key", "name", "agent__key", "kind", "room", "pin", "callers", "is_active"
    for row in rows.values_list(*columns, "archived_at"):
        pk, key, name, agent, kind, room, pin, only, is_active, archived_at = row
        yield wish.Rule(
            key=str(key),
            name=name,
            agent=str(agent),
            trunks=trunks[pk],
            numbers=numbers[pk],
            kind=kind,
            room=room,
            pin=pin,
            callers=callers(only),
            is_active=is_active,
            archived=archived_at is not None,
        )


def _links(field: str) -> dict[int, tuple[str, ...]]:
    """A rule's id -> the keys of its trunks or numbers."""
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    rows = DispatchRule.objects.exclude(**{field: None})
    for pk, key in rows.order_by("pk", f"{field}__key").values_list("pk", F(f"{field}__key")):
        found[pk] += (str(key),)
    return found


def _agents(rows: QuerySet[Agent]) -> Iterable[wish.Agent]:
    has_words = Exists(AgentVersion.objects.filter(agent=OuterRef("pk")))
    for key, name, words, archived_at in rows.annotate(has_words=has_words).values_list(
        "key", "name", "has_words", "archived_at"
    ):
        yield wish.Agent(key=str(key), name=name, has_words=words, archived=archived_at is not None)
