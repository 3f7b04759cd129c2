"""What waits for a hand besides the calls of this moment: callers who did not get through."""

from dataclasses import dataclass
from datetime import timedelta

from django.template.loader import render_to_string
from django.utils import timezone, translation

from monitoring.board import Viewer
from monitoring.voices import nobody_speaks
from telephony import opening_shown
from telephony.models import Call, CallBack, IgnoredSource

LOOKS_BACK = timedelta(hours=1)


@dataclass(frozen=True)
class Needs:
    """Calls that were turned away within the last hour, callers who are to be called back, and
    whether nobody can speak to the next one. `closed`: what is closed by hand, each until when (ISO
    8601; "": nobody knows).
    """

    turned_away: int = 0
    call_backs: int = 0
    is_mute: bool = False
    closed: tuple[tuple[str, str], ...] = ()


def read() -> Needs:
    ignored = IgnoredSource.objects.values("address")
    away = Call.objects.turned_away_since(timezone.now() - LOOKS_BACK)
    away = away.exclude(source_ip__in=ignored)
    return Needs(
        away.count(), CallBack.objects.waiting().count(), nobody_speaks(), opening_shown.by_hand()
    )


def render(needs: Needs, viewer: Viewer) -> str:
    """The strip above the board; "" where nothing waits that this viewer may see."""
    with translation.override(viewer.language):
        closed = [opening_shown.told(what, until) for what, until in needs.closed]
        context = {"needs": needs, "opens": viewer.opens, "closed": closed}
        return render_to_string("monitoring/_needs.html", context).strip()
