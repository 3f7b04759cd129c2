"""What a conversation is given of its providers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentworker.providers.catalog import Part

if TYPE_CHECKING:
    from livekit.agents import llm, stt, tts


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
