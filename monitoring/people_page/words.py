"""Roles in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from veyra.role_names import NAMES

Words = tuple[str | Promise, str | Promise]
OWNER = "Owner"
# What such a person does here. In the order of what most people are.
WHAT = {
    "Operator": _("Sees calls and conversations, takes calls, calls back."),
    "Supervisor": _(
        "As an operator, and listens in, hints to the assistant, joins, hears recordings."
    ),
    "Manager": _(
        "Assistants, opening hours, who answers, messages and reports. No provider lines."
    ),
    "Viewer": _("Sees calls and what was said, and changes nothing."),
    "Engineer": _("Provider lines, numbers, incidents and maintenance. Needs a second factor."),
    "Auditor": _("Reads everything, and changes nothing."),
    OWNER: _("Everything, people and keys too. Needs a second factor."),
}
# By the name of the group: what it is called, and what such a person does.
ROLES: dict[str, Words] = {role: (_(NAMES[role]), what) for role, what in WHAT.items()}
NO_ROLE = _("No role: sees nothing")


def called(role: str) -> str | Promise:
    return ROLES[role][0] if role in ROLES else NO_ROLE
