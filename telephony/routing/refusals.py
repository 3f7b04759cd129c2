"""LiveKit's refusals as sentences for the row that caused them."""

import re

from django.utils.translation import gettext_noop

from veyra.livekit.types import LiveKitError
from veyra.sentences import Sentence

TAKEN = gettext_noop(
    "One of these numbers is already taken in LiveKit by another connection (%(id)s)."
    " Delete it there; until then Veyra tries again every half minute."
)
# What LiveKit says (facts C4) -> what staff read; groups become the sentence's values. In a
# conflict it names the two objects in either order, and the one being made "<new>".
TEXTS: list[tuple[str, str]] = [
    (r"Conflicting inbound SIP Trunks: \".*?\" and \"(?P<id>ST_[^\"]*)\"", TAKEN),
    (r"Conflicting inbound SIP Trunks: \"(?P<id>ST_[^\"]*)\" and \"<new>\"", TAKEN),
    (
        r"Dispatch rule for the same trunk, .* exists in dispatch rule \"(?P<id>SDR_[^\"]*)\"",
        gettext_noop(
            "In LiveKit the rule %(id)s answers the same calls as another one. Delete the one that"
            " Veyra does not manage; until then Veyra tries again every half minute."
        ),
    ),
    (
        r"Dispatch rule for the same trunk, .* exists in dispatch rule \"<new>\"",
        gettext_noop(
            "Another rule in LiveKit already answers these calls. Delete the one that Veyra does"
            " not manage; until then Veyra tries again every half minute."
        ),
    ),
    (
        r"for security, one of the fields must be set",
        gettext_noop(
            "The connection has neither a number, nor addresses, nor a login. Write at least one"
            " of them."
        ),
    ),
    (
        r"requested sip (trunk|dispatch rule) does not exist",
        gettext_noop("Somebody deleted it in LiveKit just now. Veyra makes it again."),
    ),
    (
        r"cpu exhausted",
        gettext_noop(
            "The call entrance is too busy for another call. Try again in a minute; if it repeats,"
            " the server needs more processors."
        ),
    ),
    (
        r"sip not connected",
        gettext_noop(
            "LiveKit runs without Redis, so it takes no calls. Set redis.address in its"
            " configuration and start it again."
        ),
    ),
]
CODES: dict[str, str] = {
    "unauthenticated": gettext_noop(
        "LiveKit does not accept our key. LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be the pair"
        " that stands in LiveKit's configuration."
    ),
    "malformed": gettext_noop(
        "What answers at LIVEKIT_URL is not LiveKit. Correct the address in the settings."
    ),
    "unavailable": gettext_noop(
        "LiveKit does not answer. This is published as soon as it does; start LiveKit if it is"
        " not running."
    ),
}
OTHER = gettext_noop(
    "LiveKit refused: “%(message)s”. Press “Try again”; if it stays, show this to your engineer."
)


def sentence_of(error: LiveKitError) -> Sentence:
    """What staff read of an error, with what to do."""
    for pattern, msgid in TEXTS:
        if found := re.search(pattern, error.message):
            return Sentence(msgid, found.groupdict())
    if error.code in CODES:
        return Sentence(CODES[error.code])
    return Sentence(OTHER, {"message": error.message or error.code})


def is_elsewhere(error: LiveKitError) -> bool:
    """The fault is LiveKit's or its settings', not the row's: nothing else will pass either."""
    known = error.code in CODES or "sip not connected" in error.message
    return known or not error.permanent
