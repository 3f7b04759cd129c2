"""Who speaks, thinks and listens for an assistant: a dict of small builders, one file each."""

from dataclasses import dataclass
from typing import Any

from livekit.agents import llm, stt, tts

from agentworker.providers import offline
from agentworker.script import Script


@dataclass(frozen=True)
class Providers:
    voice: tts.TTS[Any]
    mind: llm.LLM[Any]
    # None: speech is heard, its words are not understood.
    recogniser: stt.STT[Any] | None = None


def build(script: Script) -> Providers:
    return Providers(offline.EspeakVoice(script.language), offline.RulesMind(script))
