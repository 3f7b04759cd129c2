"""Who speaks, thinks and listens for an assistant: a dict of small builders, one file each.

Pages read it, so the agent library is imported only where something is built.
"""

from collections.abc import Mapping

from agentworker.providers import (
    anthropic,
    azure,
    cartesia,
    deepgram,
    elevenlabs,
    google,
    groq,
    http,
    offline,
    openai,
    openai_compatible,
    sber,
    yandex,
)
from agentworker.providers.built import Member, Providers
from agentworker.providers.catalog import Access, Provider
from agentworker.script import Script

__all__ = ["PROVIDERS", "Member", "Providers", "build"]

# In the order in which pages offer them.
PROVIDERS: dict[str, Provider] = {
    each.slug: each
    for each in (
        offline.PROVIDER,
        openai_compatible.PROVIDER,
        yandex.PROVIDER,
        sber.PROVIDER,
        openai.PROVIDER,
        deepgram.PROVIDER,
        elevenlabs.PROVIDER,
        cartesia.PROVIDER,
        google.PROVIDER,
        azure.PROVIDER,
        anthropic.PROVIDER,
        groq.PROVIDER,
        http.PROVIDER,
    )
}


def build(script: Script, accesses: Mapping[str, Access] | None = None) -> Providers:
    """As the assistant's staff chose, by these accesses (by ProviderKey.key). What nobody chose is
    ours, offline.

    Raises ProviderError where a part was chosen and nobody of those who can be it is to be had.
    """
    from agentworker.providers.chain import chained

    return chained(script, accesses or {}, PROVIDERS)
