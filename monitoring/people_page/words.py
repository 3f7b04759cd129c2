"""Roles in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = tuple[str | Promise, str | Promise]
OWNER = "Owner"
# By the name of the group: what it is called, and what such a person does here. In the order of
# what most people are.
ROLES: dict[str, Words] = {
    "Operator": (
        _("Operator"),
        _("Sees calls and conversations, takes calls, calls back."),
    ),
    "Supervisor": (
        _("Shift supervisor"),
        _("As an operator, and listens in, hints to the assistant, joins, hears recordings."),
    ),
    "Manager": (
        _("Manager"),
        _("Assistants, opening hours, who answers, messages and reports. No provider lines."),
    ),
    "Viewer": (_("Reader"), _("Sees calls and what was said, and changes nothing.")),
    "Engineer": (
        _("Line engineer"),
        _("Provider lines, numbers, incidents and maintenance. Needs a second factor."),
    ),
    "Auditor": (_("Auditor"), _("Reads everything, and changes nothing.")),
    OWNER: (
        _("Line owner"),
        _("Everything, people and keys too. Needs a second factor."),
    ),
}
NO_ROLE = _("No role: sees nothing")


def called(role: str) -> str | Promise:
    return ROLES[role][0] if role in ROLES else NO_ROLE
