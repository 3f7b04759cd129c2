"""Whatever a library raises is read as one of seven kinds, each with a sentence."""

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from agentworker.providers.errors import (
    SENTENCES,
    Kind,
    ProviderError,
    kind_of,
    kind_of_answer,
    read,
)
from tests.providers.servers import COUNTRY

ANSWERS = {
    "a wrong key": (401, "", Kind.REFUSED),
    "a proxy that wants a login": (407, "", Kind.REFUSED),
    "a key without the right": (403, '{"detail": "missing permission"}', Kind.REFUSED),
    "no money": (402, "", Kind.QUOTA),
    "too often": (429, "", Kind.QUOTA),
    "no money, as ElevenLabs says it": (
        401,
        '{"detail": {"status": "quota_exceeded"}}',
        Kind.QUOTA,
    ),
    "no money, as Anthropic says it": (400, "Your credit balance is too low", Kind.QUOTA),
    "the country, as OpenAI says it": (403, str(COUNTRY), Kind.COUNTRY),
    "the country, as Google says it": (400, "User location is not supported", Kind.COUNTRY),
    "the country, as Cloudflare says it": (403, "<p>Error code: 1009</p>", Kind.COUNTRY),
    "the country, as Anthropic says it": (403, '{"message": "Request not allowed"}', Kind.COUNTRY),
    "a law": (451, "", Kind.COUNTRY),
    "a wrong key, as Google says it": (400, "API key not valid.", Kind.REFUSED),
    "no such model": (404, "", Kind.GONE),
    "its own fault": (503, "quota exceeded", Kind.BROKEN),
    "a question it does not understand": (422, "", Kind.GARBAGE),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_of_one_kind(name: str) -> None:
    status, body, kind = ANSWERS[name]
    assert kind_of_answer(status, body) is kind
    assert kind_of(APIStatusError("no", status_code=status, body=body)) is kind


@given(st.integers(400, 599), st.text())
def test_every_answer_has_a_sentence(status: int, body: str) -> None:
    assert SENTENCES[kind_of_answer(status, body)]


RAISED: dict[str, tuple[BaseException, Kind]] = {
    "time is over": (APITimeoutError(), Kind.UNREACHABLE),
    "of asyncio": (TimeoutError(), Kind.UNREACHABLE),
    "nobody there": (ConnectionRefusedError(), Kind.UNREACHABLE),
    "cut off": (aiohttp.ServerDisconnectedError(), Kind.UNREACHABLE),
    "nonsense": (APIError("not json"), Kind.GARBAGE),
    "of our own": (ValueError("?"), Kind.GARBAGE),
    "read before": (ProviderError.of(Kind.QUOTA), Kind.QUOTA),
}


@pytest.mark.parametrize("name", RAISED)
def test_what_a_library_raises_is_of_one_kind(name: str) -> None:
    error, kind = RAISED[name]
    assert read(error).kind is kind


def test_the_cause_tells_more_than_its_wrapper() -> None:
    wrapper = APIConnectionError()
    wrapper.__cause__ = APIStatusError("no", status_code=401)
    assert kind_of(wrapper) is Kind.REFUSED


def test_a_chain_that_bites_its_tail_is_read() -> None:
    error = APIConnectionError()
    error.__cause__ = error
    assert kind_of(error) is Kind.UNREACHABLE


def test_the_words_of_a_provider_are_not_told() -> None:
    """They may hold what a caller said."""
    assert "Anna" not in str(read(APIStatusError("Anna", status_code=401, body="Anna")))
