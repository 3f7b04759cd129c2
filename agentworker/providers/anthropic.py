"""Anthropic: a mind."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Part, Provider
from agentworker.providers.errors import Kind, ProviderError
from agentworker.providers.fields import KEY
from agentworker.providers.net import anthropic_client, ask_json

URL = "https://api.anthropic.com"
MODELS = {Part.MIND: ("claude-haiku-4-5", "claude-sonnet-4-6")}
VERSION = "2023-06-01"


def _url(access: Access) -> str:
    return access.settings.get("base_url", URL)


def mind(access: Access, choice: Choice, _language: str) -> Any:
    from agentworker.providers.plugins import plugin

    model = choice.model or MODELS[Part.MIND][0]
    # It asks for the key even where a client has it.
    client = anthropic_client(access, _url(access))
    return plugin("anthropic").LLM(model=model, client=client, api_key=access.secret or "none")


async def check(access: Access) -> None:
    asked = {
        "model": MODELS[Part.MIND][0],
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "ok"}],
    }
    headers = {"x-api-key": access.secret, "anthropic-version": VERSION}
    said = await ask_json(access, f"{_url(access)}/v1/messages", json=asked, headers=headers)
    if not isinstance(said, dict) or said.get("type") != "message":
        raise ProviderError.of(Kind.GARBAGE)


PROVIDER = Provider(
    slug="anthropic",
    label="Anthropic",
    languages=("ru", "en"),
    fields=(KEY,),
    site="https://console.anthropic.com/settings/keys",
    how=_("Sign up, open “API Keys”, press “Create Key”, and put money on the account."),
    price=_("about 0.01 $ a minute of talk"),
    builders={Part.MIND: mind},
    check=check,
    libraries=("livekit.plugins.anthropic",),
    models=MODELS,
)
