"""An assistant in text alone, with its own rules or with a language model on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from agentworker.providers import net
from agentworker.providers.catalog import Access
from agentworker.providers.errors import ProviderError
from agentworker.script import MenuItem, Rule, Script
from agentworker.trying.playing import play
from agentworker.trying.rehearsal import Rehearsal, Unanswered
from agentworker.trying.steps import Kind, Must, Step
from tests.agent.talking import Thinking
from tests.providers.servers import OpenAILike, serving

MESSAGE = {"kind": "message", "name": "message", "when": "болит зуб"}
SALES = {"kind": "transfer", "name": "sales", "to": "team:1", "whom": "Отдел продаж"}
SCRIPT = Script(
    "a",
    None,
    "ru",
    "{time_of_day}! Это клиника.",
    menu=(
        MenuItem("1", "Работаем с девяти.", "Часы"),
        MenuItem("2", "Соединяю.", "Продажи", "transfer", "Отдел продаж"),
        MenuItem("3", "Хорошо.", "Сообщение", "message"),
    ),
    rules=(Rule(("стоит",), "Тысяча рублей."), Rule(("пока",), "До свидания!", "end")),
    instructions="Ты отвечаешь в стоматологии.",
    tools=(MESSAGE, SALES),
)


@pytest.fixture(autouse=True)
def _near(settings: Any) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]


@asynccontextmanager
async def rehearsed(
    script: Script = SCRIPT, mind: OpenAILike | None = None, memory: Any = None
) -> AsyncIterator[Rehearsal]:
    async with serving((mind or OpenAILike()).answer) as url:
        if mind:
            choice = {"provider": "openai_compatible", "key": "key"}
            script = replace(script, speech={"mind": [choice]})
        accesses = {"key": Access(settings={"mind_url": f"{url}/v1"})}
        async with Rehearsal(script, accesses, timezone.now(), memory) as made:
            yield made
        await net.close_all()


async def test_its_own_rules_answer_and_act() -> None:
    async with rehearsed() as talk:
        greeting = await talk.greeting()
        assert "Это клиника. Часы: нажмите 1." in greeting.text and "{" not in greeting.text
        assert (await talk.hear("Сколько стоит чистка?")).text == "Тысяча рублей."
        ended = await talk.hear("Пока")
        assert ended.ended and ended.said[0] == "До свидания!"
        assert [use.kind for use in ended.used] == ["end"]


async def test_a_key_transfers() -> None:
    async with rehearsed() as talk:
        answer = await talk.press("2")
    assert (answer.transferred, answer.ended) == ("Отдел продаж", True)
    assert answer.text == "Соединяю." and answer.used[0].kind == "transfer"


async def test_a_message_is_dictated_after_its_key_and_survives_a_pause() -> None:
    hears = replace(SCRIPT, speech={"ears": [{"provider": "offline"}]})
    async with rehearsed(hears) as talk:
        asked = await talk.press("3")
        memory = talk.memory()
    assert not asked.used
    async with rehearsed(hears, memory=memory) as talk:
        answer = await talk.hear("Перезвоните Анне")
        assert [use.kind for use in answer.used] == ["message"]
        assert (await talk.hear("Сколько стоит?")).text == "Тысяча рублей."


async def test_a_language_model_uses_what_it_may() -> None:
    mind = Thinking(("Сейчас запишу.", "message", {"text": "болит зуб"}), "Записала.")
    async with rehearsed(mind=mind) as talk:
        answer = await talk.hear("У меня болит зуб")
    assert answer.said == ("Сейчас запишу.", "Записала.")
    [used] = answer.used
    assert (used.name, used.kind, used.ok, used.asked) == (
        "message",
        "message",
        True,
        {"text": "болит зуб"},
    )
    assert "стоматологии" in str(mind.told) and "болит зуб" in str(mind.told)


async def test_a_talk_goes_on_where_it_was() -> None:
    mind = Thinking("Первое.", "Второе.")
    async with rehearsed(mind=mind) as talk:
        await talk.greeting()
        await talk.hear("Раз")
        memory = talk.memory()
    again = Thinking("Второе.")
    async with rehearsed(mind=again, memory=memory) as talk:
        assert (await talk.hear("Два")).text == "Второе."
    said = [each["content"] for each in again.told if each["role"] != "system"]
    assert said[1:] == ["Раз", "Первое.", "Два"]
    assert len([each for each in again.told if each["role"] == "system"]) == 1


@pytest.mark.parametrize("mood", ["401", "garbage", "cut"])
async def test_a_mind_that_does_not_answer_is_told_in_a_sentence(mood: str) -> None:
    async with rehearsed(mind=Thinking()) as talk:
        assert (await talk.hear("Раз")).text == "…"
    async with rehearsed(mind=OpenAILike(mood)) as talk:
        with pytest.raises(Unanswered) as error:
            await talk.hear("Раз")
    assert str(error.value.sentence)


async def test_a_mind_whose_key_is_gone_is_told() -> None:
    lost = replace(SCRIPT, speech={"mind": [{"provider": "openai_compatible", "key": "gone"}]})
    with pytest.raises(ProviderError):
        Rehearsal(lost, {}, timezone.now())


async def test_a_language_model_judges_apart_from_the_talk() -> None:
    mind = Thinking("Чистка стоит тысячу рублей.", "ДА: назвал цену.", "Нет, он не поздоровался.")
    musts = (Must(Kind.JUDGED, "назвал цену"), Must(Kind.JUDGED, "поздоровался"))
    async with rehearsed(mind=mind) as talk:
        [told] = await play(talk, [Step("Сколько стоит чистка?", must=musts)])
    assert [verdict.ok for verdict in told.verdicts] == [True, False]
    assert str(told.verdicts[1].why) == "он не поздоровался."
    assert len(mind.told) == 1
