"""Settings that cannot work are named at start, each with what to write instead."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def settings_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(problem.wrong, hint=problem.hint, id="veyra.E001")
        for problem in settings.SETTINGS_PROBLEMS
    ]


@register()
def field_keys_fit(**kwargs: Any) -> list[CheckMessage]:
    hint = "Make one with cryptography.fernet.Fernet.generate_key()."
    if not settings.FIELD_KEYS:
        return [Error("FIELD_KEYS is empty.", hint=hint, id="veyra.E002")]
    try:
        for key in settings.FIELD_KEYS:
            Fernet(key)
    except ValueError:
        return [Error("FIELD_KEYS has a key of a wrong form.", hint=hint, id="veyra.E003")]
    return []


@register()
def livekit_secret_is_long_enough(**kwargs: Any) -> list[CheckMessage]:
    if len(settings.LIVEKIT_API_SECRET) >= 32:
        return []
    hint = "LiveKit wants at least 32 characters; webhooks and tokens are signed with it."
    return [Warning("LIVEKIT_API_SECRET is short.", hint=hint, id="veyra.W001")]


@register()
def browsers_may_open_livekit(**kwargs: Any) -> list[CheckMessage]:
    plain = settings.LIVEKIT_PUBLIC_URL.startswith(("ws://", "http://"))
    if not (plain and settings.PUBLIC_URL.startswith("https://")):
        return []
    hint = "Write the wss:// address of a proxy in front of LiveKit."
    text = "LIVEKIT_PUBLIC_URL is not encrypted: browsers open it from no page over https."
    return [Warning(text, hint=hint, id="veyra.W002")]


@register(deploy=True)
def sources_are_named(**kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "Write the host names under which staff open Veyra, separated by commas."
    return [Error("ALLOWED_HOSTS admits every name.", hint=hint, id="veyra.E004")]


@register(deploy=True)
def pages_are_encrypted(**kwargs: Any) -> list[CheckMessage]:
    if settings.PUBLIC_URL.startswith("https://"):
        return []
    hint = "Write the https:// address of a proxy in front of Veyra, such as Caddy's."
    return [Error("PUBLIC_URL is not encrypted.", hint=hint, id="veyra.E005")]
