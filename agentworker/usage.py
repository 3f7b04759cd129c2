"""What a conversation used of its providers, as far as the library counted it."""

from collections.abc import Iterable, Mapping
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice import ConversationItemAddedEvent

from agentworker.providers.built import Providers
from agentworker.providers.choosing import OURS
from agentworker.spool import Spool

# A provider and its model, as the library calls them.
Who = tuple[str, str]

# The library's names -> ours, and of each what is paid for.
PARTS = {"llm_usage": "mind", "tts_usage": "voice", "stt_usage": "ears"}
FIELDS: Mapping[str, Mapping[str, str]] = {
    "mind": {"input_tokens": "tokens_in", "output_tokens": "tokens_out"},
    "voice": {
        "characters_count": "characters",
        "audio_duration": "seconds",
        "input_tokens": "tokens_in",
        "output_tokens": "tokens_out",
    },
    "ears": {
        "audio_duration": "seconds",
        "input_tokens": "tokens_in",
        "output_tokens": "tokens_out",
    },
}


def told(models: Iterable[Any], slugs: Mapping[Who, str]) -> dict[str, list[dict[str, Any]]]:
    """{"mind": [{"provider", "model", "tokens_in", "tokens_out"}], "voice": [{…, "characters",
    "seconds"}], "ears": [{…, "seconds"}]}: a row for each that was used, nought left out, and
    nothing of what is ours. `slugs`: the library's names -> providers.PROVIDERS. Pure.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for model in models:
        provider = slugs.get((model.provider, model.model), model.provider)
        if (part := PARTS.get(model.type)) and provider != OURS:
            counted = {ours: getattr(model, name, 0) for name, ours in FIELDS[part].items()}
            used = {name: round(value, 2) for name, value in counted.items() if value}
            if used:
                row = {"provider": provider, "model": model.model}
                found.setdefault(part, []).append(row | used)
    return found


def slugs_of(providers: Providers) -> dict[Who, str]:
    """The library's names of these -> ours."""
    members = providers.members
    return {(each.instance.provider, each.instance.model): each.provider for each in members}


def follow(live: AgentSession[Any], providers: Providers, spool: Spool) -> None:
    """Written down after each answer, so a killed job has told of all but its last."""
    slugs = slugs_of(providers)

    def tell() -> None:
        if used := told(live.usage.model_usage, slugs):
            spool.session(usage=used)

    def on_item(event: ConversationItemAddedEvent) -> None:
        if getattr(event.item, "role", "") == "assistant":
            tell()

    live.on("close", lambda _event: tell())
    live.on("conversation_item_added", on_item)
