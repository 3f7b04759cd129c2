"""By which keys a job asks its providers, read once at its start."""

from importlib import import_module

from django.db import DatabaseError, connections

from agentworker.key_use import named_in
from agentworker.keys import ProviderKey
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Access
from agentworker.script import Script
from veyra.secrets import SecretError


def accesses_of(script: Script) -> dict[str, Access]:
    """By ProviderKey.key, of those whom the assistant names. One that is archived, or cannot be
    read, is missing.
    """
    named = named_in(script.speech, script.tools)
    found: dict[str, Access] = {}
    for row in ProviderKey.objects.named(named) if named else ():
        try:
            found[str(row.key)] = row.access
        except SecretError:
            continue
    return found


def read(script: Script) -> dict[str, Access]:
    """The same, in a job: the connection is closed behind it."""
    try:
        return accesses_of(script)
    finally:
        connections.close_all()


def libraries() -> list[str]:
    """The modules that ask the providers of which there are keys; none where nobody can say."""
    try:
        slugs = set(ProviderKey.objects.kept().values_list("provider", flat=True))
    except DatabaseError:
        return []
    finally:
        connections.close_all()
    named = (PROVIDERS[slug].libraries for slug in sorted(slugs & PROVIDERS.keys()))
    return list(dict.fromkeys(name for each in named for name in each))


def warm_up() -> None:
    """Import them before a call: what the fork server did not, since their keys are newer."""
    for name in libraries():
        import_module(name)
