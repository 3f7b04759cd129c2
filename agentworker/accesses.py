"""By which keys a job asks its providers, read once at its start."""

from agentworker.keys import ProviderKey
from agentworker.providers.catalog import Access
from agentworker.providers.choosing import keys_of
from agentworker.script import Script
from veyra.secrets import SecretError


def accesses_of(script: Script) -> dict[str, Access]:
    """By ProviderKey.key, of those whom the assistant names. One that is archived, or cannot be
    read, is missing.
    """
    named = keys_of(script.speech) | {str(tool.get("key") or "") for tool in script.tools}
    found: dict[str, Access] = {}
    for row in ProviderKey.objects.named(named - {""}) if named - {""} else ():
        try:
            found[str(row.key)] = row.access
        except SecretError:
            continue
    return found
