"""Pages of webhooks: which programs are told what, whether they take it, and once more."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from monitoring.hooks import working
from monitoring.hooks.forms import HookForm
from monitoring.hooks.models import Hook, new_secret
from veyra.doors import staff_page
from veyra.models import User

SEES, ADDS, CHANGES, DELETES = (
    f"monitoring.{verb}_hook" for verb in ("view", "add", "change", "delete")
)
# A program is told of every number, so of no place alone.
EVERY = "agentworker.view_every_number"
# Deliveries on the page of a webhook.
SHOWN = 100
MOST_AGAIN = 500


def shown(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    frame = admin.site.each_context(request)
    name = f"monitoring/hooks/{template}.html"
    answer = render(request, name, {**frame, **context}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    hooks = Hook.objects.visible_to(user).shown()
    return shown(request, "hooks", {"title": _("Webhooks"), "hooks": hooks})


@sensitive_post_parameters("url")
@staff_page(ADDS, EVERY)
def add(request: HttpRequest, user: User) -> HttpResponse:
    form = HookForm(request.POST or None, initial={"language": get_language()}, user=user)
    if not form.is_valid():
        return _form(request, form, _("Tell another program"))
    hook = form.save()
    return _secret(request, hook)


@sensitive_post_parameters("url")
@staff_page(SEES, CHANGES, EVERY)
def change(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    hook = _whole(user, pk)
    form = HookForm(request.POST or None, instance=hook, user=user)
    if not form.is_valid():
        return _form(request, form, hook.name)
    form.save()
    messages.success(request, _("Saved."))
    return redirect("hook", hook.pk)


def _form(request: HttpRequest, form: HookForm, title: str) -> HttpResponse:
    return shown(request, "form", {"title": title, "form": form}, 400 if form.errors else 200)


def _secret(request: HttpRequest, hook: Hook) -> HttpResponse:
    """The one time that it is shown."""
    context = {"title": hook.name, "hook": hook, "secret": hook.secret}
    return shown(request, "secret", context)


@staff_page(SEES)
def hook(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    found = _hook(user, pk)
    deliveries = found.deliveries.visible_to(user)
    context = {
        "title": found.name,
        "hook": found,
        "is_whole": user.has_perm(EVERY) and found.is_readable_by(user),
        "deliveries": deliveries.newest()[:SHOWN],
        "failed": deliveries.failed().count(),
    }
    return shown(request, "hook", context)


@require_POST
@staff_page(SEES, CHANGES)
def try_out(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    if not working.try_out(_hook(user, pk), timezone.now()):
        messages.warning(request, _("A trial was sent a moment ago. See below what came of it."))
    return redirect("hook", pk)


@require_POST
@staff_page(SEES, CHANGES)
def switch(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    working.switch(_hook(user, pk), timezone.now())
    return redirect("hook", pk)


@require_POST
@staff_page(SEES, CHANGES, EVERY)
def renew(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Another secret; the one before is of no use from now on."""
    found = _whole(user, pk)
    found.secret = new_secret()
    found.save(update_fields=["secret"])
    return _secret(request, found)


@require_POST
@staff_page(SEES, CHANGES)
def again(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """One delivery, or all that were not taken."""
    rows = _hook(user, pk).deliveries.visible_to(user)
    named = request.POST.get("delivery", "")
    if named.isdecimal():
        chosen = [get_object_or_404(rows, pk=int(named))]
    else:
        chosen = list(rows.failed()[:MOST_AGAIN])
    count = working.send_again(chosen, timezone.now())
    told = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", count)
    messages.success(request, told % {"count": count})
    return redirect("hook", pk)


@require_POST
@staff_page(SEES, DELETES)
def remove(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    with transaction.atomic():
        _hook(user, pk).delete()
    messages.success(request, _("That program is told nothing any more."))
    return redirect("hooks")


def _whole(user: User, pk: int) -> Hook:
    """Who could lead it elsewhere must be allowed to read all that it tells."""
    found = _hook(user, pk)
    if not found.is_readable_by(user):
        raise PermissionDenied
    return found


def _hook(user: User, pk: int) -> Hook:
    return get_object_or_404(Hook.objects.visible_to(user), pk=pk)
