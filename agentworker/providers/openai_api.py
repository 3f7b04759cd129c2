"""The interface of OpenAI, which many others speak, too: builders for each part, and requests that
try it. `typed`: its address was written by a person.
"""

from typing import Any

import aiohttp

from agentworker.providers.catalog import Access, Choice
from agentworker.providers.errors import Kind, ProviderError
from agentworker.providers.net import ask_json, ask_sound, openai_client
from agentworker.providers.wav import silence

SAY = "ok"


def _plugin() -> Any:
    from agentworker.providers.plugins import plugin

    return plugin("openai")


def ears(access: Access, url: str, model: str, language: str, *, typed: bool = False) -> Any:
    client = openai_client(access, url, is_typed=typed)
    if not language:
        return _plugin().STT(model=model, detect_language=True, client=client, use_realtime=False)
    return _plugin().STT(model=model, language=language, client=client, use_realtime=False)


def mind(access: Access, url: str, model: str, *, typed: bool = False) -> Any:
    client = openai_client(access, url, is_typed=typed)
    # Servers of others take no schema as strict as OpenAI's own.
    return _plugin().LLM(model=model, client=client, _strict_tool_schema=not typed)


def voice(
    access: Access, url: str, model: str, choice: Choice, voice: str, *, typed: bool = False
) -> Any:
    return _plugin().TTS(
        model=model,
        voice=voice,
        speed=choice.speed,
        client=openai_client(access, url, is_typed=typed),
        # It says of itself how fast it is to be played, which servers of others decide.
        response_format="wav",
    )


def _allowed(access: Access) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.secret}"} if access.secret else {}


async def try_mind(access: Access, url: str, model: str, *, typed: bool = False) -> None:
    """Raises ProviderError."""
    asked = {"model": model, "messages": [{"role": "user", "content": SAY}]}
    said = await ask_json(
        access,
        f"{url}/chat/completions",
        is_typed=typed,
        json=asked,
        headers=_allowed(access),
    )
    if not isinstance(said, dict) or not said.get("choices"):
        raise ProviderError.of(Kind.GARBAGE)


async def try_voice(
    access: Access, url: str, model: str, voice: str, *, typed: bool = False
) -> None:
    """Raises ProviderError."""
    asked = {"model": model, "input": SAY, "voice": voice, "response_format": "wav"}
    await ask_sound(
        access, f"{url}/audio/speech", is_typed=typed, json=asked, headers=_allowed(access)
    )


async def try_ears(access: Access, url: str, model: str, *, typed: bool = False) -> None:
    """Raises ProviderError."""
    form = aiohttp.FormData()
    form.add_field("file", silence(), filename="file.wav", content_type="audio/wav")
    form.add_field("model", model)
    said = await ask_json(
        access, f"{url}/audio/transcriptions", is_typed=typed, data=form, headers=_allowed(access)
    )
    if not isinstance(said, dict) or "text" not in said:
        raise ProviderError.of(Kind.GARBAGE)
