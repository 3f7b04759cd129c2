"""An assistant without a telephone: its instructions, its tools and its mind, in text alone."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from django.utils.translation import gettext_noop as _
from livekit.agents import Agent, AgentSession, llm
from livekit.agents.metrics import ModelUsageCollector
from livekit.agents.utils import http_context
from livekit.agents.voice.run_result import RunResult

from agentworker import providers
from agentworker.filling import filled
from agentworker.leading import Leading
from agentworker.placeholders import fill, values
from agentworker.prompt import instructions_of
from agentworker.providers import Providers, errors
from agentworker.providers.catalog import Access, Part
from agentworker.providers.chain import CONNECTING
from agentworker.providers.choosing import OURS
from agentworker.reading import EXAMPLE_CALLER
from agentworker.script import Script, answer_key, greet
from agentworker.tools import tools_for
from agentworker.trying.answer import Answer, Used
from agentworker.trying.line import RehearsalLine
from agentworker.usage import slugs_of, told
from veyra.sentences import Sentence

# A caller would have hung up.
LONGEST_SECONDS = 30
TOO_LONG = _("It did not answer within %(seconds)s seconds.")


class Unanswered(Exception):
    """There is no answer; `sentence` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


class Rehearsal:
    """`async with`: a talk from its beginning, or from where `memory` left off.

    `now` is in the time zone of the place that is called. Raises errors.ProviderError where its
    mind cannot be had.
    """

    def __init__(
        self,
        script: Script,
        accesses: Mapping[str, Access],
        now: datetime,
        memory: Mapping[str, Any] | None = None,
    ) -> None:
        # In lines of scenarios, too, which are made of calls.
        self._known = values(script.language, now, EXAMPLE_CALLER, script.company)
        script = filled(script, now, EXAMPLE_CALLER)
        self.script, self.line = script, RehearsalLine(script.language)
        made = mind_of(script, accesses)
        self.mind = made.mind
        # Does a language model think for it?
        self.has_mind = any(
            each.part is Part.MIND and each.provider != OURS for each in made.members
        )
        self._slugs, self._counted = slugs_of(made), ModelUsageCollector()
        for member in made.members:
            if member.part is Part.MIND and member.provider != OURS:
                member.instance.on("metrics_collected", self._counted.collect)
        known = memory or {}
        self._hears_words = bool(script.speech.get(Part.EARS))
        self._leading = Leading(
            lambda: self.script, self.line, self._say, self._said, self._hears_words
        )
        self._leading.dictates = bool(known.get("dictates"))
        # What is said without asking the mind.
        self._told: list[str] = []
        chat = known.get("chat")
        self.agent = Agent(
            instructions=instructions_of(script, now) if self.has_mind else "",
            tools=list(tools_for(script, self.line, accesses)),
            chat_ctx=llm.ChatContext.from_dict(chat) if chat else llm.ChatContext.empty(),
        )
        self.session: AgentSession[None] = AgentSession(
            llm=self.mind,
            vad=None,
            turn_handling={"turn_detection": None},
            conn_options=CONNECTING,
        )

    async def __aenter__(self) -> Self:
        self._web = http_context.open()
        await self._web.__aenter__()
        await self.session.start(self.agent, record=False)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.session.aclose()
        await self._web.__aexit__(None, None, None)

    async def greeting(self) -> Answer:
        """The first words, as callers hear them."""
        began = time.perf_counter()
        self._say(greet(self.script, self._hears_words))
        return await self._ours(began)

    async def hear(self, text: str) -> Answer:
        """Raises Unanswered."""
        self.line.begin()
        began = time.perf_counter()
        text = fill(text, self._known)
        if self._leading.dictates:
            await self._leading.take_message(text)
            return await self._ours(began)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                result: RunResult[None] = await self.session.run(user_input=text)
        except TimeoutError:
            raise Unanswered(Sentence(TOO_LONG, {"seconds": LONGEST_SECONDS})) from None
        except Exception as error:  # whatever a provider's library says of it
            raise Unanswered(errors.read(error).sentence) from error
        items = [event.item for event in result.events]
        return self._answer(tuple(_said(items)), began, _asked(items))

    async def press(self, key: str) -> Answer:
        """A key of the telephone."""
        self.line.begin()
        began = time.perf_counter()
        reply = answer_key(self.script, key)
        if reply.do:
            await self._leading.follow(reply)
        else:
            self._say(reply.text)
        self.line.ended = self.line.ended or reply.hang_up
        return await self._ours(began)

    @property
    def used(self) -> dict[str, list[dict[str, Any]]]:
        """What its mind was asked so far, as agentworker.usage tells it: that is paid for."""
        return told(self._counted.flatten(), self._slugs)

    def memory(self) -> dict[str, Any]:
        """What goes on from here, as JSON."""
        chat = self.agent.chat_ctx.copy(exclude_instructions=True)
        return {
            "chat": chat.to_dict(exclude_timestamp=False),
            "dictates": self._leading.dictates,
        }

    def _say(self, text: str) -> None:
        if text:
            self._told.append(text)

    async def _said(self, text: str) -> None:
        self._say(text)

    async def _ours(self, began: float) -> Answer:
        """What was said without asking the mind, which is to know of it all the same."""
        said, self._told = tuple(self._told), []
        known = self.agent.chat_ctx.copy()
        for text in said:
            known.add_message(role="assistant", content=text)
        await self.agent.update_chat_ctx(known)
        return self._answer(said, began, [])

    def _answer(self, said: tuple[str, ...], began: float, asked: list[Used]) -> Answer:
        line = self.line
        spent = round(1000 * (time.perf_counter() - began))
        used = _together(asked, line)
        return Answer(said, used, line.transferred, line.ended, spent)


def mind_of(script: Script, accesses: Mapping[str, Access]) -> Providers:
    """Without its voice and its ears, which need not be there. Raises errors.ProviderError."""
    speech = {Part.MIND.value: script.speech.get(Part.MIND, [])}
    return providers.build(replace(script, speech=speech), accesses)


def _said(items: Sequence[llm.ChatItem]) -> Iterator[str]:
    for item in items:
        if isinstance(item, llm.ChatMessage) and item.role == "assistant" and item.text_content:
            yield item.text_content


def _asked(items: Sequence[llm.ChatItem]) -> list[Used]:
    """What the mind called, with what it filled in, in its order."""
    failed = {
        item.call_id for item in items if isinstance(item, llm.FunctionCallOutput) and item.is_error
    }
    return [
        Used(item.name, ok=item.call_id not in failed, asked=_arguments(item.arguments))
        for item in items
        if isinstance(item, llm.FunctionCall)
    ]


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _together(asked: list[Used], line: RehearsalLine) -> tuple[Used, ...]:
    """With what the tools themselves told of it. One that the mind invented told nothing."""
    told = list(line.uses)
    found = []
    for one in asked:
        use = next((each for each in told if each.name == one.name), None)
        if use is None:
            found.append(replace(one, ok=False))
            continue
        told.remove(use)
        found.append(replace(one, kind=use.kind, ok=use.ok, ms=use.ms, values=use.values))
    rest = (Used(use.name, use.kind, use.ok, use.ms, {}, use.values) for use in told)
    return (*found, *rest)
