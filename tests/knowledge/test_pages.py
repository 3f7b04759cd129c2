"""What staff see and press where an assistant is given documents, and what it makes of them."""

import asyncio
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agentworker.knowledge.adding import KnowledgeError, add_words
from agentworker.knowledge.models import Document
from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.parts.knowledge import KnowledgePart
from agentworker.tools import KINDS, configs_of, tools_for
from agentworker.tools.kind import Scene
from agentworker.tools.using import use
from agentworker.trying.line import RehearsalLine
from agentworker.versions import script_of
from veyra.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("anna", language="en", time_zone="UTC"))
    return client


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Добрый день.")
    return agent


def saved(staff: Client, agent: Agent, **values: Any) -> Any:
    form = {"name": "Support", "language": "ru", "greeting": "Добрый день.", "revision": "1"}
    return staff.post(f"/admin/agentworker/agent/{agent.pk}/change/", {**form, **values})


def test_a_file_is_known_to_the_draft_and_not_yet_to_callers(staff: Client, agent: Agent) -> None:
    file = SimpleUploadedFile("prices.md", "# Цены\n\nЧистка — 3000.".encode())
    assert saved(staff, agent, **{"knowledge-file": file}).status_code == 302
    (document,) = Document.objects.all()
    assert AgentDraft.objects.get().knowledge == [str(document.key)]
    assert AgentVersion.objects.get().knowledge == []
    assert "prices.md" in staff.get(f"/admin/agentworker/agent/{agent.pk}/change/").content.decode()


def test_a_file_need_not_be_chosen_again_where_something_else_was_wrong(
    staff: Client, agent: Agent
) -> None:
    file = SimpleUploadedFile("prices.md", "Чистка — 3000.".encode())
    answer = saved(staff, agent, greeting="…", **{"knowledge-file": file})
    assert answer.status_code == 200
    (document,) = Document.objects.all()
    assert f'value="{document.key}" checked' in answer.content.decode()
    assert saved(staff, agent, **{"knowledge-known": str(document.key)}).status_code == 302
    assert AgentDraft.objects.get().knowledge == [str(document.key)]


def test_what_cannot_be_read_is_told_beside_it_and_nothing_is_saved(
    staff: Client, agent: Agent
) -> None:
    file = SimpleUploadedFile("photo.jpg", b"\xff\xd8")
    answer = saved(staff, agent, **{"knowledge-file": file, "knowledge-address": "nonsense"})
    html = answer.content.decode()
    assert "“photo.jpg” is of a kind that cannot be read." in html
    assert "Write a whole address" in html and 'value="nonsense"' in html
    assert not AgentDraft.objects.exists()


def test_a_name_without_words_is_not_lost_in_silence(staff: Client, agent: Agent) -> None:
    html = saved(staff, agent, **{"knowledge-title": "Discounts"}).content.decode()
    assert "Write the words, too" in html and 'value="Discounts"' in html
    assert not AgentDraft.objects.exists()


def test_a_document_whose_tick_is_gone_is_forgotten_by_the_draft_alone(
    staff: Client, agent: Agent
) -> None:
    key = str(add_words("prices", "Чистка — 3000.", None).key)
    agent.versions.update(knowledge=[key])
    assert saved(staff, agent).status_code == 302
    assert AgentDraft.objects.get().knowledge == []
    assert AgentVersion.objects.get().knowledge == [key]


def test_staff_are_told_that_who_does_not_think_looks_into_no_documents(
    staff: Client, agent: Agent
) -> None:
    def page() -> str:
        return staff.get(f"/admin/agentworker/agent/{agent.pk}/change/").content.decode()

    told = "It does not look here yet"
    assert told not in page()
    agent.versions.update(knowledge=[str(add_words("prices", "Чистка — 3000.", None).key)])
    assert told in page()
    assert "looks nothing up" in staff.get(f"/assistants/{agent.pk}/try/").content.decode()
    agent.versions.update(speech={"mind": [{"provider": "yandex"}]})
    assert told not in page()
    assert "looks nothing up" not in staff.get(f"/assistants/{agent.pk}/try/").content.decode()


def test_staff_see_which_passage_a_question_finds(staff: Client) -> None:
    ours = add_words("prices", "Чистка — 3000 рублей.", None)
    add_words("others", "Чистка — 9000 рублей.", None)
    asked = {"known": [str(ours.key), "nonsense"], "question": "сколько стоят чистки"}
    html = staff.post("/assistants/knowledge/find/", asked).content.decode()
    assert "3000" in html and "9000" not in html and "passage 1" in html
    asked["question"] = "где вы находитесь"
    assert "Nothing." in staff.post("/assistants/knowledge/find/", asked).content.decode()


def test_a_document_is_shown_as_the_assistant_reads_it(staff: Client) -> None:
    row = add_words("prices", "<b>Чистка</b> — 3000 рублей.", None)
    html = staff.get(f"/assistants/knowledge/{row.pk}/").content.decode()
    assert 'id="nav-sidebar"' in html
    assert "&lt;b&gt;Чистка&lt;/b&gt;" in html


@pytest.mark.django_db(transaction=True)
def test_its_mind_is_given_the_passages_and_staff_are_told_which(agent: Agent) -> None:
    key = str(add_words("prices", "Чистка — 3000 рублей.", None).key)
    agent.versions.update(knowledge=[key])
    script = script_of(agent.versions.get())
    assert [one["kind"] for one in configs_of(script)] == ["knowledge"]
    line = RehearsalLine("ru")
    assert len(tools_for(script, line)) == 1
    scene = Scene("ru", line, script.knowledge)
    asked = {"words": "цена чистки"}
    done = asyncio.run(use(KINDS["knowledge"], configs_of(script)[0], scene, asked))
    assert done.text == "Чистка — 3000 рублей."
    assert [(each.ok, each.values) for each in line.uses] == [(True, {"passages": [["prices", 1]]})]


def test_of_a_file_without_end_no_more_is_read_than_is_taken(agent: Agent) -> None:
    class Endless:
        name = "prices.txt"

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            return b"x" * size

    [(_field, add)] = KnowledgePart(agent=agent)._gifts({"file": Endless()})
    with pytest.raises(KnowledgeError):
        add()
