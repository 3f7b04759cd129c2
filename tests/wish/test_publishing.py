"""What an assistant's callers will hear is looked at, then published; old words come back."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from agentworker.keys import ProviderKey
from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.providers.errors import SENTENCES, Kind
from agentworker.services import Words, publish, save_draft
from agentworker.versions import newest_version
from telephony.lights import lights
from telephony.models import DispatchRule, PhoneNumber, Trunk
from veyra.models import User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
FIRST = "+7 499 112-41-48"
WORDS = Words("en", "Hello.", [], [])


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
    """Written, and heard by nobody, though it is to answer the one number."""
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    agent = Agent.objects.create(name="Support")
    save_draft(agent, WORDS, None)
    DispatchRule.objects.create(name="All", agent=agent).trunks.add(trunk)
    return agent


def url(agent: Agent, version: int | None = None) -> str:
    asked = f"?version={version}" if version else ""
    return f"/admin/agentworker/agent/{agent.pk}/publish/{asked}"


def seen(shown: Any, **values: str) -> dict[str, str]:
    """What a person sends who read the page."""
    context = shown.context
    told = {"seen": context["seen"], "revision": str(context["original"].revision)}
    return {"note": context["form"]["note"].value() or "", **told, **values}


def test_an_assistant_that_is_only_a_draft_answers_nobody_and_the_light_says_so(
    agent: Agent,
) -> None:
    (light,) = lights(PhoneNumber.objects.all()).values()
    assert light.sentence.msgid.endswith("is not published yet. Publish it.")


def test_a_key_that_does_not_work_is_told_before_callers_need_it(
    staff: Client, agent: Agent
) -> None:
    key = ProviderKey.objects.create(name="Ours", provider="openai", secret="x")
    speech = {"mind": [{"provider": "openai", "key": str(key.key)}]}
    save_draft(agent, replace(WORDS, speech=speech), None)
    told = "The key “Ours” does not work"
    assert told not in staff.get(url(agent)).content.decode()
    verdict = Sentence(SENTENCES[Kind.REFUSED]).to_json()
    ProviderKey.objects.update(works=False, verdict=verdict)
    page = staff.get(url(agent)).content.decode()
    assert f"{told}: The key is refused." in page and ">Publish</button>" in page


def test_its_first_words_are_published_with_a_look_at_whom_that_reaches(
    staff: Client, agent: Agent, woken: list[str]
) -> None:
    shown = staff.get(url(agent))
    assert f"{FIRST}: nobody -&gt; Support." in shown.content.decode()
    assert shown.context["form"]["note"].value() == "First version."
    assert staff.post(url(agent), seen(shown)).status_code == 302
    assert newest_version(str(agent.key)).note == "First version."
    assert not AgentDraft.objects.exists() and woken == ["telephony.apply"]


@pytest.fixture
def heard(agent: Agent) -> Agent:
    """It answers, and has a draft besides."""
    publish(agent, WORDS, "", None)
    save_draft(agent, replace(WORDS, greeting="Good day."), None)
    return agent


def test_new_words_are_published_without_touching_the_line(
    staff: Client, heard: Agent, woken: list[str]
) -> None:
    shown = staff.get(url(heard))
    page = shown.content.decode()
    assert "<del>Hello</del>" in page and "<ins>Good day</ins>" in page
    assert shown.context["form"]["note"].value() == "Changed: greeting."
    answer = staff.post(url(heard), seen(shown, note="We greet by day"), follow=True)
    assert "Callers hear version 2" in answer.content.decode()
    version = newest_version(str(heard.key))
    assert (version.greeting, version.note) == ("Good day.", "We greet by day")
    assert version.created_by == User.objects.get() and woken == []
    assert "version 2" in LogEntry.objects.get().change_message


def test_words_that_somebody_rewrote_meanwhile_are_shown_again(staff: Client, heard: Agent) -> None:
    shown = staff.get(url(heard))
    form = {"name": "Support", "language": "en", "greeting": "Theirs.", "revision": "1"}
    staff.post(f"/admin/agentworker/agent/{heard.pk}/change/", form)
    again = staff.post(url(heard), seen(shown))
    assert "Something changed since you looked." in again.content.decode()
    assert AgentVersion.objects.count() == 1
    staff.post(url(heard), seen(again))
    assert newest_version(str(heard.key)).greeting == "Theirs."


def test_two_who_publish_at_once_make_one_version(staff: Client, heard: Agent) -> None:
    shown = staff.get(url(heard))
    staff.post(url(heard), seen(shown))
    answer = staff.post(url(heard), seen(shown), follow=True)
    assert "Callers hear it so already." in answer.content.decode()
    assert AgentVersion.objects.count() == 2


def test_old_words_come_back_as_a_new_version_and_the_draft_stays(
    staff: Client, heard: Agent
) -> None:
    publish(heard, replace(WORDS, greeting="Second."), "", None)
    shown = staff.get(url(heard, 1))
    assert "The draft stays" in shown.content.decode()
    assert shown.context["form"]["note"].value() == "Back to version 1."
    assert staff.post(url(heard), seen(shown, version="1")).status_code == 302
    version = newest_version(str(heard.key))
    assert (version.number, version.greeting) == (3, "Hello.")
    assert AgentDraft.objects.get().greeting == "Good day."


@pytest.mark.parametrize("version", ["9", "x", "²", "-1"])
def test_there_is_no_way_back_to_a_version_that_is_not_there(
    staff: Client, heard: Agent, version: str
) -> None:
    page = f"/admin/agentworker/agent/{heard.pk}/publish/?version={version}"
    assert staff.get(page).status_code == 404


def test_an_assistant_of_which_nothing_is_written_cannot_be_published(staff: Client) -> None:
    assert staff.get(url(Agent.objects.create(name="Empty"))).status_code == 404


def test_words_that_leave_no_key_to_agree_by_are_not_published(staff: Client, heard: Agent) -> None:
    menu = [{"press": key, "about": "", "say": "Yes."} for key in "0123456789"]
    save_draft(heard, replace(WORDS, menu=menu), None)
    DispatchRule.objects.update(recording="agreed")
    shown = staff.get(url(heard))
    assert "leaves no key" in shown.content.decode()
    assert staff.post(url(heard), seen(shown)).status_code == 200
    assert AgentVersion.objects.count() == 1


def test_versions_are_compared_side_by_side(staff: Client, heard: Agent) -> None:
    publish(heard, replace(WORDS, greeting="Hello, friend."), "Warmer", None)
    base = f"/admin/agentworker/agent/{heard.pk}/versions/"
    listed = staff.get(base).content.decode()
    assert "Warmer" in listed and listed.count("Return to this version") == 1
    before, with_draft = staff.get(f"{base}2/"), staff.get(f"{base}2/?with=draft")
    assert "<ins>, friend</ins>" in before.content.decode().replace("<ins>, </ins><ins>", "<ins>, ")
    assert "Good" in with_draft.content.decode() and with_draft.context["to_draft"]
    older = staff.get(f"{base}1/?with=2").context
    assert (older["older"].number, older["newer"].number) == (1, 2)
    assert "nothing before it" in staff.get(f"{base}1/").content.decode()


def test_a_list_of_versions_takes_as_many_queries_as_there_are_pages(
    staff: Client, heard: Agent, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        publish(heard, replace(WORDS, greeting=f"Hello {n}."), "", User.objects.get())
    with django_assert_max_num_queries(14):
        staff.get(f"/admin/agentworker/agent/{heard.pk}/versions/")
