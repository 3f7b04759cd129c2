"""A change is saved by somebody who saw what it does."""

from telephony import changes
from telephony.changes import Edit, Impact


def save_seen(edit: Edit, seen: str, accepted: bool) -> Impact | None:
    """Carry out what a person said yes to; None: it is done. Else what to show him first.

    `seen`: the token of what he saw; "" for nothing yet. `accepted`: he ticked the warnings.
    Raises changes.ChangeError.
    """
    if not seen:
        return changes.preview(edit)
    try:
        changes.carry_out(edit, seen, accepted)
    except changes.NotSeenError as error:
        return error.impact
    return None
