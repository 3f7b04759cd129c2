"""Who hears, thinks and speaks for an assistant: for each, the first that works of up to three."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agentworker.content import Content, Language
from agentworker.keys import ProviderKey
from agentworker.parts import Part as PagePart
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Choice, Part, Provider, Voice
from agentworker.providers.choosing import OURS, choices_as_written, keys_of
from agentworker.providers.choosing import choices as chosen
from agentworker.providers.sets import SETS
from agentworker.services import Words
from veyra.stale import Disagreement

# Of each part: the first, and who is asked where it fails.
MOST = 3
PARTS: Mapping[Part, tuple[Any, Any]] = {
    Part.VOICE: (_("Who speaks"), _("The voice that callers hear.")),
    Part.EARS: (
        _("Who hears"),
        _("Understands what callers say. Without it, callers can only press keys."),
    ),
    Part.MIND: (
        _("Who thinks"),
        _("Thinks of the answers, by the task above. Veyra itself answers by your keys and words."),
    ),
}
SPEEDS = (("0.85", _("slowly")), ("1.0", _("normally")), ("1.15", _("briskly")), ("1.3", _("fast")))
FAILING = (_("First"), _("If it fails"), _("If that fails, too"))
LANGUAGES = {"ru": _("Russian"), "en": _("English")}
WRONG_LANGUAGE = _("This voice does not speak %(language)s. Choose another one.")


ADDS_KEYS = ("agentworker.view_providerkey", "agentworker.add_providerkey")


@dataclass(frozen=True)
class Who:
    """A line of the list of who can be a part. `why_not`: it stands there, and cannot be chosen."""

    value: str
    label: str
    provider: str
    why_not: str = ""


class WhoSelect(UnfoldAdminSelectWidget):  # type: ignore[misc]  # unfold ships no types
    """Each line says to the page's script which provider it is."""

    known: Mapping[str, Who] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if who := self.known.get(str(value)):
            option["attrs"]["data-provider"] = who.provider
            if who.why_not:
                option["attrs"]["disabled"] = True
        return option


@dataclass(frozen=True)
class Row:
    """One choice on the page."""

    number: int
    part: Part
    who: forms.BoundField
    voice: forms.BoundField | None
    voice_id: forms.BoundField | None
    speed: forms.BoundField | None
    model: forms.BoundField

    @property
    def is_shown(self) -> bool:
        return self.number == 0 or bool(self.who.value()) or bool(self.who.errors)

    @property
    def fields(self) -> list[forms.BoundField]:
        every = (self.who, self.voice, self.voice_id, self.speed, self.model)
        return [each for each in every if each is not None]

    @property
    def has_details(self) -> bool:
        """Somebody typed what is seldom needed."""
        rare = [each for each in (self.voice_id, self.model) if each is not None]
        return any(each.value() or each.errors for each in rare)


class SpeechPart(PagePart):
    name = "speech"
    section = "speech"
    template = "agentworker/parts/speech.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        written = self.initial.get("written", {})
        self.keys = {str(row.key): row for row in ProviderKey.objects.kept()}
        for part in PARTS:
            for number, choice in enumerate(_filled(choices_as_written(written, part))):
                self._add(part, number, choice)

    @classmethod
    def initial_from(cls, content: Content | Words) -> dict[str, Any]:
        return {"written": content.speech}

    def _add(self, part: Part, number: int, choice: Choice | None) -> None:
        made = {"who": self._who(part, number, choice), "model": _model(choice)}
        if part is Part.VOICE:
            made |= {
                "voice": self._voice(choice),
                "voice_id": _voice_id(choice, self._provider_of(choice)),
                "speed": _speed(choice),
            }
        for name, field in made.items():
            self.fields[f"{part.value}_{number}_{name}"] = field

    # Who there is

    @cached_property
    def offered(self) -> dict[Part, list[Who]]:
        return {part: list(self._offered(part)) for part in PARTS}

    def _offered(self, part: Part) -> Iterable[Who]:
        for slug, provider in PROVIDERS.items():
            if part not in provider.builders:
                continue
            label = capfirst(str(provider.label))
            rows = [row for row in self.keys.values() if row.provider == slug]
            if not provider.fields:
                yield Who(slug, label, slug)
            elif not provider.is_installed:
                command = provider.command
                why = gettext("not installed: %(command)s") % {"command": command}
                yield Who(f"no:{slug}", f"{label} ({why})", slug, why)
            elif not rows:
                why = gettext("no key yet")
                yield Who(f"no:{slug}", f"{label} ({why})", slug, why)
            for row in rows if provider.is_installed else ():
                if not provider.offers(part, row.settings):
                    continue
                yield Who(str(row.key), named(row, provider), slug)

    def _who(self, part: Part, number: int, choice: Choice | None) -> forms.ChoiceField:
        known = {each.value: each for each in self.offered[part]}
        if choice and choice.key and choice.key not in known:
            row = self.keys.get(choice.key)
            gone = gettext("a key that is not here any more")
            cannot = gettext("%(name)s (cannot be it now)") % {"name": row.name if row else ""}
            label = cannot if row else capfirst(gone)
            known[choice.key] = Who(choice.key, label, choice.provider)
        nobody = "—" if number or part is Part.EARS else gettext("Veyra itself")
        if not number and part is not Part.EARS:
            known.pop(OURS, None)
        field = forms.ChoiceField(
            label=FAILING[number],
            choices=[("", nobody), *((each.value, each.label) for each in known.values())],
            required=False,
            initial=value_of(choice, number, part),
            widget=WhoSelect(attrs={"data-who": part.value}),
        )
        field.widget.known = known
        return field

    def _voice(self, choice: Choice | None) -> forms.ChoiceField:
        groups = [
            (
                capfirst(str(each.label)),
                [(f"{each.slug}:{v.name}", _called(v)) for v in each.voices],
            )
            for each in PROVIDERS.values()
            if Part.VOICE in each.builders and each.voices and each.fields
        ]
        provider = self._provider_of(choice)
        listed = bool(provider and choice and any(v.name == choice.voice for v in provider.voices))
        return forms.ChoiceField(
            label=pgettext("a person's", "Voice"),
            choices=[("", gettext("its usual one")), *groups],
            required=False,
            initial=f"{choice.provider}:{choice.voice}" if choice and listed else "",
            widget=UnfoldAdminSelectWidget(attrs={"data-voice": ""}),
        )

    def _provider_of(self, choice: Choice | None) -> Provider | None:
        return PROVIDERS.get(choice.provider) if choice else None

    # What was chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for part in PARTS:
            for number in range(MOST):
                who = f"{part.value}_{number}_who"
                if str(cleaned.get(who, "")).startswith("no:"):
                    self.add_error(who, _("It cannot be chosen yet."))
        if not self.errors:
            self._check_voices()
        return cleaned

    def _check_voices(self) -> None:
        chosen_language = str(self.data.get("language", ""))
        # Who follows his caller begins in Russian.
        language = "ru" if chosen_language == Language.AUTO else chosen_language
        if language not in LANGUAGES:
            return
        for number, choice in self._rows_of(Part.VOICE):
            voice = spoken_by(choice)
            if voice and voice.languages and language not in voice.languages:
                told = WRONG_LANGUAGE % {"language": LANGUAGES[language]}
                self.add_error(f"voice_{number}_voice", told)

    def _rows_of(self, part: Part) -> Iterable[tuple[int, Choice]]:
        for number in range(MOST):
            found = {
                name: str(self.cleaned_data.get(f"{part.value}_{number}_{name}", "") or "").strip()
                for name in ("who", "model", "voice", "voice_id", "speed")
            }
            if found["who"]:
                yield number, self._choice(found)

    def _choice(self, found: Mapping[str, str]) -> Choice:
        if found["who"] == OURS:
            return Choice(OURS)
        row = self.keys.get(found["who"])
        provider = row.provider if row else self._lost_provider(found["who"])
        slug, _colon, voice = found["voice"].partition(":")
        voice = found["voice_id"] or (voice if slug == provider else "")
        speed = float(found["speed"] or 1.0)
        return Choice(provider, found["who"], found["model"], voice, speed)

    def _lost_provider(self, key: str) -> str:
        written = self.initial.get("written", {})
        every = (each for part in PARTS for each in chosen(written, part))
        return next((each.provider for each in every if each.key == key), "")

    def speech(self) -> dict[str, list[dict[str, Any]]]:
        """Of a valid part, as Content.speech has it."""
        found = {}
        for part in Part:
            rows = [choice for _number, choice in self._rows_of(part)] if part in PARTS else []
            if rows:
                found[part.value] = [written_as(each) for each in self._with_ours(part, rows)]
        return found

    def _with_ours(self, part: Part, rows: list[Choice]) -> list[Choice]:
        """ "Veyra itself" as the first one, and somebody after it, is written out."""
        first = self.cleaned_data.get(f"{part.value}_0_who")
        return rows if first or part is Part.EARS else [Choice(OURS), *rows]

    def into(self, words: Words) -> Words:
        return replace(words, speech=self.speech())

    @classmethod
    def told(cls, words: Words) -> Iterable[tuple[str, str]]:
        keys = {str(row.key): row for row in ProviderKey.objects.named(keys_of(words.speech))}
        for part, (label, _help) in PARTS.items():
            yield str(label), "\n".join(_told(each, keys) for each in chosen(words.speech, part))

    def disagreements(self) -> Iterable[Disagreement]:
        """By what is said of them, not field by field."""
        if not self.is_valid():
            return
        blank = Words("", "", [], [])
        theirs = self.told(replace(blank, speech=self.initial.get("written", {})))
        yours = self.told(self.into(blank))
        for (label, one), (_label, other) in zip(theirs, yours, strict=True):
            if one != other:
                yield Disagreement(label, one or "—", other or "—")

    # The page

    @property
    def groups(self) -> list[tuple[Part, Any, Any, list[Row]]]:
        return [
            (part, label, help_text, [self._row(part, number) for number in range(MOST)])
            for part, (label, help_text) in PARTS.items()
        ]

    def _row(self, part: Part, number: int) -> Row:
        fields = {
            name: self[f"{part.value}_{number}_{name}"]
            for name in ("who", "voice", "voice_id", "speed", "model")
            if f"{part.value}_{number}_{name}" in self.fields
        }
        rest = {name: fields.get(name) for name in ("voice", "voice_id", "speed")}
        return Row(number, part, fields["who"], model=fields["model"], **rest)

    def extra(self) -> dict[str, Any]:
        may = self.user is not None and self.user.has_perms(ADDS_KEYS)
        return {"sets": list(self._sets()), "may_add": may, "models": list(_models())}

    def _sets(self) -> Iterable[tuple[str, str, str]]:
        """(key, label, provider) of each key that is good for all three; "" for the key where there
        is none yet.
        """
        called = {each.provider: str(each.label) for each in SETS}
        for slug, provider in PROVIDERS.items():
            rows = [row for row in self.keys.values() if row.provider == slug]
            if not all(part in provider.builders for part in Part) or not provider.is_installed:
                continue
            for row in rows:
                if not all(provider.offers(part, row.settings) for part in Part):
                    continue
                label = called.get(slug) or gettext("All from %(name)s") % {"name": row.name}
                yield str(row.key), f"{label} ({row.name})" if slug in called else label, slug
            if slug in called and not rows:
                yield "", called[slug], slug


def named(row: ProviderKey, provider: Provider) -> str:
    label = str(provider.label)
    return row.name if label.lower() in row.name.lower() else f"{row.name} ({label})"


def spoken_by(choice: Choice) -> Voice | None:
    """The voice that is heard; None where it is no voice of the list."""
    provider = PROVIDERS.get(choice.provider)
    voices: Sequence[Voice] = provider.voices if provider else ()
    return next((each for each in voices if choice.voice in (each.name, "")), None)


def value_of(choice: Choice | None, number: int, part: Part) -> str:
    if choice is None:
        return ""
    is_usual = choice.provider == OURS and not number and part is not Part.EARS
    return "" if is_usual else choice.key or choice.provider


def written_as(choice: Choice) -> dict[str, Any]:
    """What nobody said is left out, so that the same choice is always the same text."""
    found: dict[str, Any] = {"provider": choice.provider}
    for name in ("key", "model", "voice"):
        if value := getattr(choice, name):
            found[name] = value
    return found | ({"speed": choice.speed} if choice.speed != 1.0 else {})


def _filled(found: Sequence[Choice]) -> list[Choice | None]:
    return [*found[:MOST], *([None] * (MOST - len(found)))]


def _called(voice: Voice) -> str:
    if len(voice.languages) != 1:
        return str(voice.label)
    language = str(LANGUAGES[voice.languages[0]])
    return f"{voice.label} ({language})"


def _model(choice: Choice | None) -> forms.CharField:
    return forms.CharField(
        label=_("Model"),
        required=False,
        max_length=100,
        initial=choice.model if choice else "",
        help_text=_("Empty: the one that fits a telephone."),
        widget=UnfoldAdminTextInputWidget(attrs={"data-choice-field": "model"}),
    )


def _voice_id(choice: Choice | None, provider: Provider | None) -> forms.CharField:
    listed = bool(provider and choice and any(v.name == choice.voice for v in provider.voices))
    return forms.CharField(
        label=_("Another voice, by its id"),
        required=False,
        max_length=100,
        initial=choice.voice if choice and not listed else "",
        widget=UnfoldAdminTextInputWidget(attrs={"data-voice-id": ""}),
    )


def _speed(choice: Choice | None) -> forms.ChoiceField:
    speed = choice.speed if choice else 1.0
    known = list(SPEEDS)
    if str(speed) not in dict(known):
        known.append((str(speed), str(speed)))  # type: ignore[arg-type]  # a plain text
    return forms.ChoiceField(
        label=_("It speaks"),
        choices=known,
        required=False,
        initial=str(speed),
        widget=UnfoldAdminSelectWidget(attrs={"data-choice-field": "speed"}),
    )


def _told(choice: Choice, keys: Mapping[str, ProviderKey]) -> str:
    provider = PROVIDERS.get(choice.provider)
    label = capfirst(str(provider.label)) if provider else choice.provider
    row = keys.get(choice.key)
    known = spoken_by(choice) if choice.voice else None
    extra = [str(known.label) if known else choice.voice, choice.model]
    if choice.speed != 1.0:
        extra.append(f"×{choice.speed}")
    said = ", ".join(filter(None, extra))
    name = named(row, provider) if row and provider else label
    return f"{name}: {said}" if said else name


def _models() -> Iterable[tuple[str, list[tuple[str, tuple[str, ...]]]]]:
    """(slug, [(part, models)]): what the field of the model suggests."""
    for slug, provider in PROVIDERS.items():
        if provider.models:
            yield slug, [(part.value, names) for part, names in provider.models.items()]
