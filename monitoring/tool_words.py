"""What an assistant did besides speaking, in the words of a call's story."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from agentworker.tools import KINDS


def told(payload: Mapping[str, Any], assistant: str) -> str:
    """Of the event "tool": what was used, whether it worked, how long it took, and what was found
    in documents.
    """
    said = _came(payload, assistant)
    passages = payload.get("passages")
    if not isinstance(passages, list):
        return said
    if not passages:
        return _("%(said)s. It found nothing there") % {"said": said}
    passage = _("passage %(number)s")
    found = [f"{name}, {passage % {'number': number}}" for name, number in passages]
    return _("%(said)s. It found: %(found)s") % {"said": said, "found": "; ".join(found)}


def _came(payload: Mapping[str, Any], assistant: str) -> str:
    kind = KINDS.get(str(payload.get("kind")))
    values = {
        "assistant": assistant,
        "what": kind.label if kind else payload.get("name", ""),
        "seconds": number_format(_seconds(payload), 1),
        "status": payload.get("status") or "",
    }
    if payload.get("ok"):
        return _("%(assistant)s used “%(what)s”: it worked, in %(seconds)s s") % values
    said = _("%(assistant)s used “%(what)s”: it did not work (%(seconds)s s)")
    if values["status"]:
        said = _("%(assistant)s used “%(what)s”: the answer was %(status)s (%(seconds)s s)")
    return said % values


def _seconds(payload: Mapping[str, Any]) -> float:
    spent = payload.get("ms")
    return spent / 1000 if isinstance(spent, int | float) else 0.0
