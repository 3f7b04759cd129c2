"""What a provider of speech or thought is. Pages read it, so the agent library is not imported."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Part(StrEnum):
    """What of an assistant it can be."""

    EARS = "ears"
    MIND = "mind"
    VOICE = "voice"

    @property
    def label(self) -> str:
        return str(PARTS[self])


PARTS: Mapping[Part, Text] = {Part.EARS: _("ears"), Part.MIND: _("mind"), Part.VOICE: _("voice")}


LANGUAGES: Mapping[str, Text] = {
    "ru": pgettext_lazy("language", "Russian"),
    "en": pgettext_lazy("language", "English"),
}


@dataclass(frozen=True)
class Field:
    """What a person types to let us in. A secret one is ProviderKey.secret, any other is kept in
    its settings under `name`.
    """

    name: str
    label: Text
    help: Text = ""
    is_secret: bool = False
    is_required: bool = True
    # A text of several lines, such as a certificate.
    is_long: bool = False
    choices: tuple[tuple[str, Text], ...] = ()
    first: str = ""


@dataclass(frozen=True)
class Voice:
    """`languages`: of "ru", "en"; none: whichever the text is in."""

    name: str
    label: Text
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Access:
    """By what it lets us in; read from a ProviderKey, held by a job for its time."""

    secret: str = field(default="", repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    proxy: str = field(default="", repr=False)


@dataclass(frozen=True)
class Choice:
    """Who is to be one part of an assistant. `key`: ProviderKey.key, "" where none is needed."""

    provider: str
    key: str = ""
    model: str = ""
    voice: str = ""
    speed: float = 1.0


# Makes a stt.STT, llm.LLM or tts.TTS that speaks this language ("ru", "en"; "" any). Imports the
# agent library inside. Raises ProviderError.
Builder = Callable[[Access, Choice, str], Any]
# One small real request. Raises ProviderError with the sentence that staff read.
Check = Callable[[Access], Awaitable[None]]


@dataclass(frozen=True)
class Provider:
    slug: str
    label: Text
    languages: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    # Where a key is to be had: an address, and what to do there.
    site: str = ""
    how: Text = ""
    price: Text = ""
    builders: Mapping[Part, Builder] = field(default_factory=dict)
    check: Check | None = None
    # Of each part, the first being what is taken where nobody chose.
    models: Mapping[Part, tuple[str, ...]] = field(default_factory=dict)
    voices: tuple[Voice, ...] = ()
    # The setting without which it is not this part: its address.
    addresses: Mapping[Part, str] = field(default_factory=dict)
    # What its builders import, which takes a moment: a job has done so before its call.
    libraries: tuple[str, ...] = ()
    # The module that must be there, and what the lock calls its extra.
    needs: str = ""
    extra: str = ""

    @property
    def is_installed(self) -> bool:
        if not self.needs:
            return True
        try:
            return find_spec(self.needs) is not None
        except ModuleNotFoundError:  # its parent is not there, either
            return False

    @property
    def command(self) -> str:
        """What adds it, where it is not installed."""
        return f"make {self.extra}"

    @property
    def parts(self) -> list[Part]:
        return [part for part in Part if part in self.builders]

    @property
    def tongues(self) -> str:
        """Its languages in words, and those of its voices where they are fewer."""
        sets = [set(each.languages or self.languages) for each in self.voices]
        spoken = [each for each in self.languages if any(each in some for some in sets)]
        if len(spoken) in (0, len(self.languages)):
            return _listed(self.languages)
        told = {"languages": _listed(self.languages), "spoken": _listed(spoken)}
        return gettext("%(languages)s (voices: %(spoken)s)") % told

    def offers(self, part: Part, settings: Mapping[str, Any]) -> bool:
        """Can it be this part, as it was set up?"""
        wanted = self.addresses.get(part)
        return part in self.builders and (wanted is None or bool(settings.get(wanted)))


def _listed(languages: Iterable[str]) -> str:
    return ", ".join(str(LANGUAGES[each]) for each in languages)
