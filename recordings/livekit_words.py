"""What LiveKit says of rooms, streams and incoming streams, as sentences with what to do."""

import re

from django.utils.translation import gettext_noop as _

from veyra.livekit.types import LiveKitError
from veyra.sentences import Sentence

# What is told of something that began; patterns of LiveKit's own words.
TEXTS: list[tuple[str, str]] = [
    (
        r"no response from servers|not enough CPU|CPU exhausted",
        _(
            "LiveKit's service for this did not answer: it is not running, or it has no processor"
            " time left. Start it, or give it more processors, then try again."
        ),
    ),
    (
        r"(egress|ingress) not connected|redis required",
        _(
            "LiveKit runs without Redis, so it neither sends nor takes streams. Set redis.address"
            " in its configuration and start it again."
        ),
    ),
    (
        r"Start signal not received",
        _(
            "Nothing was heard or seen within the time that LiveKit waits, so it gave up. Try again"
            " when somebody is there."
        ),
    ),
    (
        r"Stop called before pipeline could start",
        _("It was stopped before it had begun."),
    ),
    (
        r"Session limit reached",
        _("LiveKit ended it: it had lasted as long as its configuration allows."),
    ),
    (
        r"upload failed",
        _(
            "LiveKit could not bring the file to the storage. Press “Try it” on the storage: its"
            " address, its key, or the right to write may be wrong."
        ),
    ),
    (
        r"internal error|Process killed",
        _("LiveKit's service broke down in the middle. Try again; its own log says why."),
    ),
    (
        r"could not connect|connection refused|no such host|dial tcp",
        _("The other side does not answer. Compare the address with what the service shows."),
    ),
    (
        r"invalid stream key|authentication|unauthorized|Failed to set state",
        _("The other side refused us. Compare the key with what the service shows now."),
    ),
    (
        r"(room|participant|track|egress|ingress)\b.* (does not exist|not found)"
        r"|(track|stream) is not found|could not find",
        _("It is not there any more. Look at the page anew."),
    ),
    (
        r"not reusable",
        _("What is fetched from an address cannot be changed. Delete it and make another one."),
    ),
]
CODES = {
    "unauthenticated": _(
        "LiveKit does not accept our key. LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be the pair"
        " that stands in LiveKit's configuration."
    ),
    "malformed": _(
        "What answers at LIVEKIT_URL is not LiveKit. Correct the address in the settings."
    ),
    "unavailable": _("LiveKit does not answer. Start it if it is not running, then try again."),
}
OTHER = _("LiveKit said: “%(message)s”. Try again; if it stays, show this to your engineer.")


def sentence_of(error: LiveKitError) -> Sentence:
    """Why something was not done."""
    if found := _known(error.message):
        return found
    if error.code in CODES:
        return Sentence(CODES[error.code])
    return Sentence(OTHER, {"message": error.message or error.code})


def why(message: str) -> Sentence:
    """Why something ended, in LiveKit's words or ours; empty for no words."""
    if not message:
        return Sentence("")
    return _known(message) or Sentence(OTHER, {"message": message})


def _known(message: str) -> Sentence | None:
    for pattern, msgid in TEXTS:
        if re.search(pattern, message, re.IGNORECASE):
            return Sentence(msgid)
    return None
