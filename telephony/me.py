"""Who the reader is among our people: every page has a button by which he says that he is away."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from telephony.models import Colleague
from veyra.models import User


def known(user: User) -> Colleague | None:
    """Who this person is among our people. One query a request, however often a page asks."""
    found: Colleague | None = getattr(user, "colleague", None)
    return found if found and not found.archived_at else None


def button(request: HttpRequest) -> SafeString | str:
    """ "" for whoever is no colleague."""
    user = request.user
    if not (isinstance(user, User) and user.is_staff):
        return ""
    colleague = known(user)
    if colleague is None:
        return ""
    return render_to_string("telephony/_me.html", {"colleague": colleague}, request)
