"""What staff do with assistants."""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from agentworker.models import Agent, AgentVersion
from veyra.models import User


@dataclass(frozen=True)
class Words:
    """What a person wrote: the columns of Content."""

    language: str
    greeting: str
    menu: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    fallback: str = ""
    goodbye: str = ""
    consent: str = ""
    instructions: str = ""
    speech: dict[str, Any] = field(default_factory=dict)
    tools: list[dict[str, Any]] = field(default_factory=list)
    knowledge: list[str] = field(default_factory=list)
    noting: list[dict[str, Any]] = field(default_factory=list)


@transaction.atomic
def save_words(agent: Agent, words: Words, user: User | None) -> AgentVersion | None:
    """A new version if the words are new; None if the newest one says the same."""
    # Two people who save at once get a number each.
    Agent.objects.select_for_update().get(pk=agent.pk)
    newest = agent.newest()
    if newest is not None and words_of(newest) == words:
        return None
    number = newest.number + 1 if newest else 1
    return agent.versions.create(number=number, created_by=user, **asdict(words))


def words_of(version: AgentVersion) -> Words:
    return Words(**{name: getattr(version, name) for name in Words.__dataclass_fields__})
