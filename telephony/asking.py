"""A change is saved by somebody who saw what it does."""

from telephony import changes
from telephony.changes import Edit, Impact


def save_seen(edit: Edit, seen: str, accepted: bool) -> Impact | None:
    """Carry out what a person said yes to; None: it is done. Else what to show him first.

    `seen`: the token of what he saw; "" for nothing yet. `accepted`: he ticked the warnings.
    Raises changes.ChangeError.
    """
    found = changes.preview(edit)
    if found.errors or found.token != seen or (found.needs_tick and not accepted):
        return found
    try:
        changes.carry_out(edit, seen)
    except changes.NotSeenError as error:
        return error.impact
    return None
