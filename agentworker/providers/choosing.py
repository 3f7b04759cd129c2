"""Whom staff chose, read from an assistant's `speech`. Pure."""

from collections.abc import Mapping
from typing import Any

from agentworker.providers.catalog import Choice, Part

SLOWEST, FASTEST = 0.5, 2.0
OURS = "offline"


def choices(speech: Mapping[str, Any], part: Part) -> list[Choice]:
    """In the order of preference; what is written wrongly is left out."""
    rows = speech.get(part.value)
    found = [choice_of(row) for row in rows] if isinstance(rows, list) else []
    return [each for each in found if each]


def has_mind(speech: Mapping[str, Any]) -> bool:
    """Does a language model think for it?"""
    return any(each.provider != OURS for each in choices(speech, Part.MIND))


def choices_as_written(speech: Mapping[str, Any], part: Part) -> list[Choice]:
    """What a page shows: also of a text that is no mapping at all."""
    return choices(speech, part) if isinstance(speech, Mapping) else []


def is_paid_for(speech: Mapping[str, Any]) -> bool:
    """Does anybody but ourselves hear, think or speak for it?"""
    return any(each.provider != OURS for part in Part for each in choices(speech, part))


def choice_of(row: Any) -> Choice | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("provider"), str):
        return None
    text = {name: str(row.get(name) or "") for name in ("provider", "key", "model", "voice")}
    return Choice(**text, speed=speed_of(row.get("speed"))) if text["provider"] else None


def speed_of(value: Any) -> float:
    try:
        return min(max(float(value), SLOWEST), FASTEST)
    except (TypeError, ValueError):
        return 1.0


def keys_of(speech: Mapping[str, Any]) -> set[str]:
    """ProviderKey.key of everybody who is chosen."""
    return {each.key for part in Part for each in choices(speech, part) if each.key}
