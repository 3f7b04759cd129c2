"""A seal on each object of ours in LiveKit: whoever changes the object there breaks it.

The seal is a keyed hash of the whole object and travels in its metadata. So it needs no record here
that a crash could miss, and it holds for an object that came back from a backup of LiveKit. It is
keyed, since a rule's metadata reaches everybody in the room, and the hash covers the rule's PIN.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, TypeVar

from telephony.routing.actual import Object, mark_of, plain

Owned = TypeVar("Owned", bound=Object)


def sealed(value: Owned, secret: str) -> Owned:
    """The object as it is to be put into LiveKit; its metadata names our key already."""
    mark = {**mark_of(value.metadata), "seal": fingerprint(value, secret)}
    return replace(value, metadata=json.dumps(mark))


def is_intact(found: Object, secret: str) -> bool:
    """Is it exactly as this installation put it there?"""
    seal = mark_of(found.metadata).get("seal")
    return bool(mark_of(found.metadata)) and seal == fingerprint(found, secret)


def fingerprint(value: Object, secret: str) -> str:
    """Of all that is in the object, but for its id and its seal; tells nothing of its secrets."""
    fields = asdict(plain(value), dict_factory=_what_is_set)
    text = json.dumps(fields, sort_keys=True, default=str)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def _what_is_set(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A setting that Veyra learns to read later does not break the seals of today."""
    return {name: value for name, value in pairs if value}
