"""Lines of a trial are answered, and scenarios played, by an assistant without a telephone."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agentworker.keys import ProviderKey
from agentworker.models import (
    Agent,
    AgentDraft,
    AgentVersion,
    Scenario,
    ScenarioRun,
    Session,
    Trial,
)
from agentworker.trying import asking, working
from agentworker.trying.answer import Answer
from telephony.models import Call
from tests.providers.servers import in_thread
from veyra.models import User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db

MENU = [{"press": "1", "about": "часы", "say": "С девяти до восемнадцати."}]
RULES = [{"words": ["цена", "стоит"], "say": "Чистка стоит тысячу рублей."}]
PRICE = {"say": "Сколько стоит чистка?", "must": [{"kind": "says", "text": "тысяча"}]}
FREE = {"say": "Сколько стоит чистка?", "must": [{"kind": "says", "text": "бесплатно"}]}


@pytest.fixture
def user() -> User:
    return User.objects.create_superuser("owner", password="secret")


@pytest.fixture
def agent() -> Agent:
    agent = Agent.objects.create(name="Клиника")
    words = {"language": "ru", "greeting": "Здравствуйте!", "menu": MENU, "rules": RULES}
    AgentVersion.objects.create(agent=agent, number=1, **words)
    return agent


def answers(trial: Trial) -> list[Answer]:
    return [Answer.from_json(line.answer) for line in trial.lines.all()]


def test_a_talk_goes_on_line_by_line(agent: Agent, user: User) -> None:
    trial = asking.begin_text(agent, "draft", user)
    working.work()
    asking.say(trial, "Сколько стоит чистка?")
    working.work()
    asking.say(trial, "", "#")
    working.work()
    told = answers(trial)
    assert [answer.text for answer in told] == [
        "Здравствуйте! Часы: нажмите 1.",
        "Чистка стоит тысячу рублей.",
        "До свидания!",
    ]
    assert told[-1].ended
    trial.refresh_from_db()
    assert trial.is_over and len(trial.memory["chat"]["items"]) == 4
    with pytest.raises(asking.NotNowError):
        asking.say(trial, "Алло?")


def test_the_draft_and_a_version_answer_each_for_itself(agent: Agent, user: User) -> None:
    AgentDraft.objects.create(agent=agent, language="en", greeting="Hello!")
    version = agent.versions.get()
    trials = [asking.begin_text(agent, what, user) for what in ("draft", str(version.pk))]
    assert working.work() == 2
    assert [answers(trial)[0].text.split()[0] for trial in trials] == ["Hello!", "Здравствуйте!"]


def test_a_line_waits_for_the_answer_before_it(agent: Agent, user: User) -> None:
    trial = asking.begin_text(agent, "draft", user)
    with pytest.raises(asking.NotNowError):
        asking.say(trial, "Алло?")


def test_nobody_tries_without_end(
    agent: Agent, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_AN_HOUR", 2)
    for _time in range(2):
        asking.begin_voice(agent, "draft", user)
    with pytest.raises(asking.NotNowError):
        asking.begin_text(agent, "draft", user)


def test_a_line_that_somebody_died_over_is_answered_by_the_next(agent: Agent, user: User) -> None:
    line = asking.begin_text(agent, "draft", user).lines.get()
    line.taken_at = timezone.now()
    line.save()
    assert working.work() == 0
    line.taken_at -= working.STALE
    line.save()
    assert working.work() == 1


def test_what_is_not_there_any_more_is_told(agent: Agent, user: User) -> None:
    trial = asking.begin_text(agent, "draft", user)
    agent.versions.all().delete()
    assert working.work() == 0
    assert "not there any more" in str(Sentence.from_json(trial.lines.get().trouble))


def test_trials_of_days_ago_go(agent: Agent, user: User) -> None:
    old, new = (asking.begin_text(agent, "draft", user) for _time in range(2))
    Trial.objects.filter(pk=old.pk).update(began_at=timezone.now() - timedelta(days=2))
    working.tidy()
    assert list(Trial.objects.all()) == [new]


def test_scenarios_are_played_together_and_stand_until_a_word_changes(
    agent: Agent, user: User
) -> None:
    good = Scenario.objects.create(agent=agent, name="Цена", steps=[PRICE])
    bad = Scenario.objects.create(agent=agent, name="Даром", steps=[FREE])
    assert asking.standing(agent) == asking.Standing(count=2, unplayed=2)
    asking.play(agent, "draft", [good, bad], user)
    assert asking.standing(agent).playing == 2
    assert working.work() == 2
    assert asking.standing(agent) == asking.Standing(count=2, passed=1, failed=1)
    run = bad.runs.get()
    assert run.verdict == ScenarioRun.Verdict.FAILED and run.took_ms is not None
    assert run.told[0]["answer"]["said"] == ["Чистка стоит тысячу рублей."]
    assert run.told[0]["must"][0]["ok"] is False
    AgentDraft.objects.create(agent=agent, language="ru", greeting="Алло")
    assert asking.standing(agent).unplayed == 2


def test_what_comes_after_the_end_of_the_call_fails(agent: Agent, user: User) -> None:
    ends = {"press": "#", "must": [{"kind": "ends"}]}
    scenario = Scenario.objects.create(agent=agent, name="Конец", steps=[ends, PRICE])
    asking.play(agent, "draft", [scenario], user)
    working.work()
    told = scenario.runs.get().told
    assert [step["must"][0]["ok"] for step in told] == [True, False]
    assert told[1]["answer"] is None


def test_without_a_language_model_nobody_judges_and_nothing_is_held_up(
    agent: Agent, user: User
) -> None:
    polite = {"say": "Алло", "must": [{"kind": "judged", "text": "вежливо"}]}
    scenario = Scenario.objects.create(agent=agent, name="Вежливость", steps=[polite])
    asking.play(agent, "draft", [scenario], user)
    working.work()
    run = scenario.runs.get()
    assert run.verdict == ScenarioRun.Verdict.PASSED
    assert run.told[0]["must"][0]["ok"] is None


def test_only_the_last_plays_of_a_scenario_are_kept(agent: Agent, user: User) -> None:
    scenario = Scenario.objects.create(agent=agent, name="Цена", steps=[PRICE])
    for _time in range(asking.PLAYS_KEPT + 2):
        asking.play(agent, "draft", [scenario], user)
        scenario.runs.update(verdict="passed")
    assert scenario.runs.count() == asking.PLAYS_KEPT


def test_what_is_being_played_is_not_played_twice(agent: Agent, user: User) -> None:
    scenario = Scenario.objects.create(agent=agent, name="Цена", steps=[PRICE])
    for _time in range(2):
        asking.play(agent, "draft", [scenario], user)
    assert working.work() == 1


def test_an_assistant_without_scenarios_stands_well() -> None:
    assert asking.standing(Agent.objects.create(name="Пустой")).is_good


def test_a_talk_by_text_is_paid_for_and_counts_in_no_figures_of_calls(
    agent: Agent, user: User, settings: LazySettings
) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]
    with in_thread() as server:
        key = ProviderKey.objects.create(
            name="Ours", provider="openai_compatible", settings={"mind_url": server.url}
        )
        mind = [{"provider": "openai_compatible", "key": str(key.key)}]
        AgentVersion.objects.update(speech={"mind": mind}, rules=[], menu=[])
        trial = asking.begin_text(agent, str(AgentVersion.objects.get().pk), user)
        working.work()
        asking.say(trial, "Сколько стоит чистка?")
        working.work()
    assert answers(trial)[1].text
    (paid,) = Session.objects.all()
    assert paid.is_trial and paid.usage["mind"][0]["tokens_in"] > 0
    assert Session.objects.minutes(paid.started_at) == 0 and not Call.objects.exists()


def test_what_a_trial_cost_is_money_of_the_day() -> None:
    began = timezone.now()
    working.pay({"voice": [{"provider": "openai", "characters": 1_000_000}]})
    assert Session.objects.spent(began).dollars == 15.0
    working.pay({})
    assert Session.objects.count() == 1
