"""What somebody wants to change, as plain data, and the line as it would be afterwards. Pure.

An Edit can be previewed, carried out at once, or wait in a row until its time has come.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self, TypeVar

from telephony.numbers import NumberError, e164
from telephony.routing.wish import Agent, Line, Number, Rule, Trunk
from veyra.secrets import SecretError, decrypt

Model = Literal["trunk", "number", "rule", "agent"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row gets these values; a key that no row has makes a new row.

    `values`: by the names of the model's fields, each as JSON holds it. Another row is named by its
    key, several rows by a list of keys; a secret is ciphertext (veyra.secrets.encrypt) or "". Only
    what changes, and all of it for a new row. "archived" (true or false) is no field: it puts the
    row away or takes it back.
    `revision`: the row's, as its author saw it; None: whatever it is now.
    """

    model: Model
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    revision: int | None = None


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Changes that are made together or not at all, in this order."""

    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "changes": [
                {"model": c.model, "key": c.key, "values": dict(c.values), "revision": c.revision}
                for c in self.changes
            ]
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(changes=tuple(Change(**each) for each in stored["changes"]))


def lines(text: str) -> tuple[str, ...]:
    """The lines that hold something, without the space around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def callers(text: str) -> tuple[str, ...]:
    return tuple(_as_number(line) for line in lines(text))


def _as_number(text: str) -> str:
    try:
        return e164(text)
    except NumberError:
        return text  # problems.rule_fault says so


def opened(stored: str) -> str | None:
    """The plain text of a secret; None where no key fits, which compile turns into a sentence."""
    try:
        return decrypt(stored) if stored else ""
    except SecretError:
        return None


# How a column becomes a field of telephony.routing.wish; the others are the same in both.
READERS: Mapping[str, Callable[[Any], Any]] = {
    "addresses": lines,
    "callers": callers,
    "password": opened,
    "register_password": opened,
    "out_password": opened,
    "trunks": lambda keys: tuple(sorted(keys)),
    "numbers": lambda keys: tuple(sorted(keys)),
    "reserve": lambda key: key or "",
    "first_colleague": lambda key: key or "",
    "first_team": lambda key: key or "",
    "fallback_colleague": lambda key: key or "",
    "fallback_team": lambda key: key or "",
}

Row = TypeVar("Row", Trunk, Number, Rule, Agent)


def laid_over(line: Line, edit: Edit) -> Line:
    """The line as it will be once `edit` is carried out; a row that is gone changes nothing."""
    return replace(
        line,
        trunks=_changed(line.trunks, Trunk, edit, "trunk"),
        numbers=_changed(line.numbers, Number, edit, "number"),
        rules=_changed(line.rules, Rule, edit, "rule"),
        agents=_changed(line.agents, Agent, edit, "agent"),
    )


def _changed(rows: Iterable[Row], kind: type[Row], edit: Edit, model: Model) -> tuple[Row, ...]:
    found = {row.key: row for row in rows}
    for change in edit.changes:
        if change.model == model:
            values = _as_wish(kind, change.values)
            row = found.get(change.key)
            if row:
                found[change.key] = replace(row, **values)
            elif change.revision is None:
                # A row that does not exist yet comes last: it is the newest.
                found[change.key] = kind(key=change.key, **values)
    return tuple(found.values())


def _as_wish(kind: type[Row], values: Mapping[str, Any]) -> dict[str, Any]:
    known = {each.name for each in fields(kind)} & values.keys()
    return {name: READERS.get(name, _same)(values[name]) for name in known}


def _same(value: Any) -> Any:
    return value
