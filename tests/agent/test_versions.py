"""Assistants in the admin: what is written is a draft, and what is published a version."""

import json

import pytest
from django.test import Client

from agentworker.brief import DRAFT, Brief, BriefError, read_brief
from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.recording import RecordingPolicy
from agentworker.services import Words, save_words
from agentworker.versions import NoScriptError, newest_version, script_of, tried
from veyra.models import User

pytestmark = pytest.mark.django_db

WORDS = Words("ru", "Алло", [{"press": "1", "about": "", "say": "Да"}], [])


@pytest.fixture
def owner() -> User:
    return User.objects.create_superuser("owner", password="secret")


@pytest.fixture
def staff(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def form(**changes: str) -> dict[str, str]:
    words = {"name": "Поддержка", "language": "ru", "greeting": "Алло", "menu": "1 = Да"}
    inline = {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    return {**words, "rules": "", "fallback": "", "goodbye": "", **inline, **changes}


def english(client: Client, agent: Agent) -> str:
    url = f"/admin/agentworker/agent/{agent.pk}/change/"
    return client.get(url, headers={"accept-language": "en"}).content.decode()


def test_words_that_did_not_change_make_no_version(owner: User) -> None:
    agent = Agent.objects.create(name="Поддержка")
    first = save_words(agent, WORDS, owner)
    assert first is not None and (first.number, first.created_by) == (1, owner)
    assert save_words(agent, WORDS, owner) is None


def test_words_that_changed_make_the_next_version_and_keep_the_old(owner: User) -> None:
    agent = Agent.objects.create(name="Поддержка")
    save_words(agent, WORDS, owner)
    save_words(agent, Words("ru", "Добрый день", [], []), owner)
    said = agent.versions.order_by("number").values_list("number", "greeting")
    assert list(said) == [(1, "Алло"), (2, "Добрый день")]


def test_a_new_assistant_begins_with_words_of_the_readers_language(staff: Client) -> None:
    page = staff.get("/admin/agentworker/agent/add/", headers={"accept-language": "en"})
    assert "You have reached our company" in page.content.decode()


def test_an_assistant_is_written_in_the_admin(staff: Client, owner: User) -> None:
    answer = staff.post("/admin/agentworker/agent/add/", form())
    assert answer.status_code == 302
    version = AgentVersion.objects.get()
    assert (version.agent.name, version.number, version.created_by) == ("Поддержка", 1, owner)
    assert version.menu == [{"press": "1", "about": "", "say": "Да"}]


def test_the_question_about_the_recording_is_the_assistants_own(staff: Client) -> None:
    staff.post("/admin/agentworker/agent/add/", form(recording="agreed", consent="Пишем звонки."))
    version = AgentVersion.objects.get()
    assert (version.agent.recording, version.consent) == ("agreed", "Пишем звонки.")
    assert script_of(version).consent == "Пишем звонки."


def test_a_form_that_says_nothing_of_recordings_leaves_it(staff: Client) -> None:
    staff.post("/admin/agentworker/agent/add/", form(recording="always"))
    agent = Agent.objects.get()
    staff.post(f"/admin/agentworker/agent/{agent.pk}/change/", form(greeting="Добрый день"))
    agent.refresh_from_db()
    assert agent.recording == "always"


def test_a_menu_of_ten_keys_leaves_none_to_agree_by(staff: Client) -> None:
    full = "\n".join(f"{key} = Да" for key in "0123456789")
    page, english = "/admin/agentworker/agent/add/", {"accept-language": "en"}
    answer = staff.post(page, form(menu=full, recording="agreed"), headers=english)
    assert "ten keys" in str(answer.context["adminform"].form.errors["recording"])
    assert staff.post("/admin/agentworker/agent/add/", form(menu=full)).status_code == 302


def test_a_new_assistant_may_be_kept_to_oneself(staff: Client, owner: User) -> None:
    staff.post("/admin/agentworker/agent/add/", form(_keep=""))
    agent = Agent.objects.get()
    assert (agent.newest(), agent.draft.greeting, agent.draft.changed_by) == (None, "Алло", owner)
    assert "Nobody hears it until you publish it." in english(staff, agent)
    listed = staff.get("/admin/agentworker/agent/", headers={"accept-language": "en"})
    assert "draft, nobody hears it" in listed.content.decode()


def test_saving_the_same_again_makes_no_draft(staff: Client) -> None:
    staff.post("/admin/agentworker/agent/add/", form())
    agent = Agent.objects.get()
    staff.post(f"/admin/agentworker/agent/{agent.pk}/change/", form())
    assert not AgentDraft.objects.exists() and agent.versions.count() == 1


def test_a_change_is_a_draft_that_callers_do_not_hear(staff: Client) -> None:
    staff.post("/admin/agentworker/agent/add/", form())
    agent = Agent.objects.get()
    url = f"/admin/agentworker/agent/{agent.pk}/change/"
    answer = staff.post(url, form(greeting="Добрый день"), headers={"accept-language": "en"})
    assert answer["Location"] == url
    assert (agent.draft.greeting, newest_version(str(agent.key)).greeting) == (
        "Добрый день",
        "Алло",
    )
    opened = english(staff, agent)
    assert "Saved as a draft. Callers still hear version 1." in opened
    assert "Добрый день" in opened and "There is a draft" in opened


def test_a_draft_that_says_what_callers_hear_is_none(staff: Client) -> None:
    staff.post("/admin/agentworker/agent/add/", form())
    agent = Agent.objects.get()
    url = f"/admin/agentworker/agent/{agent.pk}/"
    staff.post(f"{url}change/", form(greeting="Добрый день"))
    staff.post(f"{url}change/", form(), headers={"accept-language": "en"})
    assert not AgentDraft.objects.exists()
    assert "Saved. Callers hear it so already." in english(staff, agent)


def test_a_draft_is_dropped(staff: Client) -> None:
    staff.post("/admin/agentworker/agent/add/", form())
    agent = Agent.objects.get()
    url = f"/admin/agentworker/agent/{agent.pk}/"
    staff.post(f"{url}change/", form(greeting="Добрый день"))
    assert staff.get(f"{url}drop-draft/").status_code == 405
    assert staff.post(f"{url}drop-draft/").status_code == 302
    assert not AgentDraft.objects.exists()


def test_a_line_that_cannot_be_read_is_named_on_the_form(staff: Client) -> None:
    answer = staff.post("/admin/agentworker/agent/add/", form(menu="1 = Да\nкнопка"))
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors["menu"]
    assert len(errors) == 1 and "2" in errors[0]
    assert not Agent.objects.exists()


def test_the_list_shows_version_and_language_in_a_fixed_number_of_queries(
    staff: Client, owner: User, django_assert_max_num_queries: object
) -> None:
    for name in "абвгд":
        save_words(Agent.objects.create(name=name), WORDS, owner)
    # Two of them tell of incidents, and two whether anybody can speak.
    with django_assert_max_num_queries(11):  # type: ignore[operator]  # a fixture of pytest-django
        page = staff.get("/admin/agentworker/agent/")
    assert page.status_code == 200


def test_rows_of_machines_are_shown_and_never_added(staff: Client) -> None:
    assert staff.get("/admin/agentworker/session/").status_code == 200
    assert staff.get("/admin/agentworker/session/add/").status_code == 403


def test_a_job_speaks_the_newest_words(owner: User) -> None:
    agent = Agent.objects.create(name="Поддержка")
    save_words(agent, WORDS, owner)
    save_words(agent, Words("en", "Hello", [], [{"words": ["price"], "say": "Free"}]), owner)
    script = script_of(newest_version(str(agent.key)))
    assert (script.language, script.greeting, script.rules[0].words) == ("en", "Hello", ("price",))
    assert script.recording == "never"


@pytest.mark.parametrize("key", ["6f1b2c3d-0000-4000-8000-000000000001", "nonsense", ""])
def test_a_brief_for_nobody_is_an_error_with_a_sentence(key: str) -> None:
    with pytest.raises(NoScriptError, match="assistant"):
        newest_version(key)


def test_an_assistant_without_words_cannot_speak() -> None:
    agent = Agent.objects.create(name="Пустой")
    with pytest.raises(NoScriptError, match="no published words"):
        newest_version(str(agent.key))


@pytest.mark.parametrize("metadata", ["", "{}", "[]", "null", '"agent"', '{"rule": "x"}'])
def test_metadata_that_is_no_brief_is_refused(metadata: str) -> None:
    with pytest.raises(BriefError):
        read_brief(metadata)


def test_a_brief_names_the_assistant_and_the_rule() -> None:
    assert read_brief(json.dumps({"agent": "a", "rule": "r"})) == Brief("a", "r")


@pytest.mark.parametrize("told", [Brief("a"), Brief("a", "r", 20), Brief("a", "r", 0, "agreed")])
def test_a_brief_is_read_as_it_was_written(told: Brief) -> None:
    assert read_brief(told.to_json()) == told


def test_the_rules_word_about_recording_goes_before_the_assistants() -> None:
    assert RecordingPolicy.of_call("never", "always") == RecordingPolicy.NEVER
    assert RecordingPolicy.of_call("", "always") == RecordingPolicy.ALWAYS
    assert RecordingPolicy.of_call("sometimes", "always") == RecordingPolicy.NEVER


def test_a_trial_is_of_the_draft_or_of_any_version() -> None:
    agent = Agent.objects.create(name="Поддержка", is_published=False)
    old = AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Алло")
    new = AgentVersion.objects.create(agent=agent, number=2, language="ru", greeting="Добрый день")
    assert tried(agent, str(old.pk)) == old
    assert tried(agent, DRAFT) == new
    draft = AgentDraft.objects.create(agent=agent, language="ru", greeting="Привет")
    assert tried(agent, DRAFT) == draft


@pytest.mark.parametrize("what", ["0", "nothing", "-1"])
def test_what_is_not_there_is_not_tried(what: str) -> None:
    other = Agent.objects.create(name="Продажи")
    AgentVersion.objects.create(pk=3, agent=other, number=1, language="ru", greeting="Алло")
    agent = Agent.objects.create(name="Поддержка")
    with pytest.raises(NoScriptError):
        tried(agent, what)
    with pytest.raises(NoScriptError):
        tried(agent, "3")


def test_a_brief_tells_what_is_tried() -> None:
    brief = Brief("6f1c1a52-9a4a-4d53-a7b3-5f6a7c9c2a10", trial=DRAFT)
    assert read_brief(brief.to_json()) == brief
    assert "trial" not in json.loads(Brief("1").to_json())
