"""A mind without a model: the version's own rules answer, or what staff told it to say."""

import json
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, llm, utils
from livekit.agents.voice.generation import INSTRUCTIONS_MESSAGE_ID

from agentworker.script import Rule, Script, answer_words, rule_for
from agentworker.tools import config_for


class RulesMind(llm.LLM[Any]):
    """Answers the caller's last message by the script alone, or as staff told it to."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script

    @property
    def model(self) -> str:
        return "rules"

    @property
    def provider(self) -> str:
        return "offline"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_options: Any,
    ) -> "RulesStream":
        return RulesStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class RulesStream(llm.LLMStream):
    async def _run(self) -> None:
        mind = self._llm
        if not isinstance(mind, RulesMind):
            raise TypeError("a RulesStream belongs to a RulesMind")
        delta = self._answer(mind.script)
        self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=delta))

    def _answer(self, script: Script) -> llm.ChoiceDelta:
        """What came of a tool, what staff told it to say, or what a rule says and does."""
        said = result_of_tool(self._chat_ctx) or hint_for(self._chat_ctx)
        if said:
            return llm.ChoiceDelta(role="assistant", content=said)
        words = last_words(self._chat_ctx)
        rule = rule_for(script, words)
        if rule is None or not rule.do:
            return llm.ChoiceDelta(role="assistant", content=answer_words(script, words))
        return llm.ChoiceDelta(
            role="assistant", content=rule.say, tool_calls=called(script, rule, words)
        )


def called(script: Script, rule: Rule, words: str) -> list[llm.FunctionToolCall]:
    """The tool to which a rule leads; a message is what the caller has just said."""
    config = config_for(script, rule.do, rule.to)
    if config is None:
        return []
    arguments = json.dumps({"text": words} if rule.do == "message" else {})
    call = llm.FunctionToolCall(
        name=config["name"], arguments=arguments, call_id=utils.shortuuid("call_")
    )
    return [call]


def result_of_tool(chat_ctx: llm.ChatContext) -> str:
    """What a tool has just answered, which is made to be said."""
    last = chat_ctx.items[-1] if chat_ctx.items else None
    return last.output if isinstance(last, llm.FunctionCallOutput) else ""


def last_words(chat_ctx: llm.ChatContext) -> str:
    """What the caller said last; empty where nobody understood it."""
    for item in reversed(chat_ctx.items):
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            return item.text_content or ""
    return ""


def hint_for(chat_ctx: llm.ChatContext) -> str:
    """What staff told the assistant for this turn; how it is to behave is for other minds."""
    told = [
        item.text_content or ""
        for item in chat_ctx.items
        if isinstance(item, llm.ChatMessage)
        and item.role == "system"
        and item.id != INSTRUCTIONS_MESSAGE_ID
    ]
    return " ".join(filter(None, told))
