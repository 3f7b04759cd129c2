"""A draft is written, published, and old words come back, in whatever order people do it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentworker.models import Agent, AgentDraft, Company
from agentworker.services import (
    Words,
    drop_draft,
    name_company,
    publish,
    save_draft,
    words_of,
)

pytestmark = pytest.mark.django_db
WORDS = Words("ru", "Алло", [], [])
said = st.sampled_from(["Алло", "Добрый день", "Слушаю"]).map(
    lambda text: replace(WORDS, greeting=text)
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("save"), said),
        st.tuples(st.just("publish"), st.none()),
        st.tuples(st.just("back"), st.integers(1, 4)),
        st.tuples(st.just("drop"), st.none()),
    ),
    max_size=12,
)


def do(agent: Agent, what: str, value: Any) -> None:
    if what == "save":
        save_draft(agent, value, None)
    elif what == "publish" and (written := agent.written()):
        publish(agent, words_of(written), "", None)
    elif what == "back" and (old := agent.versions.filter(number=value).first()):
        publish(agent, words_of(old), "", None)
    elif what == "drop":
        drop_draft(agent)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_versions_stay_as_they_were_and_a_draft_is_only_what_differs(
    taken: list[tuple[str, Any]],
) -> None:
    Agent.objects.all().delete()
    agent, known = Agent.objects.create(name="A"), dict[int, str]()
    for what, value in taken:
        do(agent, what, value)
        rows = {row.number: row.greeting for row in agent.versions.all()}
        assert known.items() <= rows.items()
        assert sorted(rows) == list(range(1, len(rows) + 1))
        known = rows
        newest, draft = agent.newest(), AgentDraft.objects.filter(agent=agent).first()
        assert draft is None or newest is None or words_of(draft) != words_of(newest)
        if what == "save":
            written = agent.written()
            assert written is not None and words_of(written) == value


def test_a_way_back_keeps_the_draft() -> None:
    agent = Agent.objects.create(name="A")
    publish(agent, WORDS, "", None)
    publish(agent, replace(WORDS, greeting="Добрый день"), "", None)
    save_draft(agent, replace(WORDS, greeting="Слушаю"), None)
    version = publish(agent, WORDS, "Back", None)
    assert version is not None and (version.number, version.note) == (3, "Back")
    assert agent.draft.greeting == "Слушаю"


def test_the_company_has_one_name() -> None:
    name_company("Теплица")
    name_company("Улыбка")
    assert [str(row) for row in Company.objects.all()] == ["Улыбка"]
