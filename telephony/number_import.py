"""Many numbers at once: the rows of a file become one change of the line, or a list of faults."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext, gettext_noop

from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.numberfile import NO, YES, Row, as_yes_or_no
from telephony.numbers import NumberError, e164, pretty
from telephony.routing.edit import Change, Edit
from veyra.models import User
from veyra.sentences import Sentence

# Between the names of several rules in a cell.
BETWEEN = " | "
SHOWN_OF_A_CELL = 80
NO_RULES = gettext_noop(
    "The column “Who answers” changes rules, which you may not. Take the column out of the file, or"
    " ask somebody who may."
)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a line of the file."""

    line: int
    sentence: Sentence


@dataclass(frozen=True)
class Draft:
    """What a file would do. With faults nothing of it is done."""

    edit: Edit
    faults: tuple[Fault, ...]
    new: int
    changed: int
    same: int

    @property
    def rules_change(self) -> bool:
        return any(change.model == "rule" for change in self.edit.changes)


class FaultError(ValueError):
    """A cell may hold a whole book; the fault tells how it begins."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        begins = {
            name: Truncator(value).chars(SHOWN_OF_A_CELL) if isinstance(value, str) else value
            for name, value in values.items()
        }
        self.sentence = Sentence(msgid, begins)


@dataclass
class _Line:
    """What is saved, by the names that a file uses."""

    trunks: dict[str, str]
    rules: dict[str, str]
    numbers: dict[str, dict[str, Any]]
    rule_rows: dict[str, dict[str, Any]] = field(default_factory=dict)


def draft(rows: Sequence[Row], user: User) -> Draft:
    """What would come of the rows; five queries, however many."""
    line = _read(user)
    seen: dict[str, int] = {}
    faults: list[Fault] = []
    changes: list[Change] = []
    counts: Counter[str] = Counter()
    wanted: dict[str, tuple[str, ...]] = {}
    for row in rows:
        try:
            number = _number(row, seen)
            change = _change(number, _values(row, line), line.numbers.get(number))
            rules = _rules(row, line)
        except FaultError as error:
            faults.append(Fault(row.line, error.sentence))
            continue
        if rules is not None:
            wanted[change.key] = rules
        counts["new" if number not in line.numbers else "changed" if change.values else "same"] += 1
        changes += [change] if change.values else []
    changes += _changed_rules(line, wanted)
    edit = Edit(changes=tuple(changes))
    return Draft(edit, tuple(faults), counts["new"], counts["changed"], counts["same"])


def _change(number: str, values: dict[str, Any], known: dict[str, Any] | None) -> Change:
    """What the row does to its number; without values where it says what is saved."""
    if known:
        new = {name: value for name, value in values.items() if known[name] != value}
        return Change(model="number", key=known["key"], values=new, revision=known["revision"])
    if "trunk" not in values:
        msgid = gettext_noop("%(number)s is new: write its provider connection.")
        raise FaultError(msgid, number=pretty(number))
    return Change(model="number", key=str(uuid.uuid4()), values={"number": number, **values})


def _read(user: User) -> _Line:
    trunks = Trunk.objects.visible_to(user).kept().values_list("name", "key")
    columns = "key", "number", "label", "trunk__key", "reserve__key", "is_active", "revision"
    numbers = {}
    for row in PhoneNumber.objects.visible_to(user).kept().values_list(*columns):
        key, number, label, trunk, reserve, is_active, revision = row
        numbers[number] = {
            "key": str(key),
            "label": label,
            "trunk": str(trunk),
            "reserve": str(reserve) if reserve else "",
            "is_active": is_active,
            "revision": revision,
        }
    rules = DispatchRule.objects.visible_to(user).kept()
    rows: dict[str, dict[str, Any]] = {
        str(key): {"revision": revision, "numbers": []}
        for key, revision in rules.values_list("key", "revision")
    }
    for key, number in rules.exclude(numbers=None).values_list("key", "numbers__key"):
        rows[str(key)]["numbers"].append(str(number))
    return _Line(
        trunks={name.lower(): str(key) for name, key in trunks},
        rules={name.lower(): str(key) for name, key in rules.values_list("name", "key")},
        numbers=numbers,
        rule_rows=rows,
    )


def _number(row: Row, seen: dict[str, int]) -> str:
    if not row.number:
        raise FaultError(gettext_noop("There is no number in this line."))
    try:
        number = e164(row.number)
    except NumberError as error:
        raise FaultError(error.sentence.msgid, **error.sentence.values) from error
    if number in seen:
        raise FaultError(
            gettext_noop("%(number)s stands in line %(line)d already."),
            number=pretty(number),
            line=seen[number],
        )
    seen[number] = row.line
    return number


def _values(row: Row, line: _Line) -> dict[str, Any]:
    """The columns that the row says something of."""
    values: dict[str, Any] = {}
    if row.label:
        values["label"] = _short(row.label)
    if row.trunk:
        values["trunk"] = _named(row.trunk, line.trunks)
    if row.reserve:
        values["reserve"] = _named(row.reserve, line.trunks)
    if row.is_active:
        said = as_yes_or_no(row.is_active)
        if said is None:
            msgid = gettext_noop("“%(text)s” is neither “%(yes)s” nor “%(no)s”.")
            raise FaultError(msgid, text=row.is_active, yes=gettext(YES), no=gettext(NO))
        values["is_active"] = said
    return values


def _short(label: str) -> str:
    if len(label) > 100:
        raise FaultError(gettext_noop("“What it is for” is longer than 100 letters."))
    return label


def _named(name: str, trunks: dict[str, str]) -> str:
    if name.lower() not in trunks:
        msgid = gettext_noop("There is no provider connection “%(name)s”. Add it first.")
        raise FaultError(msgid, name=name)
    return trunks[name.lower()]


def _rules(row: Row, line: _Line) -> tuple[str, ...] | None:
    """Keys of the rules that shall name the number; None: the file does not say."""
    names = [name.strip() for name in row.rules.split(BETWEEN.strip()) if name.strip()]
    for name in names:
        if name.lower() not in line.rules:
            msgid = gettext_noop("There is no “%(name)s” under “Who answers”. Add it first.")
            raise FaultError(msgid, name=name)
    return tuple(line.rules[name.lower()] for name in names) if names else None


def _changed_rules(line: _Line, wanted: dict[str, tuple[str, ...]]) -> Iterable[Change]:
    """Rules that get or lose numbers. `wanted`: a number's key -> the rules that shall name it."""
    for key, row in line.rule_rows.items():
        kept = [n for n in row["numbers"] if key in wanted.get(n, (key,))]
        known = set(kept)
        after = kept + [n for n, rules in wanted.items() if key in rules and n not in known]
        if after != row["numbers"]:
            yield Change(model="rule", key=key, values={"numbers": after}, revision=row["revision"])


def saved_rows(user: User) -> Iterable[Row]:
    """Every number, as a file has it."""
    names: dict[int, list[str]] = {}
    rules = DispatchRule.objects.visible_to(user).kept().exclude(numbers=None).order_by("name")
    for number, name in rules.values_list("numbers", "name"):
        names.setdefault(number, []).append(name)
    numbers = PhoneNumber.objects.visible_to(user).kept().order_by("number")
    columns = "pk", "number", "label", "trunk__name", "reserve__name", "is_active"
    for line, row in enumerate(numbers.values_list(*columns), 2):
        pk, number, label, trunk, reserve, is_active = row
        yield Row(
            line=line,
            number=pretty(number),
            label=label,
            trunk=trunk,
            reserve=reserve or "",
            rules=BETWEEN.join(names.get(pk, [])),
            is_active=gettext(YES if is_active else NO),
        )
