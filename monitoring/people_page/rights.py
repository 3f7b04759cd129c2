"""What each role may do with rows of each kind, in words: read from the roles themselves."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring import roles
from monitoring.people_page import words

VERBS: dict[str, str | Promise] = {
    "view": gettext_lazy("sees"),
    "add": gettext_lazy("adds"),
    "change": gettext_lazy("changes"),
    "delete": gettext_lazy("removes"),
}
# Each of the others is told by one sentence: everything, and reading everything.
SHOWN = [role for role in words.ROLES if roles.ROLES.get(role) is not None]


@dataclass(frozen=True)
class Line:
    """What stands in the column of each role of SHOWN; "" where it may do nothing of it."""

    name: str
    cells: Sequence[str]


def columns() -> list[str]:
    return [str(words.called(role)) for role in SHOWN]


def table() -> list[Line]:
    """A line for each kind of row, and one for each right of its own below; by name. One query."""
    rights = list(Permission.objects.select_related("content_type"))
    having = {role: set(roles.permissions_of(role, rights)) for role in SHOWN}
    of_kind: dict[str, list[Permission]] = defaultdict(list)
    for right in rights:
        if any(right in held for held in having.values()):
            of_kind[_kind(right)].append(right)
    found: list[Line] = []
    for kind in sorted(of_kind, key=str.casefold):
        found += _lines(kind, of_kind[kind], having)
    return found


def _lines(
    kind: str, rights: Iterable[Permission], having: dict[str, set[Permission]]
) -> Iterable[Line]:
    plain = {right: VERBS[verb] for right in rights if (verb := _verb(right)) in VERBS}
    if plain:
        held = [[right for right in plain if right in having[role]] for role in SHOWN]
        yield Line(kind, [_joined(plain[right] for right in some) for some in held])
    for right in rights:
        if right not in plain:
            yes = [_("yes") if right in having[role] else "" for role in SHOWN]
            words = _(right.name)
            yield Line(f"{kind}: {words}", yes)


def _joined(verbs: Iterable[str | Promise]) -> str:
    given = set(verbs)
    return ", ".join(str(verb) for verb in VERBS.values() if verb in given)


def _verb(right: Permission) -> str:
    """Of a right that each kind of row has; "" of one of its own."""
    verb, _sep, model = right.codename.partition("_")
    return verb if model == right.content_type.model else ""


def _kind(right: Permission) -> str:
    model = right.content_type.model_class()
    name = str(model._meta.verbose_name_plural) if model else right.content_type.model
    return name[:1].upper() + name[1:]
