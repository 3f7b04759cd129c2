"""Looking for one of our people for a call: his browser rings, his telephone, or both; then those
of the next, until somebody takes the call or all were tried.

A Ring is begun by `begin`, and carried on by `telephony.ringer` in the loop of the watchdog.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.models import StandIn
from telephony.colleagues import Found, people_of
from telephony.finding import End, Person
from telephony.models import Call, Colleague, OutboundCall, Ring, RungPhone, Visit
from telephony.numbers import NumberError, e164
from telephony.telling import tell
from telephony.verdict import BROWSER
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

# The task that dials telephones.
TASK = "telephony.ring"
State, Why = Ring.State, Ring.Why

# Kinds of facts of the staff's side.
RINGS, NO_ANSWER, NOT_RUNG = "people_ring", "people_no_answer", "people_not_rung"
NO_PAGE = "people_no_page"
TAKEN, OVER, LEFT = "people_taken", "people_over", "people_left"

TOOK = _("%(who)s took the call.")
NOBODY = _("None of those who were rung took the call.")
NOT_FREE = _("None of them could be rung: they are away, not at work, or in other talks.")
CALLER_LEFT = _("The caller hung up before anybody took the call.")


class AlreadyRings(Exception):
    """Somebody is being looked for already for this call."""


def begin(
    call: Call, why: str, people: Sequence[Found], note: str = "", user: User | None = None
) -> Ring:
    """Look for one of these, in order, from the next look of the watchdog on.

    `note`: what he is told; `user`: who asked for it. Raises AlreadyRings.
    """
    try:
        with transaction.atomic():
            return Ring.objects.create(
                call=call,
                why=why,
                people=[each._asdict() for each in people],
                note=note,
                asked_by=user,
                started_at=timezone.now(),
            )
    except IntegrityError as error:
        raise AlreadyRings from error


# Whom can be rung


def people_now(found: Sequence[Found], call: Call, ring: Ring | None = None) -> list[Person]:
    """As they stand now; who is gone meanwhile is nobody who can be rung."""
    known = Colleague.objects.select_related("user")
    rows = known.in_bulk([each.colleague for each in found])
    busy = in_other_talks(rows.values(), ring)
    local = timezone.localtime(timezone.now(), timezone.get_default_timezone())
    return [_person(each, rows.get(each.colleague), busy, local, call) for each in found]


def _person(
    each: Found, row: Colleague | None, busy: set[int], local: datetime, call: Call
) -> Person:
    if row is None:
        return Person(colleague=each.colleague, seconds=each.seconds, is_free=False)
    is_here = row.can_be_reached and not row.away and row.hours.include(local)
    return Person(
        colleague=row.pk,
        seconds=each.seconds,
        is_free=is_here and row.pk not in busy,
        by_browser=row.rings_in_browser and may_answer(row.user),
        # Who calls us himself would be called by himself.
        by_phone=bool(row.phone) and row.phone != _number(call.from_number),
    )


def may_answer(user: User | None) -> bool:
    return user is not None and user.has_perm("telephony.view_call")


def _number(text: str) -> str:
    try:
        return e164(text)
    except NumberError:
        return text


def in_other_talks(colleagues: Iterable[Colleague], ring: Ring | None = None) -> set[int]:
    """The ids of those who are rung for another call, or talk in one. Three queries."""
    of_user = {row.user_id: row.pk for row in colleagues if row.user_id}
    others = Ring.objects.going_on()
    if ring:
        others = others.exclude(pk=ring.pk)
    found: set[int | None] = set()
    for rung, taken in others.values_list("colleague", "taken_by"):
        found.add(taken or rung)
    talking = Visit.objects.going_on().exclude(kind=Visit.Kind.LISTEN)
    calling = OutboundCall.objects.open().exclude(speaker=OutboundCall.Speaker.ASSISTANT)
    users = {*talking.filter(user__in=of_user).values_list("user", flat=True)}
    users |= {*calling.filter(asked_by__in=of_user).values_list("asked_by", flat=True)}
    return {pk for pk in found if pk} | {of_user[user] for user in users if user}


def is_anybody_free(found: Sequence[Found], call: Call) -> bool:
    return any(person.can_be_rung for person in people_now(found, call))


def first_of(call: Call) -> list[Found]:
    """Who is rung before the assistant speaks, as the call's rule says."""
    rule = call.rule
    return people_of(rule.first_colleague, rule.first_team) if rule else []


def fallback_of(call: Call) -> list[Found]:
    """Who is rung where no assistant can speak."""
    rule = call.rule
    return people_of(rule.fallback_colleague, rule.fallback_team) if rule else []


# What becomes of it. Each says whether it was so: somebody else may have been faster.


@transaction.atomic
def ring_next(ring: Ring, place: int, person: Person, now: datetime) -> bool:
    """He is rung from now on, and nobody else is."""
    row = Colleague.objects.filter(pk=person.colleague).first()
    new = {
        "place": place,
        "place_at": now,
        "next_at": now + timedelta(seconds=person.seconds),
        "colleague": row,
    }
    if row is None or not _still(ring, place=ring.place).update(**new):
        return False
    _tell_no_answer(ring)
    for name, value in new.items():
        setattr(ring, name, value)
    tell(ring.call, RINGS, f"{ring.pk}:{place}", who=row.name, why=ring.why)
    if person.by_phone:
        values = {"colleague": row, "phone": row.phone, "asked_at": now}
        RungPhone.objects.create(ring=ring, place=place, **values)
        wake(TASK)
    return True


@transaction.atomic
def take(ring: Ring, colleague: Colleague, identity: str) -> bool:
    """He who is rung now has answered, and talks as this participant. The first who does has it."""
    now = timezone.now()
    new: dict[str, Any] = {
        "state": State.TAKEN,
        "taken_by": colleague,
        "taken_as": identity,
        "taken_at": now,
        "result": Sentence(TOOK, {"who": colleague.name}).to_json(),
    }
    if not _still(ring, colleague=colleague).update(**new):
        return False
    ring.taken_as = identity
    by = "phone" if ring.is_by_phone else BROWSER
    tell(ring.call, TAKEN, str(ring.pk), who=colleague.name, by=by)
    return True


def show(ring: Ring) -> None:
    """A page of him who is rung now shows the card."""
    if not ring.is_shown:
        _still(ring, place=ring.place).update(shown=ring.place)


def decline(ring: Ring, colleague: Colleague) -> bool:
    """He does not want it now: the next one is rung at once."""
    return bool(_still(ring, colleague=colleague).update(next_at=timezone.now()))


@transaction.atomic
def give_up(ring: Ring, end: End, now: datetime) -> bool:
    """Nobody took it."""
    msgid = {End.CALLER_LEFT: CALLER_LEFT, End.NOBODY: NOBODY if ring.place >= 0 else NOT_FREE}[end]
    result = Sentence(msgid).to_json()
    if not _still(ring).update(state=State.OVER, over_at=now, result=result):
        return False
    if end is End.NOBODY:
        _tell_no_answer(ring)
    tell(ring.call, OVER, str(ring.pk), result=result)
    if end is End.NOBODY or ring.why == Why.TRANSFER:
        end_hold(ring)
    return True


def end_hold(ring: Ring, *, is_served: bool = False) -> None:
    """Whoever hears music meanwhile is told that nobody could be reached; after a transfer, or
    where somebody else talks to him (`is_served`), the call goes on without music.
    """
    if ring.why == Why.FALLBACK and not is_served:
        StandIn.apologise(ring.call.room_sid)
    elif ring.why != Why.FIRST:
        StandIn.release(ring.call.room_sid)


def _still(ring: Ring, **how: Any) -> Any:
    return Ring.objects.ringing().filter(pk=ring.pk, **how)


def _tell_no_answer(ring: Ring) -> None:
    """Who was rung before did not answer, or neither his telephone nor his browser rang at all."""
    if ring.colleague is None:
        return
    who, once = ring.colleague.name, f"{ring.pk}:{ring.place}"
    phone = ring.phones.filter(place=ring.place).first()
    if phone and phone.state == RungPhone.State.FAILED:
        tell(ring.call, NOT_RUNG, once, who=who, result=phone.result)
    else:
        is_heard = phone or Ring.objects.filter(pk=ring.pk, shown=ring.place).exists()
        tell(ring.call, NO_ANSWER if is_heard else NO_PAGE, once, who=who)


@transaction.atomic
def close(ring: Ring, *, ended: bool) -> bool:
    """He who took it has left; `ended`: and with that the call was over. No page of his may come
    back to it.
    """
    now = timezone.now()
    talking = Ring.objects.talking().filter(pk=ring.pk)
    if not talking.update(over_at=now):
        return False
    if ring.taken_by and ring.taken_by.user_id:
        pages = Visit.objects.going_on().filter(call=ring.call, kind=Visit.Kind.TAKE)
        pages.filter(user=ring.taken_by.user_id).update(left_at=now)
    if ended:
        tell_left(ring)
    return True


def tell_left(ring: Ring) -> None:
    tell(ring.call, LEFT, str(ring.pk), who=ring.taken_by.name if ring.taken_by else "")
