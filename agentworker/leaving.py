"""Calls that the last resort ends: whose, and how."""

import logging
from collections.abc import Collection, Iterable

from agentworker.people import Person
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError

log = logging.getLogger(__name__)


def is_spoken_to(here: Iterable[Person]) -> bool:
    return any(someone.speaks_for_us for someone in here)


def to_let_go(here: Iterable[Person], there: Collection[str]) -> list[str]:
    """Identities of the callers who were `there` (sids) from the start: who came later has not
    heard it all. Nobody, where somebody talks to them by now.
    """
    here = list(here)
    if is_spoken_to(here):
        return []
    return [someone.identity for someone in here if someone.is_caller and someone.sid in there]


def let_go(room: str, identities: Iterable[str]) -> None:
    """Their calls end; the watchdog finds whoever is still there."""
    with LiveKit.from_settings() as livekit:
        for identity in identities:
            try:
                livekit.remove_participant(room, identity)
            except LiveKitError as error:
                if error.code != "not_found":
                    log.warning("a call was not ended: %s", error.code)
