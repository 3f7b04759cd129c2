"""Whether a recording must not be deleted, and the proof where it was."""

from typing import Any

from django import template

from recordings.keeping_models import Deletion, Hold, Term
from recordings.models import Recording

register = template.Library()


@register.inclusion_tag("recordings/_kept.html", takes_context=True)
def kept(context: Any, recording: Recording) -> dict[str, Any]:
    """For whoever may see either."""
    user = context["request"].user
    sees_holds = user.has_perm("recordings.view_hold")
    holds = Hold.objects.visible_to(user).in_force().shown().of(recording)
    deletions = Deletion.objects.visible_to(user).of([recording.pk])
    return {
        "recording": recording,
        "is_deleted": recording.state == Recording.State.DELETED,
        "has_end": _has_end(recording),
        "sees_holds": sees_holds,
        "may_hold": user.has_perm("recordings.change_hold"),
        "hold": holds.first() if sees_holds else None,
        "deletion": deletions.first() if user.has_perm("recordings.view_deletion") else None,
        "csrf_token": context.get("csrf_token"),
    }


def _has_end(recording: Recording) -> bool:
    call = recording.call
    whose = (call.number_id, call.agent_id) if call else (None, None)
    return Term.objects.all_terms().days(*whose) is not None
