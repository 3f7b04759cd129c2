"""Groups of refused calls as a page shows them: why, and what to press."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from telephony import mending, refusals, routetest
from telephony.learning import networks_of
from telephony.links import Link, links
from telephony.mending import Cure, Source
from telephony.models import (
    Difference,
    HostAddress,
    PhoneNumber,
    PublishedObject,
    PublishedState,
    Trunk,
)
from telephony.numbers import pretty
from telephony.refusal_reading import name, within
from telephony.routetest import QuestionError
from telephony.routing.route import Question
from telephony.turned_away import Group, Refusal
from veyra.livekit.matching import address
from veyra.models import User


@dataclass(frozen=True, kw_only=True)
class Shown:
    """`link`: the page that mends it, where the person may open it; `source`: the connection that
    the call is most likely one of.
    """

    name: str
    group: Group
    cure: Cure
    link: Link | None
    source: Source | None
    number: str
    can_ignore: bool

    @property
    def address(self) -> str:
        return self.group.newest.address

    @property
    def others(self) -> int:
        """From so many addresses more."""
        return max(0, len(self.group.addresses) - 1)


def shown(groups: Sequence[Group], user: User) -> list[Shown]:
    """As many queries for many groups as for one."""
    sources = connections(user)
    networks = tuple(refusals.provider_networks())
    cures = _cures([group.newest for group in groups], sources)
    pages = links({cure.row for cure in cures if cure.row}, user)
    return [
        Shown(
            name=name(group),
            group=group,
            cure=cure,
            link=pages.get(cure.row) if cure.row else None,
            source=mending.likely(group.newest.address, sources),
            can_ignore=_can_ignore(group.newest.address, networks),
            number=pretty(mending.number_of(group.newest.called) or group.newest.called),
        )
        for group, cure in zip(groups, cures, strict=True)
    ]


def _can_ignore(source: str, networks: Sequence[refusals.Network]) -> bool:
    """Somebody can be told by it, and he is none of ours."""
    return address(source) is not None and not within(source, networks)


def connections(user: User) -> list[Source]:
    """Those in use; the gateway sees the calls of one that signs in come from our registrar."""
    hosts = HostAddress.objects.by_host()
    return [
        Source(
            pk=trunk.pk,
            key=str(trunk.key),
            name=trunk.name,
            provider=trunk.provider,
            networks=tuple(networks_of(trunk, hosts)),
            signs_in=bool(trunk.register_at),
        )
        for trunk in Trunk.objects.visible_to(user).in_use()
    ]


def trunk_of(found: Shown, user: User) -> Trunk | None:
    """The connection whose page mends it."""
    key = found.cure.row.key if found.cure.row else ""
    return Trunk.objects.visible_to(user).in_use().filter(key=key).first() if key else None


def rows_of(number: str) -> QuerySet[PhoneNumber]:
    """The row of our number (E.164)."""
    return PhoneNumber.objects.kept().filter(number=number)


def _cures(refused: Sequence[Refusal], sources: Sequence[Source]) -> list[Cure]:
    questions = [_question(each) for each in refused]
    asked = [question for question in questions if question]
    line = routetest.line_around(asked, routetest.connections_in_use())
    routes = list(routetest.routes(asked, line))
    live = _live({key for route in routes for key in route.objects})
    differs = Difference.objects.that_take_calls().exists()
    found = iter(routes)
    cures = []
    for refusal, question in zip(refused, questions, strict=True):
        if question is None:
            cures.append(mending.cure_of_knock(refusal, sources))
            continue
        route = next(found)
        is_live = live.issuperset(route.objects)
        cures.append(mending.cure_of(refusal, route, line, is_live=is_live, differs=differs))
    return cures


def _question(refusal: Refusal) -> Question | None:
    """The call as it came, to be asked about anew; None: it named no number."""
    source_ip = refusal.address if address(refusal.address) else ""
    question = Question(
        called=refusal.called, caller=refusal.caller, source_ip=source_ip, exact=True
    )
    try:
        return routetest.checked(question)
    except QuestionError:
        return None


def _live(keys: set[str]) -> set[str]:
    rows = PublishedObject.objects.filter(key__in=keys, state=PublishedState.LIVE)
    return set(rows.values_list("key", flat=True))
