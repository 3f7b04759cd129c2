"""The key pair by which LiveKit knows us, and a second one beside it: they change places while
calls go on.

1. `manage.py livekitkeys --make`: a second pair is written down. At its next start LiveKit is told
   both, and accepts both.
2. `manage.py livekitkeys --switch`: when LiveKit accepts it, the second becomes the first. Our
   programs sign by it from their next start; LiveKit is not touched, and no call is dropped.
3. `manage.py livekitkeys --drop`: the old pair is taken out; LiveKit forgets it at its next start.
"""

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop as _

from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.sentences import Sentence
from veyra.state import KEYS_FILE, local_keys

SECOND = "LIVEKIT_SECOND_KEY"
NAMES = ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", SECOND)

THERE = _("There is a second pair already. Switch to it, or drop it first.")
NONE = _("There is no second pair. Make one first.")
REFUSED = _(
    "LiveKit does not accept the second pair yet (%(error)s). Start LiveKit again when nobody"
    " calls, so that it reads both, and try once more."
)


class KeysError(Exception):
    """`sentence` is for staff."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


def second() -> tuple[str, str] | None:
    """Name and secret of the pair that LiveKit knows, too."""
    name, _colon, secret = settings.LIVEKIT_SECOND_KEY.partition(":")
    return (name, secret) if name and secret else None


def make() -> dict[str, str]:
    """Raises KeysError. What a person has to write into the environment; {}: it is done."""
    if second():
        raise KeysError(THERE)
    pair = f"veyra-{secrets.token_hex(3)}:{secrets.token_urlsafe(40)}"
    return _keep({SECOND: pair})


def switch() -> dict[str, str]:
    """Raises KeysError. As `make`."""
    pair = second()
    if pair is None:
        raise KeysError(NONE)
    try:
        with LiveKit(settings.LIVEKIT_URL, *pair) as livekit:
            livekit.list_rooms()
    except LiveKitError as error:
        raise KeysError(REFUSED, error=str(error)) from error
    former = f"{settings.LIVEKIT_API_KEY}:{settings.LIVEKIT_API_SECRET}"
    named = {"LIVEKIT_API_KEY": pair[0], "LIVEKIT_API_SECRET": pair[1]}
    return _keep({**named, SECOND: former})


def drop() -> dict[str, str]:
    """Raises KeysError. As `make`."""
    if second() is None:
        raise KeysError(NONE)
    return _keep({SECOND: ""})


def _keep(changed: dict[str, str]) -> dict[str, str]:
    """In the file of this installation's keys; what the environment decides is a person's to do."""
    if any(os.environ.get(name) for name in NAMES):
        return changed
    path = Path(settings.STATE) / KEYS_FILE
    kept = {**local_keys(settings.STATE), **changed}
    made = path.with_suffix(".new")
    made.touch(mode=0o600)
    made.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))
    made.replace(path)
    return {}
