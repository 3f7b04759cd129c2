"""A mind without a model: the version's own rules answer, or what staff told it to say."""

from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, llm, utils

from agentworker.script import Script, answer_words


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
        told = hint_for(self._chat_ctx)
        answer = told or answer_words(mind.script, last_words(self._chat_ctx))
        delta = llm.ChoiceDelta(role="assistant", content=answer)
        self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=delta))


def last_words(chat_ctx: llm.ChatContext) -> str:
    """What the caller said last; empty where nobody understood it."""
    for item in reversed(chat_ctx.items):
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            return item.text_content or ""
    return ""


def hint_for(chat_ctx: llm.ChatContext) -> str:
    """What staff told the assistant for this turn; there are no other messages of the system."""
    told = [
        item.text_content or ""
        for item in chat_ctx.items
        if isinstance(item, llm.ChatMessage) and item.role == "system"
    ]
    return " ".join(filter(None, told))
