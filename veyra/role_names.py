"""What the groups of people and services are called."""

from django.utils.translation import gettext, gettext_noop

NAMES = {
    "Auditor": gettext_noop("Auditor"),
    "Engineer": gettext_noop("Line engineer"),
    "Manager": gettext_noop("Manager"),
    "Operator": gettext_noop("Operator"),
    "Owner": gettext_noop("Line owner"),
    "Supervisor": gettext_noop("Shift supervisor"),
    "Viewer": gettext_noop("Reader"),
}


def called(role: str) -> str:
    return gettext(NAMES.get(role, role))
