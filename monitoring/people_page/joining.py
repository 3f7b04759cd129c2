"""The door of an invitation: who has the link makes his own login."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import admin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from monitoring.people_page import inviting, words
from monitoring.people_page.forms import JoinForm
from monitoring.people_page.models import Invite
from veyra.accounts import throttle
from veyra.models import User


@never_cache
@sensitive_post_parameters("password", "again")
def join(request: HttpRequest, token: str) -> HttpResponse:
    tried = throttle.begin(request, None)
    if tried is None:
        return show(request, "too_many", status=429)
    invitation = Invite.objects.open(timezone.now()).by(token).first()
    if invitation is None:
        return show(request, "used_up", status=410)
    tried.was_right()
    if isinstance(request.user, User):
        return show(request, "somebody", name=request.user.get_username())
    form = JoinForm(request.POST or None)
    if form.is_valid() and (user := _accepted(invitation, form)):
        return enter(request, user)
    name, what = words.ROLES.get(invitation.role, (words.NO_ROLE, ""))
    context = {"form": form, "guest": invitation.name, "role": name, "what": what}
    return show(request, "join", status=400 if form.errors else 200, **context)


def _accepted(invitation: Invite, form: JoinForm) -> User | None:
    """None: the form says why not."""
    try:
        return inviting.accept(
            invitation, form.cleaned_data["username"], form.cleaned_data["password"]
        )
    except inviting.UsedUpError:
        form.add_error(None, _("This link was just used."))
    except IntegrityError:
        form.add_error("username", _("Somebody has this name already. Take another one."))
    return None


def enter(request: HttpRequest, user: User) -> HttpResponse:
    """As by the login page: so the session is listed, and its beginning is known."""
    given = {"username": user.get_username()}
    answer: HttpResponse = perform_password_login(request, given, Login(user=user))
    return answer


def show(request: HttpRequest, state: str, status: int = 200, **context: object) -> HttpResponse:
    known = {**admin.site.each_context(request), "state": state}
    return render(request, "monitoring/people/join.html", known | context, status=status)
