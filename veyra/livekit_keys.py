"""The key pair by which LiveKit knows us changes, and no call is dropped.

LiveKit reads its pairs when it starts, and never again (1.13, its source and seen). So a second
pair is there from the first start on, and LiveKit accepts both:

1. `make`, where there is no second pair, as in installations that were made without one.
   LiveKit knows it from its next start on, which waits for a moment in which nobody calls.
2. `switch`: the second becomes the first. Our programs sign by it with their next token; nothing
   is started again.
3. `drop`: the former pair leaves, and another second one takes its place. LiveKit refuses the
   former one from its next start on; `finish` sees that.

Where the environment names the pairs, each step says what a person has to write there.
"""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from veyra.key_rotation import KeyRotation
from veyra.livekit.client import LiveKit
from veyra.livekit.pairs import FIRST, LEAVING, SECOND, SECRET, Pair, by_hand, keep, pairs
from veyra.livekit.types import LiveKitError
from veyra.models import SecurityEvent, User
from veyra.running import Program
from veyra.sentences import Sentence
from veyra.state import new_pair

ANSWER_SECONDS = 3.0

THERE = _("There is a second key already. Switch to it, or take it out first.")
NONE = _("There is no second key. Make one first.")
UNFINISHED = _("The former key has not left yet. Finish that first.")
REFUSED = _(
    "LiveKit does not accept the second key yet. It reads its keys when it starts: start it again"
    " when nobody calls, then try once more."
)
AWAY = _("LiveKit does not answer, so nobody knows whether it accepts the key. Try again later.")
STILL_USED = _(
    "The former key is still in use there: %(programs)s. Start these programs again, then try once"
    " more."
)
STILL_ACCEPTED = _(
    "LiveKit still accepts the former key. Take LIVEKIT_SECOND_KEY out of .env; without Docker take"
    " the key out under keys: in LiveKit's own configuration, too. Start LiveKit and the call"
    " entrance again when nobody calls, then press once more."
)

MADE = _("A second key for LiveKit was made: %(name)s")
SWITCHED = _("Programs sign by another key for LiveKit from now on: %(name)s instead of %(former)s")
DROPPED = _("A key for LiveKit was taken out: %(name)s")


class KeysError(Exception):
    """`sentence` is for staff."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


def accepts(pair: Pair) -> bool | None:
    """Does LiveKit let us in by it? None: it does not answer."""
    try:
        with LiveKit(settings.LIVEKIT_URL, pair.name, pair.secret, ANSWER_SECONDS) as livekit:
            livekit.list_rooms()
    except LiveKitError as error:
        return False if error.code in ("unauthenticated", "permission_denied") else None
    return True


def make(by: User | None = None) -> dict[str, str]:
    """Raises KeysError. What a person has to write into the environment; {}: it is done."""
    if pairs().second:
        raise KeysError(THERE)
    made = new_pair()
    _tell(by, MADE, name=_name(made))
    return _keep({SECOND: made})


def switch(by: User | None = None) -> dict[str, str]:
    """Raises KeysError. As `make`."""
    now = pairs()
    if now.second is None:
        raise KeysError(NONE)
    if now.leaving or (KeyRotation.objects.going_on() and not by_hand()):
        raise KeysError(UNFINISHED)
    accepted = accepts(now.second)
    if not accepted:
        raise KeysError(AWAY if accepted is None else REFUSED)
    named = {"name": now.second.name, "former": now.first.name}
    KeyRotation.objects.get_or_create(**named, ended_at=None, defaults={"by": by})
    _tell(by, SWITCHED, **named)
    first = {FIRST: now.second.name, SECRET: now.second.secret}
    return _keep({**first, SECOND: str(now.first)})


def drop(by: User | None = None) -> dict[str, str]:
    """The former pair; where nothing was switched, the second one. Raises KeysError. As `make`."""
    now = pairs()
    if now.second is None:
        if not (by_hand() and KeyRotation.objects.going_on()):
            raise KeysError(NONE)
        # It was taken out of the environment, so nobody can ask LiveKit about it any more.
        _end()
        return {}
    if now.leaving:
        raise KeysError(UNFINISHED)
    if used := Program.objects.signing_by(now.second.name, timezone.now()):
        raise KeysError(STILL_USED, programs=", ".join(program.target for program in used))
    if by_hand():
        return _dropped_by_hand(now.second, by)
    rotation = KeyRotation.objects.going_on()
    if rotation:
        rotation.dropped_at = timezone.now()
        rotation.save(update_fields=["dropped_at"])
    _tell(by, DROPPED, name=now.second.name)
    # LiveKit signs its webhooks by the pair that was the first when it started.
    keep({SECOND: new_pair(), LEAVING: str(now.second) if rotation else ""})
    finish()
    return {}


def finish() -> bool:
    """Has the former pair left, or is there none? LiveKit is asked."""
    leaving = pairs().leaving
    if leaving is None:
        return True
    if accepts(leaving) is not False:
        return False
    keep({LEAVING: ""})
    _end()
    return True


def _dropped_by_hand(former: Pair, by: User | None) -> dict[str, str]:
    accepted = accepts(former)
    if accepted is not False:
        raise KeysError(AWAY if accepted is None else STILL_ACCEPTED)
    _end()
    _tell(by, DROPPED, name=former.name)
    return {SECOND: ""}


def _end() -> None:
    rotation = KeyRotation.objects.going_on()
    if rotation:
        rotation.ended_at = timezone.now()
        rotation.dropped_at = rotation.dropped_at or rotation.ended_at
        rotation.save(update_fields=["dropped_at", "ended_at"])


def _keep(changed: dict[str, str]) -> dict[str, str]:
    """In the file of this installation's keys; what the environment decides is a person's to do."""
    if by_hand():
        return changed
    keep(changed)
    return {}


def _name(pair: str) -> str:
    return pair.partition(":")[0]


def _tell(by: User | None, msgid: str, **values: str) -> None:
    SecurityEvent.note(SecurityEvent.Kind.LIVEKIT_KEY, by, msgid, **values)
