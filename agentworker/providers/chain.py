"""Orders of preference made into one voice, one mind and one recogniser, each of which goes on to
the next provider when one fails.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from livekit.agents import APIConnectOptions, llm, stt, tts
from livekit.agents.voice.agent_session import SessionConnectOptions

from agentworker.ears import build_ears
from agentworker.providers.answering_mind import AnsweringMind
from agentworker.providers.attentive_ears import AttentiveEars
from agentworker.providers.built import Member, Providers
from agentworker.providers.catalog import Access, Choice, Part, Provider
from agentworker.providers.choosing import choices
from agentworker.providers.errors import Kind, ProviderError, read
from agentworker.providers.rules_mind import RulesMind
from agentworker.script import Script

# A caller waits: so long for the first sign of each, then the next one is asked.
ATTEMPT_SECONDS = 4.0
# Where there is no next one, it is asked once more, so soon.
RETRIES_ALONE, RETRY_SECONDS = 1, 0.5
OURS = Choice("offline")
# The chains below try everybody; what they could not do nobody can, and the call must not be
# silent: the last resort speaks.
_ONCE = APIConnectOptions(max_retry=0, timeout=ATTEMPT_SECONDS, retry_interval=RETRY_SECONDS)
CONNECTING = SessionConnectOptions(
    stt_conn_options=_ONCE,
    llm_conn_options=_ONCE,
    tts_conn_options=_ONCE,
    max_unrecoverable_errors=0,
)
Missing = tuple[Part, str, str]


def chained(
    script: Script, accesses: Mapping[str, Access], known: Mapping[str, Provider]
) -> Providers:
    missing: list[Missing] = []
    members = {part: list(_members(script, part, accesses, known, missing)) for part in Part}
    return Providers(
        voice=_voice([each.instance for each in members[Part.VOICE]]),
        mind=_mind([each.instance for each in members[Part.MIND]]),
        recogniser=_ears([each.instance for each in members[Part.EARS]]),
        members=tuple(each for part in Part for each in members[part]),
        missing=tuple(missing),
    )


def _members(
    script: Script,
    part: Part,
    accesses: Mapping[str, Access],
    known: Mapping[str, Provider],
    missing: list[Missing],
) -> Iterable[Member]:
    wanted = choices(script.speech, part) or ([] if part is Part.EARS else [OURS])
    found = False
    error: ProviderError | None = None
    for choice in wanted:
        try:
            yield Member(part, choice.provider, _made(script, part, choice, accesses, known))
            found = True
        except ProviderError as failure:
            error = failure
            missing.append((part, choice.provider, failure.kind.value))
    if error and not found:
        raise error


def _made(
    script: Script,
    part: Part,
    choice: Choice,
    accesses: Mapping[str, Access],
    known: Mapping[str, Provider],
) -> Any:
    """Raises ProviderError."""
    if part is Part.MIND and choice.provider == OURS.provider:
        return RulesMind(script)
    provider = known.get(choice.provider)
    if provider is None or part not in provider.builders or not provider.is_installed:
        raise ProviderError.of(Kind.GONE)
    access = accesses.get(choice.key) if choice.key else Access()
    if access is None:
        raise ProviderError.of(Kind.REFUSED)
    # Ears that do not know the language find it out; a voice speaks the one of the moment.
    language = "" if part is Part.EARS and script.follows_caller else script.language
    try:
        return watched(part, provider.builders[part](access, choice, language))
    except Exception as failure:  # whatever a vendor's library does of a wrong key or model
        raise read(failure) from failure


def watched(part: Part, made: Any) -> Any:
    """One that fails without saying so does say so."""
    if part is Part.MIND:
        return AnsweringMind(made)
    if part is Part.EARS and made.capabilities.streaming:
        return AttentiveEars(made)
    return made


def _retries(members: list[Any]) -> int:
    return 0 if len(members) > 1 else RETRIES_ALONE


def _voice(members: list[Any]) -> tts.TTS[Any]:
    if _is_ours(members):
        return members[0]  # type: ignore[no-any-return]  # the builder's
    return tts.FallbackAdapter(members, max_retry_per_tts=_retries(members))


def _mind(members: list[Any]) -> llm.LLM[Any]:
    if _is_ours(members):
        return members[0]  # type: ignore[no-any-return]  # the builder's
    return llm.FallbackAdapter(
        members,
        attempt_timeout=ATTEMPT_SECONDS,
        max_retry_per_llm=_retries(members),
        retry_interval=RETRY_SECONDS,
    )


def _ears(members: list[Any]) -> stt.STT[Any] | None:
    if not members:
        return None
    hear_streams = [each.capabilities.streaming for each in members]
    hearing = None if all(hear_streams) else build_ears()
    chain = stt.FallbackAdapter(
        members,
        vad=hearing,
        attempt_timeout=ATTEMPT_SECONDS,
        max_retry_per_stt=_retries(members),
        retry_interval=RETRY_SECONDS,
    )
    if hearing is None or any(hear_streams):
        return chain
    # Each sentence goes to the next one whole: a chain of streams would lose the one at which the
    # first fails.
    return stt.StreamAdapter(stt=chain, vad=hearing)


def _is_ours(members: list[Any]) -> bool:
    """Alone, and made on this machine: there is nothing to go on to."""
    return len(members) == 1 and getattr(members[0], "provider", "") == OURS.provider
