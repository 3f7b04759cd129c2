"""What staff changed, in words: who, from what to what, and whether it can be undone.

Where a model knows its own words better it has `audit_text(column, value, name)` (None: as usual),
`audit_name(name)` and `audit_page(pk, name)`; `name` is what the row was called then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.urls import reverse
from django.utils.formats import date_format, number_format, time_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from veyra import audit
from veyra.audit import Action
from veyra.audit_entries import MASK, AuditEntry
from veyra.look import link
from veyra.models import User
from veyra.sentences import Sentence

WORDS = {
    Action.CREATE: gettext_noop("“%(row)s” (%(what)s) was added by %(who)s."),
    Action.UPDATE: gettext_noop("“%(row)s” (%(what)s) was changed by %(who)s."),
    Action.DELETE: gettext_noop("“%(row)s” (%(what)s) was deleted by %(who)s."),
}
PLANNED = gettext_noop("“%(row)s” (%(what)s) changed, as %(who)s had planned.")
UNDONE = gettext_noop("A change of “%(row)s” (%(what)s) was undone by %(who)s.")
# Why there is no button.
SECRET = gettext_noop(
    "A password or PIN was changed, too. The old one is not kept: open the row and type it anew."
)
AGAIN = gettext_noop("It has been changed again since, so this alone cannot be undone.")
IS_UNDONE = gettext_noop("Undone.")
# Columns that have no name for people.
LABELS: Mapping[str, str | Promise] = {
    "archived_at": _("in the archive"),
    "members": _("who is rung, one after the other"),
    "values": _("where it goes to"),
    "thresholds": _("limits"),
    "is_ready": _("set up to the end"),
    "is_wanted": _("is sent"),
    "number": _("number"),
    "role": _("role"),
    "places": _("whose numbers and calls"),
    "second_factor": _("second factor"),
    "password_link": _("link for a new password"),
    "logins": _("open logins"),
    "begins": _("Works from"),
    "ends": _("Works until"),
}
# Columns whose date only tells whether it is so.
IS_IT_SO = ("archived_at", "deleted_at")
SHOWN_ROWS = 5
SHOWN_LETTERS = 120


@dataclass(frozen=True)
class Line:
    """A column: what it was, and what it became. Of a list of rows: which went, and which came."""

    label: str
    before: str
    after: str
    is_list: bool = False

    @property
    def back(self) -> "Line":
        """What it will be when it is undone."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True)
class Told:
    """A change as its reader is told of it. `lines` and `undo` are empty where he may not see the
    row, or not change it; `hint`: why it cannot be undone.
    """

    entry: AuditEntry
    sentence: Sentence
    lines: Sequence[Line] = ()
    url: str = ""
    undo: str = ""
    hint: Sentence | None = None

    @property
    def back(self) -> Sequence[Line]:
        return [line.back for line in self.lines]


def tell(entries: Sequence[AuditEntry], reader: User) -> list[Told]:
    """In their order. A few queries, however many there are."""
    newest = AuditEntry.objects.newest_of(list(entries))
    names = Names(entries)
    return [_told(entry, reader, newest.get(entry.row), names) for entry in entries]


def _told(entry: AuditEntry, reader: User, newest: AuditEntry | None, names: "Names") -> Told:
    kind = entry.content_type
    model = kind.model_class()
    sentence = said(entry)
    if model is None or not reader.has_perm(f"{kind.app_label}.view_{kind.model}"):
        return Told(entry, sentence)
    url = "" if entry.action == Action.DELETE else _page(entry)
    undo, hint = "", None
    if may_undo(entry, reader):
        hint = obstacle(entry, newest)
        undo = "" if hint else reverse("undo", args=[entry.pk])
    return Told(entry, sentence, names.lines(entry), url, undo, hint)


def _page(entry: AuditEntry) -> str:
    kind = entry.content_type
    if own := getattr(kind.model_class(), "audit_page", None):
        return str(own(entry.object_pk, str(entry)))
    return link(f"admin:{kind.app_label}_{kind.model}_change", entry.object_pk)


def name_of(entry: AuditEntry) -> str:
    """What the row was called then."""
    own = getattr(entry.content_type.model_class(), "audit_name", None)
    return str(own(str(entry)) if own else entry)


def said(entry: AuditEntry) -> Sentence:
    """Who did it to what."""
    kind = entry.content_type
    values = {"row": name_of(entry), "what": str(kind.name), "who": who(entry)}
    if entry.undoes:
        return Sentence(UNDONE, values)
    return Sentence(PLANNED if entry.was_planned else WORDS[entry.action], values)


def who(entry: AuditEntry) -> str:
    """As his colleagues know him."""
    if entry.actor:
        return str(entry.actor.get_full_name() or entry.actor.get_username())
    if entry.actor_email is None:
        return str(_("Veyra itself"))
    return str(_("somebody who is no longer here"))


# What can be undone


def right(entry: AuditEntry) -> str:
    """The permission of whoever undoes it: that by which it was done."""
    kind = entry.content_type
    archives = entry.action == Action.CREATE or "archived_at" in entry.told
    verb = "delete" if archives and _kind_of_undo(entry) == "line" else "change"
    return f"{kind.app_label}.{verb}_{kind.model}"


def may_undo(entry: AuditEntry, reader: User) -> bool:
    """Is it of a kind that can be undone, and may he? A new row of the line is archived."""
    how = _kind_of_undo(entry)
    if not how or not reader.has_perm(right(entry)):
        return False
    changed = entry.action == Action.UPDATE and bool(entry.told)
    return changed or (how == "line" and entry.action == Action.CREATE)


def _kind_of_undo(entry: AuditEntry) -> str:
    watched = audit.of(entry.content_type.model_class())
    return watched.undo if watched else ""


def obstacle(entry: AuditEntry, newest: AuditEntry | None) -> Sentence | None:
    """Why it cannot be undone, as far as the log itself tells."""
    if newest is not None and newest.pk != entry.pk:
        return Sentence(IS_UNDONE if newest.undoes == entry.pk else AGAIN)
    return Sentence(SECRET) if entry.has_secret else None


# From what to what


class Names:
    """What other rows are called, those of all entries read at once."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        wanted: dict[type[models.Model], set[Any]] = {}
        for entry in entries:
            model = entry.content_type.model_class()
            for name, value in entry.told.items():
                other = _other(model, name)
                if other is not None:
                    wanted.setdefault(other, set()).update(_keys(value))
        self._rows = {other: other._default_manager.in_bulk(keys) for other, keys in wanted.items()}

    def lines(self, entry: AuditEntry) -> list[Line]:
        model = entry.content_type.model_class()
        if model is None or entry.action != Action.UPDATE:
            return []
        told = entry.told
        order = [field.name for field in model._meta.get_fields()]
        names = sorted(told, key=lambda name: order.index(name) if name in order else len(order))
        return [self._line(model, name, told[name], str(entry)) for name in names]

    def _line(self, model: type[models.Model], column: str, value: Any, name: str) -> Line:
        label = LABELS.get(column) or getattr(_field(model, column), "verbose_name", column)
        label = capfirst(str(label))
        other = _other(model, column)
        if isinstance(value, Mapping):
            gone, come = (self._list(other, value.get(verb, ())) for verb in ("removed", "added"))
            return Line(label, gone, come, is_list=True)
        before, after = value
        if other is not None:
            one, another = (self._list(other, [each]) or "—" for each in (before, after))
            return Line(label, one, another)
        return Line(label, *shown(model, column, before, after, name))

    def _list(self, other: type[models.Model] | None, keys: Iterable[Any]) -> str:
        known = self._rows.get(other, {}) if other else {}
        keys = [key for key in keys if key is not None]
        gone = _("a deleted row")
        names = [str(known.get(key, gone)) for key in keys[:SHOWN_ROWS]]
        more = len(keys) - SHOWN_ROWS
        if more > 0:
            text = ngettext("and %(count)s more", "and %(count)s more", more)
            names.append(text % {"count": number_format(more)})
        return ", ".join(names)


def _field(model: type[models.Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _other(model: type[models.Model] | None, name: str) -> Any:
    """The model of the rows that a column names."""
    field = _field(model, name) if model else None
    return field.related_model if field is not None and field.concrete else None


def _keys(value: Any) -> list[Any]:
    """Those that are shown."""
    lists = value.values() if isinstance(value, Mapping) else [value]
    return [key for keys in lists for key in keys[:SHOWN_ROWS] if key is not None]


def shown(
    model: type[models.Model], column: str, before: Any, after: Any, name: str
) -> tuple[str, str]:
    """Two values of a column, as people read them."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = [each for each in {**before, **after} if before.get(each) != after.get(each)]
        before, after = ({key: row[key] for key in keys if key in row} for row in (before, after))
    field, own = _field(model, column), getattr(model, "audit_text", None)
    pair = []
    for value in (before, after):
        text = own(column, value, name) if own and value else None
        pair.append(_short(_text(field, column, value) if text is None else str(text)))
    return pair[0], pair[1]


def _text(field: Any, name: str, value: Any) -> str:
    if value == MASK:
        return "•••"
    if isinstance(value, bool) or name in IS_IT_SO:
        return str(_("yes") if value else _("no"))
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    choices = dict(getattr(field, "flatchoices", None) or ())
    if value in choices:
        return str(choices[value])
    if isinstance(field, models.DateTimeField):
        return _moment(field, value)
    if isinstance(field, models.TimeField):
        return time_format(field.to_python(value), "H:i")
    return number_format(value) if isinstance(value, (int, float)) else str(value)


def _moment(field: Any, value: str) -> str:
    """auditlog writes moments of UTC without saying so."""
    try:
        return date_format(localtime(field.to_python(f"{value}+00:00")), "SHORT_DATETIME_FORMAT")
    except ValidationError:
        return value


def _short(text: str) -> str:
    text = " · ".join(text.split("\n"))
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}…"
