"""What the pages of an assistant show of its draft and its versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agentworker.company import company_name
from agentworker.comparing import Entry, differences, entries
from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.placeholders import values
from agentworker.providers.catalog import Text
from agentworker.services import words_of
from agentworker.versions import PK

# Newest first; whoever looks for an older one knows its number from a call.
SHOWN = 100
DRAFT = "draft"
EXAMPLE_CALLER = "+79161234567"
PLACES: dict[str, Text] = {
    "company": _("what your company is called"),
    "time_of_day": _("how people greet at that hour"),
    "today": _("the day of the call"),
    "caller_number": _("the number of the caller"),
}


@dataclass(frozen=True)
class Place:
    """What somebody may write in an assistant's words, and what callers hear instead of it now."""

    name: str
    about: Text
    now: str


def places(language: str) -> list[Place]:
    """`language`: that of the pages."""
    now = values_now("en" if language.startswith("en") else "ru")
    return [Place(name, about, now[name]) for name, about in PLACES.items()]


def values_now(language: str, company: str = "") -> dict[str, str]:
    """As in a call that comes now, of an invented caller. `company`: where none is kept yet."""
    return values(language, timezone.localtime(), EXAMPLE_CALLER, company_name() or company)


def state(agent: Agent) -> dict[str, Any]:
    """How its draft and its newest version stand."""
    draft = AgentDraft.objects.filter(agent=agent).select_related("changed_by").first()
    newest = agent.versions.select_related("created_by").order_by("-number").first()
    return {"draft": draft, "newest": newest}


def whole(agent: Agent) -> dict[str, Sequence[Entry]]:
    """Everything that is written of it, for who only reads: what callers hear, or else a draft."""
    shown = agent.newest() or agent.written()
    return {"entries": filled(entries(words_of(shown))) if shown else ()}


def filled(found: Sequence[Entry]) -> list[Entry]:
    return [each for each in found if each.text]


def history(agent: Agent) -> dict[str, Any]:
    rows = agent.versions.select_related("created_by").order_by("-number")
    return {"versions": list(rows[:SHOWN])}


def compared(agent: Agent, number: int, other: str) -> dict[str, Any] | None:
    """One version, and what differs from `other`: a number, DRAFT, or "" for the one before it.
    None: there is no such version.
    """
    rows = {row.number: row for row in agent.versions.select_related("created_by")}
    version = rows.get(number)
    if version is None:
        return None
    older, newer = _pair(agent, rows, version, other)
    return {
        "version": version,
        "older": older,
        "newer": newer,
        "to_draft": isinstance(newer, AgentDraft),
        "differences": differences(words_of(older), words_of(newer)) if older else [],
        "entries": filled(entries(words_of(version))),
        "others": sorted(rows, reverse=True)[:SHOWN],
    }


def _pair(
    agent: Agent, rows: Mapping[int, AgentVersion], version: AgentVersion, other: str
) -> tuple[AgentVersion | None, AgentVersion | AgentDraft]:
    """Two to compare, the older one first, whichever was asked for."""
    draft = AgentDraft.objects.filter(agent=agent).first() if other == DRAFT else None
    if draft is not None:
        return version, draft
    asked = rows.get(int(other)) if PK.fullmatch(other) else None
    before = max((each for each in rows if each < version.number), default=0)
    against = asked or rows.get(before)
    if against is not None and against.number > version.number:
        return version, against
    return against, version
