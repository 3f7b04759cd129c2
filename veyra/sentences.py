"""Sentences for people that are made in one process and read in another, in another language."""

from dataclasses import dataclass, field
from typing import Any, Self

from django.utils.formats import number_format
from django.utils.translation import gettext


@dataclass(frozen=True)
class Sentence:
    """A translatable sentence: its msgid and the values of its %(name)s places.

    Mark the msgid with gettext_noop where it is written, so that makemessages finds it. A value may
    be another sentence, as `to_json` gives it.
    """

    msgid: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """In the reader's language, numbers with a fraction too."""
        values = {name: _readable(value) for name, value in self.values.items()}
        return gettext(self.msgid) % values if self.msgid else ""

    def to_json(self) -> dict[str, Any]:
        return {"msgid": self.msgid, "values": self.values}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(stored.get("msgid", ""), stored.get("values", {}))


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return str(Sentence.from_json(value))
    return number_format(value) if isinstance(value, float) else value
