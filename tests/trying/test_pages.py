"""The pages on which assistants are tried."""

import json
from typing import Any

import pytest
from django.test import Client

from agentworker.models import Agent, AgentDraft, AgentVersion, Scenario, Trial
from agentworker.trying import asking, scenario_form, showing, working
from agentworker.trying.steps import Kind, Must, Step
from veyra.models import User

pytestmark = pytest.mark.django_db

RULES = [{"words": ["цена", "стоит"], "say": "Чистка стоит тысячу рублей."}]
TOOLS = [{"kind": "transfer", "name": "sales", "to": "team:1", "whom": "Отдел продаж"}]


@pytest.fixture
def user() -> User:
    return User.objects.create_superuser("owner", password="secret", language="en")


@pytest.fixture
def staff(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Клиника")
    words = {"language": "ru", "greeting": "Здравствуйте!", "rules": RULES, "tools": TOOLS}
    AgentVersion.objects.create(agent=agent, number=1, **words)
    return agent


def form(**changes: str) -> dict[str, str]:
    return {
        "name": "Цена",
        "step-0-say": "Сколько стоит чистка?",
        "step-0-must-0-kind": "says",
        "step-0-must-0-text": "тысяча",
        "step-1-say": "",
        "step-1-must-0-kind": "",
        **changes,
    }


def test_what_nobody_has_published_can_be_tried(staff: Client, agent: Agent) -> None:
    AgentDraft.objects.create(agent=agent, language="ru", greeting="Алло")
    page = staff.get(f"/assistants/{agent.pk}/try/").content.decode()
    assert 'data-what="draft"' in page
    assert "Version 1" in page and "Draft" in page


def test_an_assistant_without_words_says_where_they_are_written(staff: Client) -> None:
    agent = Agent.objects.create(name="Пустой")
    page = staff.get(f"/assistants/{agent.pk}/try/").content.decode()
    assert "Write it" in page
    assert staff.post(f"/assistants/{agent.pk}/try/text/", {"what": "draft"}).status_code == 409
    assert staff.get(f"/assistants/{agent.pk}/scenarios/").status_code == 200


def test_a_talk_by_text(staff: Client, agent: Agent) -> None:
    doors = staff.post(f"/assistants/{agent.pk}/try/text/", {"what": "draft"}).json()
    working.work()
    assert staff.post(doors["say"], {"text": "Сколько стоит чистка?"}).status_code == 200
    waiting = staff.get(doors["lines"]).json()
    assert [bool(line["answer"]) for line in waiting["lines"]] == [True, False]
    working.work()
    told = staff.get(doors["lines"]).json()
    assert told["lines"][1]["answer"]["said"] == ["Чистка стоит тысячу рублей."]
    assert staff.post(doors["say"], {"text": "  "}).status_code == 409


def test_a_talk_by_voice_has_a_room_of_its_own(staff: Client, agent: Agent) -> None:
    rooms = set()
    for _time in range(2):
        told = staff.post(f"/assistants/{agent.pk}/try/voice/", {"what": "draft"}).json()
        rooms.add(told["token"])
    assert len(rooms) == 2
    assert set(Trial.objects.values_list("way", "what")) == {("voice", "draft")}


def test_a_talk_is_nobody_elses(staff: Client, agent: Agent) -> None:
    other = User.objects.create_superuser("other")
    trial = asking.begin_text(agent, "draft", other)
    assert staff.get(f"/trials/{trial.pk}/").status_code == 404
    assert staff.post(f"/trials/{trial.pk}/say/", {"text": "Алло"}).status_code == 404


def test_a_scenario_is_written_played_and_deleted(staff: Client, agent: Agent) -> None:
    staff.post(f"/assistants/{agent.pk}/scenarios/new/", form())
    scenario = Scenario.objects.get()
    assert scenario.steps == [
        {
            "say": "Сколько стоит чистка?",
            "press": "",
            "must": [{"kind": "says", "text": "тысяча", "tool": ""}],
        }
    ]
    page = f"/assistants/{agent.pk}/scenarios/"
    assert "data-waiting" in staff.get(page).content.decode()
    working.work()
    told = staff.get(page + "?part=1").content.decode()
    assert "1 passed" in told and "Чистка стоит тысячу рублей." in told
    staff.post(f"/scenarios/{scenario.pk}/", form(**{"step-0-must-0-text": "даром"}))
    assert "before your last change" not in staff.get(page).content.decode()
    working.work()
    assert "1 failed" in staff.get(page).content.decode()
    staff.post(f"/scenarios/{scenario.pk}/delete/")
    assert not Scenario.objects.exists()


def test_what_is_wrong_is_told_and_nothing_written_is_lost(staff: Client, agent: Agent) -> None:
    wrong = form(**{"step-0-must-0-text": "", "name": ""})
    page = staff.post(f"/assistants/{agent.pk}/scenarios/new/", wrong).content.decode()
    assert "Give it a name" in page and "Row 1" in page
    assert "Сколько стоит чистка?" in page
    assert not Scenario.objects.exists()


def test_two_scenarios_have_two_names(staff: Client, agent: Agent) -> None:
    for _time in range(2):
        page = staff.post(f"/assistants/{agent.pk}/scenarios/new/", form())
    assert "already a scenario with this name" in page.content.decode()


def test_a_changed_draft_makes_a_play_an_old_one(staff: Client, agent: Agent) -> None:
    staff.post(f"/assistants/{agent.pk}/scenarios/new/", form())
    working.work()
    AgentDraft.objects.create(agent=agent, language="ru", greeting="Алло", rules=RULES)
    page = staff.get(f"/assistants/{agent.pk}/scenarios/").content.decode()
    assert "before your last change" in page and "1 not played" in page


def test_the_page_that_asks_before_publishing_is_told_how_they_stand(
    staff: Client, agent: Agent
) -> None:
    door = f"/assistants/{agent.pk}/scenarios/standing/"
    assert staff.get(door).content.strip() == b""
    bad = form(**{"step-0-must-0-text": "даром"})
    staff.post(f"/assistants/{agent.pk}/scenarios/new/", bad)
    assert "being played: 0 of 1" in staff.get(door).content.decode()
    working.work()
    assert "1 of 1 scenarios fails" in staff.get(door).content.decode()


def test_of_scenarios_without_words_nothing_is_told_before_publishing(staff: Client) -> None:
    """Its only draft was dropped."""
    agent = Agent.objects.create(name="Пустой")
    Scenario.objects.create(agent=agent, name="Цена", steps=[{"say": "Алло", "must": []}])
    answer = staff.get(f"/assistants/{agent.pk}/scenarios/standing/")
    assert answer.status_code == 200 and answer.content.strip() == b""


@pytest.mark.parametrize("what", ["9" * 30, "9" * 6000, "²"])
def test_what_is_no_version_is_told_as_gone(staff: Client, agent: Agent, what: str) -> None:
    answer = staff.post(f"/assistants/{agent.pk}/try/text/", {"what": what})
    assert answer.status_code == 409 and "not there any more" in answer.json()["error"]
    page = staff.get(f"/admin/agentworker/agent/{agent.pk}/versions/1/?with={what}")
    assert page.status_code == 200


@pytest.mark.parametrize("count", [1, 6])
def test_the_list_asks_the_database_as_often_whatever_its_length(
    staff: Client, agent: Agent, user: User, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        Scenario.objects.create(agent=agent, name=str(number), steps=[{"say": "Алло", "must": []}])
    asking.play(agent, "draft", agent.scenarios.all(), user)
    working.work()
    staff.get(f"/assistants/{agent.pk}/scenarios/")
    with django_assert_max_num_queries(14):
        staff.get(f"/assistants/{agent.pk}/scenarios/?part=1")


def test_rows_are_read_in_their_order_whatever_their_gaps() -> None:
    posted = {
        "name": " Цена ",
        "step-7-press": "1",
        "step-7-must-3-kind": "tool",
        "step-7-must-3-tool": "sales",
        "step-2-say": "Алло",
        "step-2-must-9-kind": "ends",
        "step-2-must-1-kind": "nonsense",
        "step-x-say": "?",
        "step-4-say": "",
    }
    written = scenario_form.read(posted)
    assert written.name == "Цена" and not written.problems
    assert written.steps == (
        Step("Алло", must=(Must(Kind.ENDS),)),
        Step(press="1", must=(Must(Kind.TOOL, tool="sales"),)),
    )
    again = scenario_form.of_stored("Цена", json.loads(json.dumps(written.as_json())))
    assert again.steps == written.steps


@pytest.mark.parametrize(
    ("must", "told"),
    [
        (Must(Kind.WITHIN, "soon"), "seconds"),
        (Must(Kind.TOOL), "choose what it must use"),
        (Must(Kind.SAYS, "..."), "what it is about"),
    ],
)
def test_a_demand_that_says_nothing_is_refused(must: Must, told: str) -> None:
    [problem] = scenario_form.problems("x", [Step("Алло", must=(must,))])
    assert told in str(problem)


def test_only_the_first_row_may_be_silent() -> None:
    steps = [Step(must=(Must(Kind.ENDS),)), Step(must=(Must(Kind.ENDS),))]
    [problem] = scenario_form.problems("x", steps)
    assert "Row 2" in str(problem)


def test_a_failing_scenario_asks_before_an_assistant_is_published(
    staff: Client, agent: Agent
) -> None:
    AgentDraft.objects.create(agent=agent, language="ru", greeting="Алло", rules=RULES)
    staff.post(f"/assistants/{agent.pk}/scenarios/new/", form(**{"step-0-must-0-text": "даром"}))
    working.work()
    door = f"/admin/agentworker/agent/{agent.pk}/publish/"
    asked = staff.get(door)
    page = asked.content.decode()
    assert "1 of 1 scenarios fails" in page and "Publish although" in page
    said = {"note": "", "seen": asked.context["seen"], "revision": agent.revision}
    assert "Put the tick" in staff.post(door, said).content.decode()
    assert agent.versions.count() == 1
    assert staff.post(door, {**said, "in_spite": "on"}).status_code == 302
    assert agent.versions.count() == 2


def test_who_goes_back_to_an_old_version_is_not_asked_about_scenarios(
    staff: Client, agent: Agent
) -> None:
    new = {"language": "ru", "greeting": "Алло"}
    AgentVersion.objects.create(agent=agent, number=2, **new)
    staff.post(f"/assistants/{agent.pk}/scenarios/new/", form(**{"step-0-must-0-text": "даром"}))
    working.work()
    door = f"/admin/agentworker/agent/{agent.pk}/publish/?version=1"
    assert "scenarios fail" not in staff.get(door).content.decode()


def test_what_it_may_do_is_called_as_people_call_it(agent: Agent) -> None:
    asked = {"kind": "http", "name": "order", "label": "State of an order"}
    draft = AgentDraft.objects.create(
        agent=agent, greeting="Алло", tools=[*TOOLS, asked], knowledge=["some document"]
    )
    assert showing.tools_of(draft) == {
        "sales": "Connect with a person: Отдел продаж",
        "order": "Ask another system: State of an order",
        "look_up": "Look into what it knows",
    }
