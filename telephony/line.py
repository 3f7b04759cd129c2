"""The saved line, read as frozen values for the pure functions of telephony.routing."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F, QuerySet

from telephony.models import DispatchRule, Gateway, PhoneNumber, Trunk
from telephony.numbers import NumberError, e164
from telephony.routing import wish
from veyra.secrets import Sealed, SecretError


def read_line() -> wish.Line:
    """Everything that staff saved: six queries of plain columns, however long the line is."""
    return wish.Line(
        installation=str(Gateway.get().installation),
        trunks=tuple(_trunks(Trunk.objects.order_by("pk"))),
        numbers=tuple(_numbers(PhoneNumber.objects.order_by("pk"))),
        rules=tuple(_rules(DispatchRule.objects.order_by("pk"))),
    )


def _trunks(rows: QuerySet[Trunk]) -> Iterable[wish.Trunk]:
    columns = "key", "name", "addresses", "username", "password", "spelling", "is_active"
    for key, name, addresses, username, password, spelling, is_active in rows.values_list(*columns):
        yield wish.Trunk(
            key=str(key),
            name=name,
            addresses=lines(addresses),
            username=username,
            password=_opened(password),
            spelling=spelling,
            is_active=is_active,
        )


def _opened(password: Sealed | str) -> str | None:
    """The plain text; None where no key fits, which compile turns into a sentence."""
    try:
        return password.open() if isinstance(password, Sealed) else password
    except SecretError:
        return None


def _numbers(rows: QuerySet[PhoneNumber]) -> Iterable[wish.Number]:
    for key, number, trunk, is_active in rows.values_list(
        "key", "number", "trunk__key", "is_active"
    ):
        yield wish.Number(key=str(key), number=number, trunk=str(trunk), is_active=is_active)


def _rules(rows: QuerySet[DispatchRule]) -> Iterable[wish.Rule]:
    trunks, numbers = _links("trunks"), _links("numbers")
    columns = "pk", "key", "name", "agent__key", "kind", "room", "pin", "callers", "is_active"
    for pk, key, name, agent, kind, room, pin, callers, is_active in rows.values_list(*columns):
        yield wish.Rule(
            key=str(key),
            name=name,
            agent=str(agent),
            trunks=trunks[pk],
            numbers=numbers[pk],
            kind=kind,
            room=room,
            pin=pin,
            callers=tuple(_as_number(caller) for caller in lines(callers)),
            is_active=is_active,
        )


def _links(field: str) -> dict[int, tuple[str, ...]]:
    """A rule's id -> the keys of its trunks or numbers."""
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    rows = DispatchRule.objects.exclude(**{field: None})
    for pk, key in rows.order_by("pk", f"{field}__key").values_list("pk", F(f"{field}__key")):
        found[pk] += (str(key),)
    return found


def _as_number(text: str) -> str:
    try:
        return e164(text)
    except NumberError:
        return text  # problems.rule_fault says so


def lines(text: str) -> tuple[str, ...]:
    """The lines that hold something, without the space around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
