"""Ears, mind and voice from one provider, by one key. Pure."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Part, Text


@dataclass(frozen=True)
class ReadySet:
    provider: str
    label: Text

    def speech(self, key: str) -> dict[str, list[dict[str, Any]]]:
        """As Content.speech has it: models, voice and speed are the provider's own. `key`:
        ProviderKey.key.
        """
        return {part.value: [{"provider": self.provider, "key": key}] for part in Part}


SETS = (ReadySet("yandex", _("All from Yandex")), ReadySet("sber", _("All from Sber")))
