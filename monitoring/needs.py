"""What waits for a hand besides the calls of this moment: callers who did not get through."""

from dataclasses import dataclass
from datetime import timedelta

from django.template.loader import render_to_string
from django.utils import timezone, translation

from monitoring.board import Viewer
from telephony.models import Call

LOOKS_BACK = timedelta(hours=1)


@dataclass(frozen=True)
class Needs:
    """How many calls were turned away within the last hour."""

    turned_away: int = 0


def read() -> Needs:
    return Needs(Call.objects.turned_away_since(timezone.now() - LOOKS_BACK).count())


def render(needs: Needs, viewer: Viewer) -> str:
    """The strip above the board; "" where nothing waits that this viewer may see."""
    with translation.override(viewer.language):
        context = {"needs": needs, "viewer": viewer}
        return render_to_string("monitoring/_needs.html", context).strip()
