"""One field of a form that names a colleague or a group, which a row keeps in two columns."""

from typing import Any

from django.utils.translation import gettext as _

from telephony.models import Colleague, Team

COLLEAGUE, TEAM = "colleague", "team"


def choices() -> list[tuple[str, Any]]:
    """Nobody, colleagues and groups, by the names of their kinds."""
    people = Colleague.objects.kept().values_list("key", "name")
    teams = Team.objects.kept().values_list("key", "name")
    return [
        ("", _("nobody")),
        (_("Colleagues"), [(f"{COLLEAGUE}:{key}", name) for key, name in people]),
        (_("Groups"), [(f"{TEAM}:{key}", name) for key, name in teams]),
    ]


def named(colleague: Colleague | None, team: Team | None) -> str:
    """The choice that stands for what a row has."""
    if colleague:
        return f"{COLLEAGUE}:{colleague.key}"
    return f"{TEAM}:{team.key}" if team else ""


def columns(choice: str, prefix: str) -> dict[str, str | None]:
    """What an Edit holds for a choice: both columns, of which at most one names somebody."""
    kind, _colon, key = choice.partition(":")
    return {
        f"{prefix}_colleague": key if kind == COLLEAGUE else None,
        f"{prefix}_team": key if kind == TEAM else None,
    }
