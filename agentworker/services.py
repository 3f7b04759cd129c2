"""What staff do with assistants: write, publish, and go back to what one said before."""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from agentworker.content import Content
from agentworker.models import Agent, AgentDraft, AgentVersion, Company
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


def words_of(content: Content) -> Words:
    return Words(**{name: getattr(content, name) for name in Words.__dataclass_fields__})


@transaction.atomic
def save_draft(agent: Agent, words: Words, user: User | None) -> AgentDraft | None:
    """What callers will hear once it is published; None where that is what they hear already.

    An assistant has a draft only while that differs from its newest version.
    """
    _hold(agent)
    newest = agent.newest()
    if newest is not None and words_of(newest) == words:
        drop_draft(agent)
        return None
    values = {**asdict(words), "changed_by": user}
    return AgentDraft.objects.update_or_create(agent=agent, defaults=values)[0]


def drop_draft(agent: Agent) -> bool:
    """Forget what was written and not published. False: there was nothing."""
    return AgentDraft.objects.filter(agent=agent).delete()[0] > 0


@transaction.atomic
def publish(agent: Agent, words: Words, note: str, user: User | None) -> AgentVersion | None:
    """A new version if the words are new; None if the newest one says the same.

    A draft that says something else stays, as where somebody goes back to an old version meanwhile.
    """
    _hold(agent)
    newest = agent.newest()
    version = None
    if newest is None or words_of(newest) != words:
        number = newest.number + 1 if newest else 1
        values = asdict(words)
        version = agent.versions.create(number=number, note=note, created_by=user, **values)
    draft = AgentDraft.objects.filter(agent=agent).first()
    if draft is not None and words_of(draft) == words:
        drop_draft(agent)
    return version


def save_words(agent: Agent, words: Words, user: User | None) -> AgentVersion | None:
    """Write and publish in one step, where nobody looks at it in between."""
    return publish(agent, words, "", user)


def name_company(name: str) -> None:
    """What {company} stands for from now on."""
    row = Company.objects.order_by("pk").first() or Company()
    row.name = name
    row.save()


def _hold(agent: Agent) -> None:
    """Two people who save at once get a number each."""
    Agent.objects.select_for_update().get(pk=agent.pk)
