"""What is told of providers of speech and thought in the story of a call."""

from collections.abc import Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import PARTS, Part
from agentworker.providers.errors import Kind
from agentworker.providers.faltering_facts import BROKEN, FACT

WHY: Mapping[str, Any] = {
    Kind.REFUSED: gettext_lazy("the key is refused"),
    Kind.QUOTA: gettext_lazy("too many requests, or no money on the account"),
    Kind.COUNTRY: gettext_lazy("it does not serve our country"),
    Kind.UNREACHABLE: gettext_lazy("no answer"),
    Kind.GARBAGE: gettext_lazy("an answer without sense"),
    Kind.GONE: gettext_lazy("no such model or voice"),
    Kind.BROKEN: gettext_lazy("a fault of its own"),
}


def told(kind: str, payload: Mapping[str, Any]) -> str:
    """The event as a sentence; "" where it is none of these."""
    part = part_called(str(payload.get("part", "")))
    if kind == BROKEN:
        return capfirst(
            _("%(part)s: nobody works who was chosen for it, so the assistant could not go on")
            % {"part": part}
        )
    if kind != FACT:
        return ""
    provider = called(str(payload.get("provider", "")))
    if payload.get("state") == "back":
        return capfirst(_("%(part)s: %(provider)s works again") % vars_of(part, provider))
    why = WHY.get(str(payload.get("error", "")), _("an error"))
    sentence = _("%(part)s: %(provider)s does not work (%(why)s)")
    return capfirst(sentence % {**vars_of(part, provider), "why": why})


def vars_of(part: str, provider: str) -> dict[str, str]:
    return {"part": part, "provider": provider}


def part_called(slug: str) -> str:
    return str(PARTS[Part(slug)]) if slug in set(Part) else _("speech")


def called(slug: str) -> str:
    return str(PROVIDERS[slug].label) if slug in PROVIDERS else slug
