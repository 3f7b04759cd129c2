"""The card that rings in a colleague's browser, on every page that he has open."""

import json
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.utils import translation

from telephony import ringing
from telephony.me import known
from telephony.models import Call, Ring
from telephony.numbers import pretty
from telephony.testcalls import caller
from veyra.models import User

SEES = "telephony.view_call"


def rings_for(user: User | AnonymousUser) -> bool:
    """Can this person's browser ring at all?"""
    if not (isinstance(user, User) and user.is_staff and user.has_perm(SEES)):
        return False
    colleague = known(user)
    return colleague is not None and colleague.rings_in_browser


def read(user: User) -> str:
    """What a page is told: {"ring": its id or null, "html": the card}. One query, while none rings:
    that he has a page open is noted for the search.
    """
    rings = Ring.objects.visible_to(user).for_user(user).select_related("call__number", "asked_by")
    ring = rings.order_by("place_at").first() if user.has_perm(SEES) else None
    if ring is None:
        return json.dumps({"ring": None, "html": ""})
    ringing.show(ring)
    call = ring.call
    with translation.override(user.language or translation.get_language()):
        who = pretty(call.to_number) if call.is_outbound else caller(call)
        html = render_to_string("monitoring/_bell.html", {"ring": ring, "call": call, "who": who})
    # Of the same call somebody else may be rung, and then he again.
    return json.dumps({"ring": f"{ring.pk}:{ring.place}", "html": html}, ensure_ascii=False)


def answered(named: str, call: Call, user: User) -> Ring | None:
    """The ring (its id, as a page's address has it) that its reader is about to answer here, or has
    answered. None: it is not for him; the page then only shows the call.
    """
    try:
        pk = UUID(named)
    except ValueError:
        return None
    rings = Ring.objects.visible_to(user).of_calls([call.pk])
    return rings.filter(pk=pk).first() if known(user) else None


def note_of(ring: Ring | None, user: User) -> str:
    """What its reader should know: only who is rung now, or has taken the call."""
    reader = known(user)
    is_his = ring and reader and reader == (ring.taken_by or ring.colleague)
    return ring.note if ring and is_his else ""
