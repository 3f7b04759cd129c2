"""The key pairs by which LiveKit knows us, as they stand at this moment.

They change places while programs run (veyra.livekit_keys), so nobody keeps one: a program signs by
the new pair with its next token, and none has to be started again for that.
"""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Self

from django.conf import settings

from veyra.state import KEYS_FILE, local_keys, stamp

FIRST, SECRET = "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"
SECOND, LEAVING = "LIVEKIT_SECOND_KEY", "LIVEKIT_LEAVING_KEY"
NAMES = (FIRST, SECRET, SECOND, LEAVING)
# Set for the assistant's worker and its jobs: the agent library writes the pair that it was given
# into the environment, where it would look like a person's for ever.
OF_FILE = "VEYRA_KEYS_OF_FILE"


@dataclass(frozen=True)
class Pair:
    name: str
    secret: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Of name:secret; None where one of them is missing."""
        name, _colon, secret = text.partition(":")
        return cls(name, secret) if name and secret else None

    def __str__(self) -> str:
        return f"{self.name}:{self.secret}"


@dataclass(frozen=True)
class Pairs:
    """We sign by `first`. LiveKit is told `second` as well, from its next start on. `leaving` is
    not ours any more, but LiveKit may sign by it until it is started again.
    """

    first: Pair
    second: Pair | None = None
    leaving: Pair | None = None

    def all(self) -> list[Pair]:
        return [pair for pair in (self.first, self.second, self.leaving) if pair]


def pairs() -> Pairs:
    """Of the environment where it names one; else of the file, however often that changes."""
    state = Path(settings.STATE)
    at = stamp(state)
    # As it was when settings were read, they have it.
    is_known = at in (0, settings.KEYS_STAMP) and OF_FILE not in os.environ
    if by_hand() or is_known:
        return Pairs(
            Pair(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET),
            Pair.read(settings.LIVEKIT_SECOND_KEY),
            Pair.read(settings.LIVEKIT_LEAVING_KEY),
        )
    return _of_file(state, at)


def made_since() -> list[Pair]:
    """Those of which settings know nothing, since they were read before."""
    read = (settings.LIVEKIT_SECOND_KEY, settings.LIVEKIT_LEAVING_KEY)
    known = {settings.LIVEKIT_API_SECRET, *(pair.secret for pair in map(Pair.read, read) if pair)}
    return [pair for pair in pairs().all() if pair.secret not in known]


def by_hand() -> bool:
    """Does the environment decide them? Then a person changes them there."""
    return OF_FILE not in os.environ and any(os.environ.get(name) for name in NAMES)


def hold_to_file() -> None:
    """Whatever is written into the environment of this process from now on is nobody's decision."""
    if not by_hand():
        os.environ[OF_FILE] = "1"


@lru_cache(maxsize=4)
def _of_file(state: Path, at: int) -> Pairs:
    kept = local_keys(state)
    return Pairs(
        Pair(kept.get(FIRST, ""), kept.get(SECRET, "")),
        Pair.read(kept.get(SECOND, "")),
        Pair.read(kept.get(LEAVING, "")),
    )


def keep(changed: dict[str, str]) -> None:
    """Write it into the file of this installation's keys: from then on it holds."""
    path = Path(settings.STATE) / KEYS_FILE
    kept = {**local_keys(settings.STATE), **changed}
    made = path.with_suffix(".new")
    made.touch(mode=0o600)
    made.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))
    made.replace(path)
