"""Which assistants use which key, and how a key stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from agentworker.keys import ProviderKey
from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Provider
from agentworker.providers.choosing import keys_of

# A test that was asked for is done by then, unless nobody works.
SOON = timedelta(seconds=60)
State = Literal["testing", "works", "fails", "locked", "untested", "untestable"]


@dataclass(frozen=True)
class Standing:
    """A key as its page shows it. `used_by`: names of assistants."""

    row: ProviderKey
    provider: Provider | None
    state: State
    used_by: Sequence[str]

    @property
    def colour(self) -> str:
        """The page looks again as long as it is tested."""
        return "warning" if self.state == "testing" else ""


def standing(row: ProviderKey, used_by: Sequence[str], now: datetime) -> Standing:
    provider = PROVIDERS.get(row.provider)
    return Standing(row, provider, state_of(row, provider, now), used_by)


def state_of(row: ProviderKey, provider: Provider | None, now: datetime) -> State:
    if row.is_locked:
        return "locked"
    if provider is None or provider.check is None or not provider.is_installed:
        return "untestable"
    if is_being_tested(row, now):
        return "testing"
    if row.works is None:
        return "untested"
    return "works" if row.works else "fails"


def is_being_tested(row: ProviderKey, now: datetime) -> bool:
    """It is due, or was claimed a moment ago and has not told yet."""
    return row.due_at is not None and (
        now - SOON < row.due_at <= now or (row.works is None and row.due_at > now)
    )


def current_versions() -> QuerySet[AgentVersion]:
    """What callers of the assistants that are in use hear."""
    kept = Agent.objects.kept().filter(is_published=True)
    newest = AgentVersion.objects.filter(agent=OuterRef("agent")).order_by("-number")
    rows = AgentVersion.objects.filter(agent__in=kept, pk=Subquery(newest.values("pk")[:1]))
    return rows.select_related("agent").order_by("agent__name")


def used_by() -> dict[str, list[str]]:
    """ProviderKey.key -> names of the assistants that answer by it, or will."""
    found: dict[str, dict[str, None]] = {}
    drafts = AgentDraft.objects.filter(agent__in=Agent.objects.kept()).select_related("agent")
    contents: list[AgentVersion | AgentDraft] = [*current_versions(), *drafts]
    for content in contents:
        for key in named_in(content.speech, content.tools):
            found.setdefault(key, {})[content.agent.name] = None
    return {key: list(names) for key, names in found.items()}


def named_in(speech: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]) -> set[str]:
    return keys_of(speech) | {str(tool["key"]) for tool in tools if tool.get("key")}


def put_away(row: ProviderKey) -> None:
    """Nobody uses it any more; its secrets are not kept for nothing."""
    row.archived_at, row.secret, row.proxy, row.due_at = timezone.now(), "", "", None
    row.revision += 1
    row.save()
