"""YandexGPT thinks; a key is tried; and all of it makes a conversation."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from livekit.agents import APIError, llm

from agentworker.providers import net, yandex
from agentworker.providers.catalog import Access, Choice, Part
from agentworker.providers.errors import Kind, ProviderError, kind_of
from tests.providers import speechkit as service
from tests.providers.hearing import QUICK
from tests.providers.speechkit import SpeechKit
from tests.providers.test_yandex_voice import refuses, says
from tests.providers.yandex_gpt import YandexGpt, serving


@pytest.fixture
async def gpt() -> AsyncIterator[YandexGpt]:
    async with serving(YandexGpt()) as made:
        yield made
        await net.close_all()


@pytest.fixture
async def speechkit() -> AsyncIterator[SpeechKit]:
    made = SpeechKit()
    made.says = [says]
    server = await service.serve(made)
    yield made
    await server.stop(None)


def access(gpt: YandexGpt, speechkit: SpeechKit | None = None) -> Access:
    settings = {"folder": "b1gfolder", "mind_address": gpt.address}
    if speechkit:
        settings |= {"ears_address": speechkit.address, "voice_address": speechkit.address}
    return Access("AQVN-secret", settings)


async def ask(gpt: YandexGpt, tools: list[llm.Tool] | None = None) -> llm.CollectedResponse:
    mind = yandex.mind(access(gpt), Choice("yandex"), "ru")
    words = llm.ChatContext.empty()
    words.add_message(role="user", content="Алло?")
    async with mind.chat(chat_ctx=words, tools=tools, conn_options=QUICK) as stream:
        answer: llm.CollectedResponse = await stream.collect()
    return answer


async def test_it_answers(gpt: YandexGpt) -> None:
    answer = await ask(gpt)
    assert answer.text == "Здравствуйте! Чем помочь?"
    assert answer.usage and answer.usage.total_tokens == 25


async def test_the_service_is_told_the_key_the_folder_and_the_model(gpt: YandexGpt) -> None:
    await ask(gpt)
    assert gpt.asked[0]["model"] == "gpt://b1gfolder/yandexgpt/latest"
    assert gpt.headers[0]["Authorization"] == "Bearer AQVN-secret"
    assert gpt.headers[0]["OpenAI-Project"] == "b1gfolder"


@llm.function_tool
async def price(service: str) -> str:
    """What a service costs."""
    return "5000"


async def test_it_calls_a_function(gpt: YandexGpt) -> None:
    called = {"name": "price", "arguments": '{"service": "чистка"}'}
    gpt.answers = [
        [{"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": called}]}]
    ]
    answer = await ask(gpt, [price])
    assert [(each.name, each.arguments) for each in answer.tool_calls] == [
        ("price", '{"service": "чистка"}')
    ]
    assert gpt.asked[0]["tools"][0]["function"]["name"] == "price"


FAILURES = {
    "a key that is unknown": (401, Kind.REFUSED),
    "a key without the role": (403, Kind.REFUSED),
    "a model that does not exist": (404, Kind.GONE),
    "too many requests": (429, Kind.QUOTA),
    "a fault of its own": (500, Kind.BROKEN),
}


@pytest.mark.parametrize(("status", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_is_told_by_its_kind(gpt: YandexGpt, status: int, kind: Kind) -> None:
    gpt.answers = [(status, {"error": {"message": "no"}})]
    with pytest.raises(APIError) as raised:
        await ask(gpt)
    assert kind_of(raised.value) is kind


async def test_a_key_that_may_all_passes_its_test(gpt: YandexGpt, speechkit: SpeechKit) -> None:
    await yandex.check(access(gpt, speechkit))
    assert (len(gpt.asked), len(speechkit.texts)) == (1, 1)


async def test_a_key_that_may_only_speak_is_told_so(gpt: YandexGpt, speechkit: SpeechKit) -> None:
    gpt.answers = [(403, {"error": {"message": "Permission denied"}})]
    with pytest.raises(ProviderError) as raised:
        await yandex.check(access(gpt, speechkit))
    assert str(raised.value.sentence) == (
        "Speech works, but the language model does not. The key is refused. Copy it once more,"
        " whole, from the provider's site."
    )


async def test_a_key_that_may_only_think_is_told_so(gpt: YandexGpt, speechkit: SpeechKit) -> None:
    speechkit.says = [refuses(grpc.StatusCode.PERMISSION_DENIED)]
    with pytest.raises(ProviderError) as raised:
        await yandex.check(access(gpt, speechkit))
    assert str(raised.value.sentence).startswith("The language model works, but speech does not.")
    assert raised.value.kind is Kind.REFUSED


async def test_a_key_that_may_nothing_is_refused(gpt: YandexGpt, speechkit: SpeechKit) -> None:
    gpt.answers = [(401, {"error": {"message": "Unknown api key"}})]
    speechkit.says = [refuses(grpc.StatusCode.UNAUTHENTICATED)]
    with pytest.raises(ProviderError) as raised:
        await yandex.check(access(gpt, speechkit))
    assert str(raised.value.sentence).startswith("The key is refused.")


def test_one_key_is_enough_for_every_part() -> None:
    made: dict[Part, Any] = dict(yandex.PROVIDER.builders)
    assert set(made) == set(Part)
    assert [each.name for each in yandex.PROVIDER.fields if each.is_secret] == ["secret"]
