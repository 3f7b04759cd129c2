"""A key is tried by what it is for: a word is said, and one is thought."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from django.utils.translation import gettext_noop as _

from agentworker.providers.errors import Kind, ProviderError, read
from veyra.sentences import Sentence

SECONDS = 10.0
WORD = "Да."
ONLY_SPEECH = _("Speech works, but the language model does not. %(why)s")
ONLY_THOUGHT = _("The language model works, but speech does not. %(why)s")


async def speaks(voice: Any) -> None:
    """`voice`: a tts.TTS. Raises whatever it raises."""
    from livekit.agents import APIConnectOptions

    once = APIConnectOptions(max_retry=0, timeout=SECONDS)
    try:
        async with asyncio.timeout(SECONDS), voice.synthesize(WORD, conn_options=once) as stream:
            await stream.collect()
    finally:
        await voice.aclose()


async def thinks(mind: Any) -> None:
    """`mind`: an llm.LLM. Raises whatever it raises."""
    from livekit.agents import APIConnectOptions, llm

    once = APIConnectOptions(max_retry=0, timeout=SECONDS)
    words = llm.ChatContext.empty()
    words.add_message(role="user", content=WORD)
    try:
        async with (
            asyncio.timeout(SECONDS),
            mind.chat(chat_ctx=words, conn_options=once) as stream,
        ):
            async for _chunk in stream:
                return
        raise ProviderError.of(Kind.GARBAGE)
    finally:
        await mind.aclose()


async def try_both(speech: Awaitable[None], thought: Awaitable[None]) -> None:
    """Raises ProviderError, which names the half that works if there is one."""
    results = await asyncio.gather(speech, thought, return_exceptions=True)
    failed = [read(each) if isinstance(each, Exception) else None for each in results]
    match failed:
        case [ProviderError() as why, None]:
            raise ProviderError(Sentence(ONLY_THOUGHT, {"why": why.sentence.to_json()}), why.kind)
        case [None, ProviderError() as why]:
            raise ProviderError(Sentence(ONLY_SPEECH, {"why": why.sentence.to_json()}), why.kind)
        case [ProviderError() as why, _]:
            raise why
