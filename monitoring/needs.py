"""What waits for a hand besides the calls of this moment: callers who did not get through."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.template.loader import render_to_string
from django.utils import timezone, translation

from agentworker.models import NumberPlace
from agentworker.scope import Scope
from monitoring.board import Viewer
from monitoring.voices import nobody_speaks
from telephony import opening_shown
from telephony.models import Call, CallBack, IgnoredSource
from telephony.opening_shown import ShutByHand

LOOKS_BACK = timedelta(hours=1)


@dataclass(frozen=True)
class Needs:
    """Calls that were turned away within the last hour, callers who are to be called back, and
    whether nobody can speak to the next one. `closed`: what is closed by hand.
    """

    turned_away: int = 0
    call_backs: int = 0
    is_mute: bool = False
    closed: tuple[ShutByHand, ...] = ()
    # The first two of each place, by its key; (key, how many).
    away_of: tuple[tuple[int, int], ...] = ()
    backs_of: tuple[tuple[int, int], ...] = ()

    def within(self, scope: Scope) -> "Needs":
        """What concerns who sees only these places."""
        if scope is None:
            return self
        away = sum(count for place, count in self.away_of if place in scope)
        backs = sum(count for place, count in self.backs_of if place in scope)
        closed = tuple(each for each in self.closed if each.place in {None, *scope})
        return Needs(away, backs, self.is_mute, closed)


def read() -> Needs:
    ignored = IgnoredSource.objects.values("address")
    away = Call.objects.turned_away_since(timezone.now() - LOOKS_BACK)
    away = away.exclude(source_ip__in=ignored)
    of_away, of_backs = _of_places(away), _of_places(CallBack.objects.waiting())
    return Needs(
        sum(of_away.values()),
        sum(of_backs.values()),
        nobody_speaks(),
        opening_shown.by_hand(),
        tuple((place, count) for place, count in of_away.items() if place),
        tuple((place, count) for place, count in of_backs.items() if place),
    )


def _of_places(rows: QuerySet[Any]) -> dict[int | None, int]:
    """How many there are of each place's numbers; of None what is of no place."""
    place = NumberPlace.objects.filter(key=OuterRef("number__key")).values("place")
    found = rows.order_by().annotate(of_place=Subquery(place)).values_list("of_place")
    return dict(found.annotate(count=Count("pk")).order_by("of_place"))


def render(needs: Needs, viewer: Viewer) -> str:
    """The strip above the board; "" where nothing waits that this viewer may see."""
    needs = needs.within(viewer.scope)
    with translation.override(viewer.language):
        closed = [opening_shown.told(each.name, each.until) for each in needs.closed]
        context = {"needs": needs, "opens": viewer.opens, "closed": closed}
        return render_to_string("monitoring/_needs.html", context).strip()
