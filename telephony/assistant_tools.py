"""Whom an assistant may give calls to, on its page."""

from collections.abc import Iterable
from typing import ClassVar

from agentworker.parts.tool_forms import Directory
from agentworker.parts.tools import ToolsPart
from telephony.models import Colleague, Team
from telephony.numbers import NumberError, e164


def people() -> Iterable[tuple[str, str]]:
    """Two queries."""
    for team in Team.objects.kept().order_by("name"):
        yield f"team:{team.key}", team.name
    for colleague in Colleague.objects.kept().order_by("name"):
        yield f"colleague:{colleague.key}", colleague.name


def number(text: str) -> str:
    try:
        return e164(text)
    except NumberError:
        return ""


class LineToolsPart(ToolsPart):
    directory: ClassVar[Directory] = Directory(people, number)
