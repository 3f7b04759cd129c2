"""The page of the people: for owners, who change it, and auditors, who read it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from agentworker.hours import access
from agentworker.models import Place
from monitoring.people_page import inviting, staff, words
from monitoring.people_page.forms import InviteForm, RoleForm
from monitoring.people_page.models import Invite
from veyra.accounts import mail, sessions
from veyra.doors import staff_page
from veyra.models import User

SEES, CHANGES = "veyra.view_user", ("veyra.view_user", "veyra.change_user", "veyra.add_user")


def places_for(user: User) -> Any:
    return Place.objects.visible_to(user).kept()


def show(
    request: HttpRequest, user: User, template: str, status: int = 200, **context: Any
) -> HttpResponse:
    known = {
        **admin.site.each_context(request),
        "roles": words.ROLES,
        "may_change": user.has_perms(CHANGES),
        "has_mail": mail.is_possible(),
    }
    return render(request, f"monitoring/people/{template}.html", known | context, status=status)


@never_cache
@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    invites = Invite.objects.visible_to(user).open(timezone.now()).select_related("made_by")
    title = _("People and logins")
    return show(request, user, "people", title=title, people=staff.everybody(), invites=invites)


@never_cache
@staff_page(*CHANGES)
def invite(request: HttpRequest, user: User) -> HttpResponse:
    form = InviteForm(request.POST or None, places=places_for(user))
    if not form.is_valid():
        status = 400 if form.errors else 200
        return show(request, user, "invite", status, title=_("Invite somebody"), form=form)
    invitation = form.save(commit=False)
    url = inviting.invite(invitation, form.cleaned_data.get("places", []), user)
    return _link_page(request, user, invitation, url)


@never_cache
@require_POST
@staff_page(*CHANGES)
def invite_again(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = Invite.objects.visible_to(user).open(timezone.now())
    invitation = get_object_or_404(found, pk=pk)
    return _link_page(request, user, invitation, inviting.again(invitation))


def _link_page(request: HttpRequest, user: User, invitation: Invite, url: str) -> HttpResponse:
    sent = inviting.post(invitation.email, url) if invitation.email and mail.is_possible() else None
    title = _("Invitation for %(name)s") % {"name": invitation.name}
    return show(request, user, "link", title=title, url=url, sent=sent, is_invite=True)


@require_POST
@staff_page(*CHANGES)
def drop_invite(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = Invite.objects.visible_to(user).open(timezone.now())
    get_object_or_404(found, pk=pk).delete()
    messages.success(request, _("The invitation opens nothing any more."))
    return redirect("people")


@require_POST
@staff_page(*CHANGES)
def try_mail(request: HttpRequest, user: User) -> HttpResponse:
    """A trial letter, and what came of it."""
    address = request.POST.get("address", "").strip()
    try:
        validate_email(address)
    except ValidationError:
        messages.error(request, _("Write a mail address, such as anna@example.com."))
        return redirect("people")
    worked, sentence = mail.try_it(address)
    (messages.success if worked else messages.error)(request, sentence)
    return redirect("people")


@never_cache
@staff_page(SEES)
def person(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(staff.members(), pk=pk)
    may_change = user.has_perms(CHANGES)
    given = access.places_of(found)
    form = RoleForm(
        request.POST if may_change and request.method == "POST" else None,
        initial={"role": staff.role_of(found), "places": given},
        places=places_for(user),
    )
    if form.is_valid():
        return _save(request, found, form.cleaned_data)
    context = {
        "title": found.get_full_name() or found.get_username(),
        "person": staff.one(found),
        "form": form,
        "given": given,
        "is_himself": found.pk == user.pk,
        "places": sessions.places(found, None),
    }
    return show(request, user, "person", 400 if form.errors else 200, **context)


def _save(request: HttpRequest, found: User, given: dict[str, Any]) -> HttpResponse:
    try:
        staff.give_role(found, given["role"])
    except staff.LastOwnerError:
        return _last_owner(request, found)
    if "places" in given:
        staff.give_places(found, given["places"])
    messages.success(request, _("Saved. Pages that are open follow at once."))
    _tell_of_keys(request, staff.keys_of(found))
    return redirect("person", found.pk)


def _tell_of_keys(request: HttpRequest, count: int) -> None:
    """Keys of services do not follow the role of who made them."""
    text = ngettext(
        "%(count)d key for a program, made by this person, still lets in. If the person may know it"
        " no longer, end it on the page “Keys for programs”.",
        "%(count)d keys for programs, made by this person, still let in. If the person may know"
        " them no longer, end them on the page “Keys for programs”.",
        count,
    )
    if count:
        messages.warning(request, text % {"count": count})


def _last_owner(request: HttpRequest, found: User) -> HttpResponse:
    text = _("This is the last owner. Make somebody else an owner first.")
    messages.error(request, text)
    return redirect("person", found.pk)


@never_cache
@require_POST
@staff_page(*CHANGES)
def new_link(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """A link for a new password, to copy: the letter with one he asks for at the login."""
    found = get_object_or_404(staff.members(), pk=pk, is_active=True)
    url = staff.new_link(found)
    title = _("New password for %(name)s") % {"name": found.get_full_name() or found.username}
    return show(request, user, "link", title=title, url=url, is_invite=False)


@require_POST
@staff_page(*CHANGES)
def reset_factor(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(staff.members(), pk=pk)
    staff.reset_factor(found, user)
    messages.success(request, _("The second factor is off. All logins of this person were ended."))
    return redirect("person", pk)


@require_POST
@staff_page(*CHANGES)
def end_sessions(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    count = staff.end_logins(get_object_or_404(staff.members(), pk=pk))
    text = ngettext("%(count)d login was ended.", "%(count)d logins were ended.", count)
    messages.success(request, text % {"count": count})
    return redirect("person", pk)


@require_POST
@staff_page(*CHANGES)
def switch(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(staff.members(), pk=pk)
    try:
        staff.switch(found, is_on=request.POST.get("on") == "1")
    except staff.LastOwnerError:
        return _last_owner(request, found)
    _tell_of_keys(request, staff.keys_of(found))
    return redirect("person", pk)


@require_POST
@staff_page(*CHANGES, "veyra.delete_user")
def remove(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = get_object_or_404(staff.members(), pk=pk)
    name, count = found.get_full_name() or found.username, staff.keys_of(found)
    try:
        staff.remove(found)
    except staff.LastOwnerError:
        return _last_owner(request, found)
    messages.success(request, _("%(name)s was removed.") % {"name": name})
    _tell_of_keys(request, count)
    return redirect("people")
