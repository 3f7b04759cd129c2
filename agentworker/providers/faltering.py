"""Providers that fail in a call, and come back: each is told once, as a fact of the call."""

from collections.abc import Callable
from functools import partial
from typing import Any

from agentworker.providers.attentive_ears import AttentiveEars
from agentworker.providers.built import Member, Providers
from agentworker.providers.catalog import Part
from agentworker.providers.errors import kind_of
from agentworker.providers.faltering_facts import BROKEN
from agentworker.spool import Leg, Spool

# Nothing was understood of so many stretches of speech, each at least so long: the caller may have
# coughed, but hardly all the time.
TIMES, SECONDS = 3, 0.7
# The library's names of errors -> the part that they befall.
PARTS = {"tts_error": "voice", "llm_error": "mind", "stt_error": "ears"}
Tell = Callable[..., None]


class Faltering:
    """`tell(part=…, provider=…, state="failed" | "back", error=…)`: an errors.Kind, or ""."""

    def __init__(self, providers: Providers, tell: Tell) -> None:
        self._providers, self._tell = providers, tell
        self._failed: set[tuple[Part, str]] = set()
        self._unheard = 0

    def follow(self, live: Any) -> None:
        """`live`: an AgentSession."""
        for part, provider, error in self._providers.missing:
            self._note(part, provider, error)
        for member in self._providers.members:
            member.instance.on("error", partial(self._on_error, member))
        chains = (self._providers.voice, self._providers.mind, self._providers.recogniser)
        for chain, name in zip(chains, ("tts", "llm", "stt"), strict=True):
            if chain is not None:
                within = getattr(chain, "wrapped_stt", chain)
                within.on(f"{name}_availability_changed", partial(self._on_change, name))
        live.on("user_transcription_timeout", self._on_unheard)
        live.on("user_input_transcribed", self._on_heard)

    def _on_error(self, member: Member, event: Any) -> None:
        self._note(member.part, member.provider, kind_of(event.error).value)

    def _note(self, part: Part, provider: str, error: str) -> None:
        if (part, provider) not in self._failed:
            self._failed.add((part, provider))
            self._tell(part=part.value, provider=provider, state="failed", error=error)

    def _on_change(self, name: str, event: Any) -> None:
        """It is back. That it failed was told with the reason, where its class tells reasons."""
        instance = getattr(event, name)
        # Ears that hear whole sentences only are wrapped once more by the library.
        inner = getattr(instance, "wrapped_stt", instance)
        member = next((x for x in self._providers.members if x.instance in (instance, inner)), None)
        if member is None:
            return
        if not event.available:
            self._note(member.part, member.provider, "")
        elif (member.part, member.provider) in self._failed:
            self._failed.discard((member.part, member.provider))
            self._tell(part=member.part.value, provider=member.provider, state="back", error="")

    def _on_heard(self, _event: object) -> None:
        self._unheard = 0

    def _on_unheard(self, event: Any) -> None:
        """The caller spoke, and no words came of it."""
        self._unheard += event.speech_duration >= SECONDS
        if self._unheard >= TIMES:
            self._unheard = 0
            for member in self._providers.members:
                if isinstance(member.instance, AttentiveEars):
                    member.instance.give_up()


def tell_broken(spool: Spool, leg: Leg, error: Any) -> None:
    """The conversation cannot go on. `error`: of the library's session, which names the part."""
    part = PARTS.get(getattr(error, "type", ""), "")
    spool.event(BROKEN, leg, part=part)
    spool.session(error=f"{type(error).__name__}: {error.label}")
