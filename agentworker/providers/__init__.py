"""Who speaks, thinks and listens for an assistant: a dict of small builders, one file each.

Pages read it, so the agent library is imported only where something is built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentworker.providers import (
    anthropic,
    cartesia,
    deepgram,
    elevenlabs,
    groq,
    offline,
    openai,
    openai_compatible,
)
from agentworker.providers.catalog import Access, Part, Provider
from agentworker.script import Script

if TYPE_CHECKING:
    from livekit.agents import llm, stt, tts

# In the order in which pages offer them.
PROVIDERS: dict[str, Provider] = {
    each.slug: each
    for each in (
        offline.PROVIDER,
        openai_compatible.PROVIDER,
        openai.PROVIDER,
        deepgram.PROVIDER,
        elevenlabs.PROVIDER,
        cartesia.PROVIDER,
        anthropic.PROVIDER,
        groq.PROVIDER,
    )
}


@dataclass(frozen=True)
class Member:
    """One of those who can be a part of an assistant; the first that works is."""

    part: Part
    provider: str
    instance: Any


@dataclass(frozen=True)
class Providers:
    voice: "tts.TTS[Any]"
    mind: "llm.LLM[Any]"
    # None: speech is heard, its words are not understood.
    recogniser: "stt.STT[Any] | None" = None
    members: tuple[Member, ...] = ()
    # Chosen, and not to be had: the part, who, and an errors.Kind.
    missing: tuple[tuple[Part, str, str], ...] = ()


def build(script: Script, accesses: Mapping[str, Access] | None = None) -> Providers:
    """As the assistant's staff chose, by these accesses (by ProviderKey.key). What nobody chose is
    ours, offline.

    Raises ProviderError where a part was chosen and nobody of those who can be it is to be had.
    """
    from agentworker.providers.chain import chained

    return chained(script, accesses or {}, PROVIDERS)
