"""Engines of our own, in their own network or elsewhere, that speak OpenAI's interface: vLLM and
Ollama think, speaches listens, Kokoro speaks. Three addresses, each of which may be empty.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

import agentworker.providers.openai_api as openai_api
from agentworker.providers.catalog import Access, Choice, Field, Part, Provider
from agentworker.providers.errors import Kind, ProviderError

ADDRESS_OF = {Part.EARS: "ears_url", Part.MIND: "mind_url", Part.VOICE: "voice_url"}
# What is taken where nobody said which.
MODEL_OF = {Part.EARS: "ears_model", Part.MIND: "mind_model", Part.VOICE: "voice_model"}
FIRST_MODEL = {Part.EARS: "whisper-1", Part.MIND: "default", Part.VOICE: "kokoro"}
FIRST_VOICE = "af_heart"
ANY = Choice("openai_compatible")


def _url(access: Access, part: Part) -> str:
    found = access.settings.get(ADDRESS_OF[part], "").rstrip("/")
    if not found:
        raise ProviderError.of(Kind.GONE)
    return found


def _model(access: Access, part: Part, choice: Choice = ANY) -> str:
    return choice.model or access.settings.get(MODEL_OF[part], "") or FIRST_MODEL[part]


def _voice(access: Access, choice: Choice = ANY) -> str:
    return choice.voice or access.settings.get("voice_name", "") or FIRST_VOICE


def ears(access: Access, choice: Choice, language: str) -> Any:
    model = _model(access, Part.EARS, choice)
    return openai_api.ears(access, _url(access, Part.EARS), model, language, typed=True)


def mind(access: Access, choice: Choice, _language: str) -> Any:
    model = _model(access, Part.MIND, choice)
    return openai_api.mind(access, _url(access, Part.MIND), model, typed=True)


def voice(access: Access, choice: Choice, _language: str) -> Any:
    model, spoken = _model(access, Part.VOICE, choice), _voice(access, choice)
    return openai_api.voice(access, _url(access, Part.VOICE), model, choice, spoken, typed=True)


async def check(access: Access) -> None:
    """Each engine that has an address."""
    tried = {part: name for part, name in ADDRESS_OF.items() if access.settings.get(name)}
    if not tried:
        raise ProviderError.of(Kind.GONE)
    for part in tried:
        url, model = _url(access, part), _model(access, part)
        if part is Part.MIND:
            await openai_api.try_mind(access, url, model, typed=True)
        elif part is Part.VOICE:
            await openai_api.try_voice(access, url, model, _voice(access), typed=True)
        else:
            await openai_api.try_ears(access, url, model, typed=True)


PROVIDER = Provider(
    slug="openai_compatible",
    label=_("Your own server"),
    languages=("ru", "en"),
    fields=(
        Field(
            "mind_url",
            _("Address of the mind"),
            help=_("Such as http://10.0.0.5:11434/v1 of Ollama, or of vLLM; empty: it has none."),
            is_required=False,
        ),
        Field("mind_model", _("Model of the mind"), is_required=False),
        Field(
            "ears_url",
            _("Address of the ears"),
            help=_("Such as http://10.0.0.5:8000/v1 of speaches; empty: it has none."),
            is_required=False,
        ),
        Field("ears_model", _("Model of the ears"), is_required=False),
        Field(
            "voice_url",
            _("Address of the voice"),
            help=_("Such as http://10.0.0.5:8880/v1 of Kokoro; empty: it has none."),
            is_required=False,
        ),
        Field("voice_model", _("Model of the voice"), is_required=False),
        Field("voice_name", _("Its voice"), is_required=False),
        Field("secret", _("Key, if it wants one"), is_secret=True, is_required=False),
    ),
    site="https://github.com/speaches-ai/speaches",
    how=_(
        "Programs that run on a computer of yours and speak the interface of OpenAI: vLLM or Ollama"
        " as a mind, speaches as ears, Kokoro as a voice."
    ),
    price=_("free, but for the computer"),
    builders={Part.EARS: ears, Part.MIND: mind, Part.VOICE: voice},
    addresses=ADDRESS_OF,
    check=check,
    libraries=("livekit.plugins.openai",),
)
