"""A voice, heard before it is chosen."""

import asyncio
import io
import wave
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _

from agentworker.key_testing import LOCKED
from agentworker.keys import ProviderKey
from agentworker.providers import PROVIDERS, errors
from agentworker.providers.catalog import Access, Choice, Part
from agentworker.providers.choosing import speed_of
from veyra.secrets import SecretError
from veyra.sentences import Sentence

# Whoever types says this in a breath or two; a foreign voice is paid by the letter.
LONGEST = 300
SECONDS = 10.0
KEPT = 64
SAMPLES = {
    "ru": "Здравствуйте! Так я буду говорить с теми, кто вам звонит.",
    "en": "Hello! This is how I will speak to those who call you.",
}
NO_VOICE = _("Choose a voice first.")
NO_KEY = _("Its key is not here any more. Choose another one, or add it again.")
NOT_INSTALLED = _("This voice is not installed on our server. The engineer can add it.")


class AuditionError(Exception):
    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


def sample(choice: Choice, speed: str, language: str, text: str) -> bytes:
    """A WAV file. `speed`: as it was typed. `language`: "ru" or "en". Raises AuditionError."""
    wanted = replace(choice, provider=choice.provider or "offline", speed=speed_of(speed))
    words = " ".join(text.split())[:LONGEST] or SAMPLES[language]
    return _spoken(wanted, language, words)


@lru_cache(maxsize=KEPT)
def _spoken(choice: Choice, language: str, text: str) -> bytes:
    provider = PROVIDERS.get(choice.provider)
    if provider is None or Part.VOICE not in provider.builders:
        raise AuditionError(Sentence(NO_VOICE))
    if choice.provider == "offline":
        return _by_espeak(language, text)
    if not provider.is_installed:
        raise AuditionError(Sentence(NOT_INSTALLED))
    access = _access(choice)
    try:
        return asyncio.run(_said(provider.builders[Part.VOICE], access, choice, language, text))
    except Exception as error:  # each vendor's library raises its own
        raise AuditionError(errors.read(error).sentence) from error


def _by_espeak(language: str, text: str) -> bytes:
    """Without the agent library, which the web does not need otherwise."""
    from agentworker.espeak import VOICES, WORDS_PER_MINUTE, engine

    return as_wav(engine().speak(text, VOICES[language], WORDS_PER_MINUTE), engine().rate)


def _access(choice: Choice) -> Access:
    """A key is shown to its own provider alone. Raises AuditionError."""
    if not choice.key:
        return Access()
    try:
        row = ProviderKey.objects.kept().filter(key=choice.key, provider=choice.provider).first()
    except ValidationError:  # it is no key at all
        row = None
    if row is None:
        raise AuditionError(Sentence(NO_KEY))
    try:
        return row.access
    except SecretError as error:
        raise AuditionError(Sentence(LOCKED)) from error


async def _said(builder: Any, access: Access, choice: Choice, language: str, text: str) -> bytes:
    """Raises whatever the provider's library raises."""
    from livekit.agents import APIConnectOptions

    from agentworker.providers.net import close_all

    once = APIConnectOptions(max_retry=0, timeout=SECONDS)
    voice = builder(access, choice, language)
    frames = []
    try:
        async with asyncio.timeout(SECONDS), voice.synthesize(text, conn_options=once) as stream:
            async for audio in stream:
                frames.append(audio.frame)
    finally:
        await voice.aclose()
        await close_all()
    if not frames:
        raise errors.ProviderError.of(errors.Kind.GARBAGE)
    return as_wav(b"".join(bytes(each.data) for each in frames), frames[0].sample_rate)


def as_wav(samples: bytes, rate: int) -> bytes:
    """16 bit mono samples as a file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    return made.getvalue()
