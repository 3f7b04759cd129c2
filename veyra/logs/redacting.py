"""What may not stand in a log: numbers of people, keys, passwords. Pure.

What people say never gets as far as here: no program of ours logs it, and what the agent library
logs of it has a name by which it is known.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

NUMBER, SECRET = "[number]", "[secret]"
# Shorter ones stand in other words, too.
SHORTEST_SECRET = 8
# Of a value with such a name nothing is told.
PRIVATE = re.compile(
    r"passw|secret|authorization|cookie|api_?key|field_?keys|(^|_)(token|jwt|pin|transcript)$"
    r"|(^|\.)pii\.",  # the agent library's mark: lk.pii.user_input
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"\+\d(?:[\s().-]{0,2}\d){6,14}"  # +7 499 112-41-48
    # 8 (499) 112-41-48
    r"|(?<![0-9A-Za-z.-])[78][\s(-]{1,2}\d{3}[\s)-]{1,2}\d{3}[\s-]?\d{2}[\s-]?\d{2}(?![^\W_])"
    # 74991124148, as in LiveKit's room names, too: support-room-_74991124148_x
    r"|(?<![0-9A-Za-z.-])\d{10,15}(?![0-9A-Za-z-]|\.\d)"
)
_SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a token of LiveKit
    r"|\bgAAAA[\w-]{20,}={0,2}"  # Fernet's ciphertext
    r"|(?<=/alarms/answer/)[^/\s\"]+"  # whoever has it answers an alarm
    # Whoever has one of these makes a login, or sets a password.
    r"|(?:(?<=/join/)|(?<=/account/new-password/))[^/\s\"]+"
    r"|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]{8,}"
)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@]+@|((?:access_)?token|key|signature|password)=[^\s&\"']+")


def secrets_in(*values: str | None) -> list[str]:
    """Of keys and of addresses with a password, what is secret."""
    found = [urlsplit(each).password if "://" in each else each for each in values if each]
    return [unquote(each) for each in found if each]


class Redactor:
    """`secrets`: those of this installation, which are looked for word for word."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long_ones = {each for each in secrets if len(each) >= SHORTEST_SECRET}
        escaped = sorted((re.escape(each) for each in long_ones), key=len, reverse=True)
        self._known = re.compile("|".join(escaped)) if escaped else None

    def text(self, text: str) -> str:
        if self._known:
            text = self._known.sub(SECRET, text)
        text = _IN_ADDRESS.sub(_hidden, text)
        return _NUMBERS.sub(NUMBER, _SECRETS.sub(SECRET, text))

    def secret_or_value(self, value: Any, name: str) -> Any:
        """For who may read the call's numbers: only keys, passwords and PINs are hidden."""
        if value and PRIVATE.search(name):
            return SECRET
        return self._known.sub(SECRET, value) if self._known and isinstance(value, str) else value

    def value(self, value: Any, name: str = "") -> Any:
        """Numbers as such are counts and ids; whoever has a telephone number has it as text."""
        if value and PRIVATE.search(name):
            return SECRET
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(key): self.value(each, str(key)) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(each) for each in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))


def _hidden(found: re.Match[str]) -> str:
    return f"{found[1]}={SECRET}" if found[1] else f"{SECRET}@"
