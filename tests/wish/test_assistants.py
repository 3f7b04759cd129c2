"""What an assistant says is withdrawn, or emptied, only by somebody who saw whom that leaves."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from agentworker.models import Agent, AgentVersion
from agentworker.versions import NoScriptError, newest_version
from telephony import changes
from telephony.lights import lights
from telephony.models import DispatchRule, PhoneNumber, Trunk
from tests.wish.pages import agree
from veyra.models import User

pytestmark = pytest.mark.django_db
FIRST = "+7 499 112-41-48"
LOST = f"{FIRST} will reach nobody. Now: Support."
SILENCE = f"Callers of {FIRST} would hear silence."


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr("telephony.changes.wake", asked.append)
    return asked


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("anna", language="en", time_zone="UTC"))
    return client


@pytest.fixture
def agent() -> Agent:
    """It answers the one number."""
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    agent = Agent.objects.create(name="Support")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello.")
    DispatchRule.objects.create(name="All", agent=agent).trunks.add(trunk)
    return agent


def page(agent: Agent, name: str) -> str:
    return f"/admin/agentworker/agent/{agent.pk}/{name}/"


def form(**values: str) -> dict[str, Any]:
    none = {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    return {"name": "Support", "language": "en", **none, **values}


def test_what_it_says_is_withdrawn_and_published_again_with_a_look_at_whom_that_means(
    staff: Client, agent: Agent, woken: list[str]
) -> None:
    url = page(agent, "unpublish")
    assert LOST in staff.get(url).content.decode()
    token = staff.post(url).context["panel"]["token"]
    assert "Tick here, or go back." in staff.post(url, {"seen": token}).content.decode()
    assert Agent.objects.get().is_published
    assert agree(staff, url).status_code == 302
    (light,) = lights(PhoneNumber.objects.all()).values()
    assert str(light.sentence) == "What “Support” says is not published. Publish it again."
    with pytest.raises(NoScriptError):
        newest_version(str(agent.key))
    assert "1 · not published" in staff.get("/admin/agentworker/agent/").content.decode()
    again = page(agent, "publish")
    assert f"{FIRST}: nobody -&gt; Support." in staff.get(again).content.decode()
    assert agree(staff, again).status_code == 302
    assert newest_version(str(agent.key)).number == 1
    assert woken == ["telephony.apply"] * 2


def test_looking_at_the_question_changes_nothing_even_where_no_caller_would_notice(
    staff: Client, agent: Agent
) -> None:
    DispatchRule.objects.update(is_active=False)
    shown = staff.get(page(agent, "unpublish")).content.decode()
    assert "Nothing changes for callers." in shown
    assert Agent.objects.get().is_published
    assert staff.post(page(agent, "unpublish")).status_code == 302
    assert not Agent.objects.get().is_published


def test_new_words_of_an_assistant_that_is_not_published_wait(staff: Client, agent: Agent) -> None:
    agree(staff, page(agent, "unpublish"))
    opened = staff.get(page(agent, "change")).content.decode()
    assert "It answers nobody." in opened and 'href="../publish/"' in opened
    assert 'href="../unpublish/"' not in opened
    assert staff.post(page(agent, "change"), form(greeting="Welcome.")).status_code == 302
    assert not Agent.objects.get().is_published
    agree(staff, page(agent, "publish"))
    assert newest_version(str(agent.key)).greeting == "Welcome."


@pytest.mark.parametrize("greeting", ["", "   ", "…", " - ?! "])
def test_a_greeting_that_says_nothing_is_refused_with_whose_callers_would_hear_it(
    staff: Client, agent: Agent, greeting: str
) -> None:
    answer = staff.post(page(agent, "change"), form(greeting=greeting))
    (told,) = answer.context["adminform"].form.errors["greeting"]
    assert told.startswith(SILENCE) and "press “Unpublish” below" in told
    assert AgentVersion.objects.get().greeting == "Hello."


def test_a_greeting_that_says_nothing_is_refused_where_nobody_calls_yet(staff: Client) -> None:
    answer = staff.post("/admin/agentworker/agent/add/", form(greeting=""))
    (told,) = answer.context["adminform"].form.errors["greeting"]
    assert told.startswith("Callers would hear silence.")


def test_many_numbers_are_not_listed_without_end(staff: Client, agent: Agent) -> None:
    for n in range(9):
        number = f"+7499112410{n}"
        PhoneNumber.objects.create(number=number, trunk=Trunk.objects.get())
    answer = staff.post(page(agent, "change"), form(greeting=""))
    (told,) = answer.context["adminform"].form.errors["greeting"]
    assert told.count("+7 499") == 5 and "…" in told


def test_only_who_may_change_assistants_withdraws_what_one_says(
    client: Client, agent: Agent
) -> None:
    user = User.objects.create_user("viewer", is_staff=True, language="en")
    user.user_permissions.add(Permission.objects.get(codename="view_agent"))
    client.force_login(user)
    assert 'href="../unpublish/"' not in client.get(page(agent, "change")).content.decode()
    for name in ("unpublish", "publish"):
        assert client.post(page(agent, name)).status_code == 403
    assert Agent.objects.get().is_published


def test_a_rule_for_an_assistant_that_is_not_published_needs_a_tick(agent: Agent) -> None:
    Agent.objects.update(is_published=False)
    DispatchRule.objects.update(is_active=False)
    key = str(DispatchRule.objects.get().key)
    change = changes.Change(model="rule", key=key, values={"is_active": True})
    found = changes.preview(changes.Edit(changes=(change,)))
    assert found.needs_tick
    assert "“Support” says is not published, so callers of “All”" in str(found.warnings[0])


def test_a_save_of_words_leaves_alone_what_another_page_does_at_that_moment(
    staff: Client, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Agent.save

    def late(row: Agent, **values: Any) -> None:
        Agent.objects.update(is_published=False)
        save(row, **values)

    monkeypatch.setattr(Agent, "save", late)
    staff.post(page(agent, "change"), form(greeting="Welcome."))
    assert not Agent.objects.get().is_published


def test_whose_calls_are_recorded_from_now_on_is_told(staff: Client, agent: Agent) -> None:
    url = f"/admin/agentworker/agent/{agent.pk}/change/"
    words = form(greeting="Hello.", recording="always", revision=str(agent.revision))
    told = [str(each) for each in staff.post(url, words, follow=True).context["messages"]]
    assert f"{FIRST}: all calls are recorded. Let the greeting say so to the callers." in told
    agent.refresh_from_db()
    again = form(greeting="Hi.", recording="always", revision=str(agent.revision))
    told = [str(each) for each in staff.post(url, again, follow=True).context["messages"]]
    assert not any("recorded" in each for each in told)


def test_a_full_menu_is_refused_where_a_rule_asks_callers(staff: Client, agent: Agent) -> None:
    DispatchRule.objects.update(recording="agreed")
    full = "\n".join(f"{key} = Yes" for key in "0123456789")
    words = form(greeting="Hello.", menu=full, revision=str(agent.revision))
    answer = staff.post(f"/admin/agentworker/agent/{agent.pk}/change/", words)
    assert "ten keys" in str(answer.context["adminform"].form.errors["recording"])
