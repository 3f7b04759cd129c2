"""Needs no key and no network: espeak-ng speaks, the version's own rules answer."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access, Choice, Part, Provider, Voice


def voice(_access: Access, _choice: Choice, language: str) -> Any:
    from agentworker.providers.espeak_voice import EspeakVoice

    return EspeakVoice(language)


def mind(_access: Access, _choice: Choice, _language: str) -> Any:
    """`build` gives it the assistant's rules, which no choice holds."""
    raise TypeError("the mind of rules is made of a script")


PROVIDER = Provider(
    slug="offline",
    label=_("Veyra itself"),
    languages=("ru", "en"),
    how=_("Needs nothing: it works without a network, and sounds like a machine."),
    price=_("free"),
    builders={Part.MIND: mind, Part.VOICE: voice},
    voices=(Voice("", _("espeak-ng"), ("ru", "en")),),
)
