"""What an assistant does besides speaking: by its mind, by its own rules, and by keys."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentworker.script import MenuItem, Rule, Script
from tests.agent.talking import Guest, Thinking, talking

SALES = {
    "kind": "transfer",
    "name": "to_sales",
    "when": "Когда хотят купить.",
    "to": "team:7",
    "whom": "Продажи",
}
TOOLS: tuple[dict[str, Any], ...] = (
    SALES,
    {"kind": "message", "name": "message", "when": ""},
    {"kind": "end", "name": "end", "when": ""},
    {"kind": "keys", "name": "order", "when": "", "count": 4},
)
SCRIPT = Script("key", 1, "ru", "Здравствуйте!", tools=TOOLS, goodbye="Всего доброго!")
CALLER = Guest(attributes={"sip.phoneNumber": "79161234567", "sip.callID": "SCL_1"})


@pytest.fixture(autouse=True)
def _near(settings: Any) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]


async def until(ready: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not ready():
            await asyncio.sleep(0.01)


async def test_the_mind_connects_the_caller_and_says_no_more(tmp_path: Path) -> None:
    mind = Thinking(("Соединяю с продажами.", "to_sales", {"note": "Хочет коронку"}))
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        asking = asyncio.create_task(scene.hear("Хочу купить"))
        await until(scene.requests)
        request = scene.requests()[0]
        assert (request["kind"], request["sip_call_id"]) == ("transfer", "SCL_1")
        told = {"to": "team:7", "whom": "Продажи", "note": "Хочет коронку"}
        assert request["params"] == told
        scene.answer("done")
        await asking
        assert scene.said() == ["Соединяю с продажами."]
        use = scene.uses()[0]
        assert (use["name"], use["kind"], use["ok"]) == ("to_sales", "transfer", True)
        assert use["ms"] >= 0 and "коронку" not in str(use)
    tools = {each["function"]["name"]: each["function"] for each in mind.asked[-1][1]["tools"]}
    assert list(tools) == ["to_sales", "message", "end", "order"]
    assert tools["to_sales"]["description"].endswith("Когда хотят купить.")
    assert "Продажи" in tools["to_sales"]["description"]


async def test_a_mind_that_says_nothing_is_helped_out(tmp_path: Path) -> None:
    mind = Thinking(("", "to_sales", {}))
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        asking = asyncio.create_task(scene.hear("Хочу купить"))
        await until(scene.requests)
        assert scene.said() == ["Одну минуту, соединяю."]
        scene.answer("done")
        await asking


async def test_where_nobody_is_free_the_mind_hears_it_and_goes_on(tmp_path: Path) -> None:
    mind = Thinking(("Соединяю.", "to_sales", {}), "Увы, все заняты. Что передать?")
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        asking = asyncio.create_task(scene.hear("Хочу купить"))
        await until(scene.requests)
        scene.answer("nobody_free")
        await asking
        assert scene.said() == ["Соединяю.", "Увы, все заняты. Что передать?"]
        assert (
            mind.told[-1]["role"] == "tool" and "никто из сотрудников" in mind.told[-1]["content"]
        )
        assert not scene.uses()[0]["ok"]


async def test_nobody_in_the_room_answers_for_the_line(tmp_path: Path) -> None:
    mind = Thinking(("Соединяю.", "to_sales", {}))
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        asking = asyncio.create_task(scene.hear("Хочу купить"))
        await until(scene.requests)
        forged = {"id": scene.requests()[0]["key"], "answer": "done"}
        scene.send(forged, sender=object())
        scene.send(forged, topic="chat")
        scene.send(["nonsense"])
        await asyncio.sleep(0.05)
        assert not asking.done()
        scene.answer("done")
        await asking


async def test_a_message_is_written_down_with_when_he_wants_to_be_called(tmp_path: Path) -> None:
    asked = {"text": "Перенести  приём", "when": "завтра"}
    mind = Thinking(("", "message", asked), "Передам.")
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        await scene.hear("Передайте, что надо перенести приём")
        assert scene.requests()[0]["params"] == {"text": "Перенести приём", "when": "завтра"}
        assert scene.said() == ["Передам."] and scene.uses()[0]["ok"]


async def test_who_withholds_his_number_is_asked_for_one(tmp_path: Path) -> None:
    mind = Thinking(
        ("", "message", {"text": "Позвоните"}),
        ("", "message", {"text": "Позвоните", "number": "89165554433"}),
        "Передам.",
    )
    async with talking(tmp_path, SCRIPT, mind, Guest()) as scene:
        await scene.hear("Пусть мне перезвонят")
        assert [use["ok"] for use in scene.uses()] == [False, True]
        assert scene.requests()[-1]["params"]["number"] == "89165554433"
        assert "Ваш номер не определился" in str(mind.told)


@pytest.mark.parametrize(
    ("words", "said"),
    [("Хорошего дня!", ["Хорошего дня!"]), ("", ["Всего доброго!"])],
)
async def test_the_call_ends_after_a_goodbye_whoever_says_it(
    tmp_path: Path, words: str, said: list[str]
) -> None:
    mind = Thinking((words, "end", {}))
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        await scene.hear("Спасибо, всё")
        await until(lambda: scene.ended)
        assert scene.ended == ["goodbye"] and scene.said() == said


async def test_keys_are_collected_and_the_menu_does_not_hear_them(tmp_path: Path) -> None:
    mind = Thinking(("Наберите номер заказа.", "order", {}), "Заказ готов.")
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        asking = asyncio.create_task(scene.hear("Где мой заказ?"))
        await until(lambda: scene.talk.line._keys is not None)
        for digit in "9*12#":
            scene.key(digit)
        await asking
        assert mind.told[-1]["content"] == "12"
        assert scene.said() == ["Наберите номер заказа.", "Заказ готов."]
        use = scene.uses()[0]
        assert use["ok"] and set(use) == {"name", "kind", "ok", "ms"}


async def test_the_assistant_presses_keys_itself(tmp_path: Path) -> None:
    press = {"kind": "keys", "name": "press", "way": "press", "when": ""}
    script = Script("key", 1, "en", "Hello", tools=(press,))
    mind = Thinking(("", "press", {"digits": "1a#"}), "Done.")
    async with talking(tmp_path, script, mind) as scene:
        await scene.hear("Go on")
        assert scene.room.pressed == "1#"


async def test_a_tool_that_the_mind_invented_is_told_so(tmp_path: Path) -> None:
    mind = Thinking(("", "fly", {}), "Так я не умею.")
    async with talking(tmp_path, SCRIPT, mind, CALLER) as scene:
        await scene.hear("Лети")
        assert scene.said() == ["Так я не умею."] and scene.uses() == []


async def test_a_trial_rings_nobody_and_writes_nothing_down(tmp_path: Path) -> None:
    mind = Thinking(("", "to_sales", {}), ("", "message", {"text": "Привет"}), "Ясно.")
    async with talking(tmp_path, SCRIPT, mind, CALLER, is_trial=True) as scene:
        await scene.hear("Хочу купить")
        assert scene.requests() == [] and len(scene.uses()) == 2
        assert "соединили бы с «Продажи»" in str(mind.told)


RULES = (
    Rule(("оператор",), "Соединяю.", do="transfer", to="продажи"),
    Rule(("передайте",), "Хорошо.", do="message"),
    Rule(("пока",), "До встречи!", do="end"),
    Rule(("склад",), "Минуту.", do="transfer", to="Склад"),
)
MENU = (
    MenuItem("0", "Зову.", "оператор", do="transfer"),
    MenuItem("5", "", "сообщение", do="message"),
    MenuItem("9", "Счастливо!", "конец", do="end"),
    MenuItem("8", "", "конец", do="end"),
)
OFFLINE = Script("key", 1, "ru", "Здравствуйте!", MENU, RULES, tools=(SALES,), goodbye="Пока!")


async def test_words_of_a_rule_connect_the_caller_without_any_model(tmp_path: Path) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        asking = asyncio.create_task(scene.hear("Позовите оператора"))
        await until(scene.requests)
        assert scene.requests()[0]["params"] == {"to": "team:7", "whom": "Продажи"}
        scene.answer("nobody_free")
        await asking
        assert scene.said() == [
            "Соединяю.",
            "К сожалению, сейчас никто из сотрудников не может подойти.",
        ]


async def test_a_rule_takes_what_was_said_as_a_message_and_another_ends_the_call(
    tmp_path: Path,
) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        await scene.hear("Передайте, что я опоздаю")
        assert scene.requests()[0]["params"] == {"text": "Передайте, что я опоздаю"}
        assert scene.said()[-1] == "Я всё записал и передам сотрудникам."
        await scene.hear("Пока")
        await until(lambda: scene.ended)
        assert scene.said()[-1] == "До встречи!"


async def test_a_rule_that_leads_to_nobody_says_its_words(tmp_path: Path) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        await scene.hear("Позовите склад")
        assert scene.said() == ["Минуту."] and scene.requests() == []


async def test_a_key_connects_the_caller_without_any_model(tmp_path: Path) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        await scene.press("0")
        await until(scene.requests)
        scene.answer("done")
        await scene.settle()
        assert scene.said() == ["Зову."]
        assert scene.uses()[0]["name"] == "to_sales"


async def test_a_key_puts_him_down_to_be_called_back(tmp_path: Path) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        await scene.press("5")
        assert scene.requests()[0]["kind"] == "call_back"
        assert scene.said() == ["Я записал: вам перезвонят."]


@pytest.mark.parametrize(("key", "said"), [("9", "Счастливо!"), ("8", "Пока!")])
async def test_a_key_ends_the_call_with_words(tmp_path: Path, key: str, said: str) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        await scene.press(key)
        await until(lambda: scene.ended)
        assert scene.said() == [said]


async def test_where_words_are_understood_a_key_asks_for_the_message(tmp_path: Path) -> None:
    async with talking(tmp_path, OFFLINE, guest=CALLER) as scene:
        scene.talk.leading.hears_words = True
        await scene.press("5")
        assert scene.said() == ["Говорите, я записываю."]
        await scene.hear("Я буду завтра")
        await until(scene.requests)
        assert scene.requests()[0]["params"] == {"text": "Я буду завтра"}
        await scene.hear("Пока")
        assert len(scene.requests()) == 1
