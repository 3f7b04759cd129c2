"""In which language the caller speaks, and what changes with it. Pure, but for the voice."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentworker.providers.catalog import Access, Part
from agentworker.script import Script

if TYPE_CHECKING:  # whoever rehearses without a voice does without it
    from livekit.agents import tts

LETTERS = {"ru": re.compile(r"[а-яё]", re.IGNORECASE), "en": re.compile(r"[a-z]", re.IGNORECASE)}
# Fewer letters may be a name, or "ok".
FEWEST = 6


def language_of(text: str) -> str:
    """ "ru" or "en", by most of its letters; "" where they are too few to tell."""
    counted = {language: len(letters.findall(text)) for language, letters in LETTERS.items()}
    most = max(counted, key=lambda language: counted[language])
    return most if counted[most] >= FEWEST else ""


def in_language(script: Script, language: str) -> Script:
    """Its sentences are ours from now on where staff wrote them in the other language."""
    goodbye, fallback = (
        text if language_of(text) == language else "" for text in (script.goodbye, script.fallback)
    )
    return replace(script, language=language, goodbye=goodbye, fallback=fallback)


def voice_of(script: Script, accesses: Mapping[str, Access]) -> "tts.TTS[Any]":
    """Of the script's language, as staff chose. Raises ProviderError."""
    from agentworker.providers import build

    voice = Part.VOICE.value
    return build(replace(script, speech={voice: script.speech.get(voice, [])}), accesses).voice
