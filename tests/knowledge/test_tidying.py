"""A document goes when no draft and no version of an assistant names it any more."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agentworker.knowledge import tidying
from agentworker.knowledge.models import Document
from agentworker.models import Agent, AgentDraft, AgentVersion

pytestmark = pytest.mark.django_db


def test_only_what_nobody_names_for_a_day_goes() -> None:
    names = ("draft", "version", "nobody", "new")
    rows = {name: Document.objects.create(name=name, kind="text", text="x") for name in names}
    Document.objects.exclude(name="new").update(added_at=timezone.now() - timedelta(hours=25))
    agent, words = Agent.objects.create(name="A"), {"language": "ru", "greeting": "x"}
    AgentDraft.objects.create(agent=agent, knowledge=[str(rows["draft"].key)], **words)
    known = [str(rows["version"].key)]
    AgentVersion.objects.create(agent=agent, number=1, knowledge=known, **words)
    AgentVersion.objects.create(agent=agent, number=2, **words)
    assert tidying.forget(timezone.now()) == 1
    assert set(Document.objects.values_list("name", flat=True)) == {"draft", "version", "new"}
