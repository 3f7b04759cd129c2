"""How the keys stand by which assistants ask their providers, for lights and routes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from agentworker.key_use import current_versions
from agentworker.keys import ProviderKey
from agentworker.providers.catalog import Part
from agentworker.providers.choosing import choices, keys_of
from veyra.sentences import Sentence


@dataclass(frozen=True)
class KeyTrouble:
    """`is_fatal`: nobody else is named who could hear, think or speak in its place."""

    sentence: Sentence
    is_fatal: bool


def troubles(agents: Iterable[str]) -> dict[str, KeyTrouble]:
    """Of assistants (Agent.key), by what callers hear of them now. Two queries."""
    speeches = {
        str(version.agent.key): version.speech
        for version in current_versions().filter(agent__key__in=list(filter(None, agents)))
    }
    named = {key for speech in speeches.values() for key in keys_of(speech)}
    rows = ProviderKey.objects.kept().filter(key__in=named) if named else ()
    keys = {str(row.key): row for row in rows}
    found = {agent: trouble_of(speech, keys) for agent, speech in speeches.items()}
    return {agent: trouble for agent, trouble in found.items() if trouble}


def trouble_now(speech: Mapping[str, Any]) -> KeyTrouble | None:
    """Of what somebody wrote and nobody hears yet, with the keys as they are."""
    named = keys_of(speech)
    rows = ProviderKey.objects.kept().filter(key__in=named) if named else ()
    return trouble_of(speech, {str(row.key): row for row in rows})


def trouble_of(speech: Mapping[str, Any], keys: Mapping[str, ProviderKey]) -> KeyTrouble | None:
    """The worst one. Pure."""
    worst = None
    for part in Part:
        chosen = choices(speech, part)
        bad = [each.key for each in chosen if each.key and not works(keys.get(each.key))]
        if not bad or (worst and worst.is_fatal):
            continue
        worst = KeyTrouble(sentence_of(keys.get(bad[0])), is_fatal=len(bad) == len(chosen))
    return worst


def works(row: ProviderKey | None) -> bool:
    """One that nobody has tested yet may."""
    return row is not None and row.works is not False


def sentence_of(row: ProviderKey | None) -> Sentence:
    if row is None:
        msgid = gettext_noop("A key of its speech provider is not there any more. Choose another.")
        return Sentence(msgid)
    msgid = gettext_noop("The key “%(key)s” does not work: %(why)s")
    return Sentence(msgid, {"key": row.name, "why": row.verdict})
