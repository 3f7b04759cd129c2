"""GigaChat against one of our own, over real TLS; its words, as pure functions."""

import json
from typing import Any

import pytest
from livekit.agents import APIConnectOptions, APIError, llm

from agentworker.providers import sber as provider
from agentworker.providers import sber_words
from agentworker.providers.catalog import Access, Choice
from agentworker.providers.errors import Kind, ProviderError, kind_of
from tests.providers.hearing import QUICK
from tests.providers.salute import MIND_KEY, SPEECH_KEY, Sber, delta, end
from tests.providers.test_sber_speech import says

BOTH = f"{SPEECH_KEY} {MIND_KEY}"


@llm.function_tool
async def price(service: str, urgent: bool | None = None) -> str:
    """What a service costs."""
    return "5000"


def context(*said: tuple[Any, str]) -> llm.ChatContext:
    made = llm.ChatContext.empty()
    for role, text in said:
        made.add_message(role=role, content=text)
    return made


async def ask(
    sber: Sber, chat_ctx: llm.ChatContext | None = None, tools: list[llm.Tool] | None = None
) -> llm.CollectedResponse:
    mind = provider.mind(Access(BOTH, sber.settings), Choice("sber"), "ru")
    chat_ctx = chat_ctx or context(("user", "Алло?"))
    async with mind.chat(chat_ctx=chat_ctx, tools=tools, conn_options=QUICK) as stream:
        answer: llm.CollectedResponse = await stream.collect()
    return answer


async def test_it_answers_piece_by_piece_and_tells_what_it_used(sber: Sber) -> None:
    sber.answers = [
        [delta(role="assistant", content="Здравствуйте! "), delta(content="Да."), end()]
    ]
    answer = await ask(sber)
    assert answer.text == "Здравствуйте! Да."
    assert answer.usage
    assert (answer.usage.total_tokens, answer.usage.prompt_cached_tokens) == (37, 4)


async def test_the_service_is_told_the_model_and_a_token(sber: Sber) -> None:
    await ask(sber)
    assert (sber.asked[0]["model"], sber.asked[0]["stream"]) == ("GigaChat-2", True)
    assert sber.bearers[0].endswith("GIGACHAT_API_PERS")
    assert "functions" not in sber.asked[0]


async def test_it_calls_a_function_and_hears_what_came_of_it(sber: Sber) -> None:
    called = {"name": "price", "arguments": {"service": "чистка"}}
    sber.answers = [
        [
            delta(role="assistant", content="", function_call=called, functions_state_id="s-1"),
            end("function_call"),
        ],
        [delta(content="Пять тысяч."), end()],
    ]
    words = context(("user", "Сколько стоит чистка?"))
    first = await ask(sber, words, [price])
    (call,) = first.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("price", {"service": "чистка"})
    words.items += [
        llm.FunctionCall(
            call_id=call.call_id, name=call.name, arguments=call.arguments, extra=call.extra or {}
        ),
        llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output="5000", is_error=False),
    ]
    assert (await ask(sber, words, [price])).text == "Пять тысяч."
    assert sber.asked[1]["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "function_call": called,
            "functions_state_id": "s-1",
        },
        {"role": "function", "name": "price", "content": '{"result": "5000"}'},
    ]


async def test_a_token_that_has_ended_by_its_clock_is_had_anew(sber: Sber) -> None:
    sber.answers = [(401, {"message": "Token has expired"}), [delta(content="Да."), end()]]
    mind = provider.mind(Access(BOTH, sber.settings), Choice("sber"), "ru")
    with pytest.raises(APIError):
        async with mind.chat(chat_ctx=context(("user", "?")), conn_options=QUICK) as stream:
            await stream.collect()
    assert (await ask(sber)).text == "Да."
    assert sber.bearers[0] != sber.bearers[1]


FAILURES = {
    "a token that is not taken": ((401, {}), Kind.REFUSED),
    "money that is used up": ((402, {"message": "Payment Required"}), Kind.QUOTA),
    "a model that does not exist": ((404, {"message": "No such model"}), Kind.GONE),
    "too many requests": ((429, {}), Kind.QUOTA),
    "a fault of its own": ((500, {}), Kind.BROKEN),
    "nonsense": (["<html>"], Kind.GARBAGE),
    "another thing than an answer": ([{"object": "list"}], Kind.GARBAGE),
    "an empty answer": ([], Kind.GARBAGE),
}


@pytest.mark.parametrize(("answer", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_told_by_its_kind(sber: Sber, answer: Any, kind: Kind) -> None:
    sber.answers = [answer]
    with pytest.raises(APIError) as raised:
        await ask(sber)
    assert kind_of(raised.value) is kind


async def test_nobody_at_the_address_is_told(sber: Sber) -> None:
    sber.settings["mind_address"] = "https://127.0.0.1:9/api/v1"
    with pytest.raises(APIError) as raised:
        await ask(sber)
    assert kind_of(raised.value) is Kind.UNREACHABLE


async def test_two_keys_pass_their_test(sber: Sber) -> None:
    sber.says = [says]
    await provider.check(Access(BOTH, sber.settings))
    assert (len(sber.asked), len(sber.texts)) == (1, 1)


async def test_a_key_of_speech_alone_is_told_so(sber: Sber) -> None:
    sber.says = [says]
    with pytest.raises(ProviderError) as raised:
        await provider.check(Access(SPEECH_KEY, sber.settings))
    assert str(raised.value.sentence).startswith("Speech works, but the language model does not.")
    assert "GigaChat API" in str(raised.value.sentence)


# Its words


def test_what_the_system_says_stands_first_and_in_one_piece() -> None:
    made = context(
        ("system", "Ты из клиники."),
        ("user", "Алло?"),
        ("system", "Предложи скидку."),
        ("user", "Да"),
    )
    assert sber_words.messages(made) == [
        {"role": "system", "content": "Ты из клиники.\n\nПредложи скидку."},
        {"role": "user", "content": "Алло?"},
        {"role": "user", "content": "Да"},
    ]


def test_instructions_alone_are_a_question() -> None:
    assert sber_words.messages(context(("system", "Поздоровайся."))) == [
        {"role": "user", "content": "Поздоровайся."}
    ]


def test_a_call_without_an_outcome_is_left_out() -> None:
    made = context(("user", "Сколько?"))
    made.items.append(llm.FunctionCall(call_id="1", name="price", arguments="{}"))
    assert sber_words.messages(made) == [{"role": "user", "content": "Сколько?"}]


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ('{"price": 5}', {"price": 5}),
        ("[1]", [1]),
        ("пять", {"result": "пять"}),
        ("5", {"result": "5"}),
    ],
    ids=["an object", "a list", "words", "a number"],
)
def test_an_outcome_is_json(output: str, content: Any) -> None:
    call = llm.FunctionCall(call_id="1", name="price", arguments="{}")
    outcome = llm.FunctionCallOutput(call_id="1", name="price", output=output, is_error=False)
    _asked, answered = sber_words.call_and_output(call, outcome)
    assert json.loads(answered["content"]) == content


def test_a_function_is_described_without_alternatives() -> None:
    (described,) = sber_words.functions_of([price])
    assert described == {
        "name": "price",
        "description": "What a service costs.",
        "parameters": {
            "type": "object",
            "properties": {"service": {"type": "string"}, "urgent": {"type": "boolean"}},
            "required": ["service"],
        },
    }


def test_references_are_put_in_their_places() -> None:
    schema = {
        "type": "object",
        "properties": {"day": {"$ref": "#/$defs/Day"}, "hours": {"items": {"$ref": "#/$defs/Day"}}},
        "$defs": {"Day": {"type": "string", "enum": ["mon", "tue"], "title": "Day"}},
    }
    day = {"type": "string", "enum": ["mon", "tue"]}
    assert sber_words.plain(schema)["properties"] == {"day": day, "hours": {"items": day}}


def test_a_function_without_arguments_has_an_empty_list_of_them() -> None:
    @llm.function_tool
    async def end_call() -> None:
        """Ends the call."""

    (described,) = sber_words.functions_of([end_call])
    assert described["parameters"]["properties"] == {}


async def test_a_conversation_that_may_call_nothing_names_no_functions(sber: Sber) -> None:
    mind = provider.mind(Access(BOTH, sber.settings), Choice("sber"), "ru")
    options = APIConnectOptions(max_retry=0, timeout=2.0)
    async with mind.chat(
        chat_ctx=context(("user", "?")), tools=[price], conn_options=options, tool_choice="none"
    ) as stream:
        await stream.collect()
    assert "functions" not in sber.asked[0]
