"""Pages of incoming streams."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from recordings import ingress
from recordings.available import obstacle
from recordings.ingress_forms import IngressForm
from recordings.ingress_models import Ingress
from veyra.doors import staff_page
from veyra.models import User
from veyra.secrets import SecretError

SEES, MAKES = "recordings.view_ingress", "recordings.add_ingress"
State = Ingress.State
COLOURS = {State.LIVE: "vy-good", State.ERROR: "vy-bad", State.BUFFERING: "vy-wait"}


@dataclass(frozen=True)
class Shown:
    """`key` only for who may change it; `source`: of an address only what holds no login."""

    row: Ingress
    key: str
    source: str
    colour: str


@never_cache
@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """All of them, and a form for a new one."""
    why = obstacle("ingress")
    may_make = user.has_perm(MAKES) and why is None
    form = IngressForm(request.POST if request.method == "POST" and may_make else None)
    if form.is_bound and form.is_valid():
        ingress.make(form.save(commit=False), user)
        messages.success(request, _("It is being made. Its address stands here in a moment."))
        return redirect("ingress")
    rows = Ingress.objects.visible_to(user).kept()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Incoming streams"),
        "form": form,
        "obstacle": why,
        "shown": [_shown(row, user) for row in rows],
    }
    status = 400 if form.errors else 200
    return render(request, "recordings/ingress.html", context, status=status)


def _shown(row: Ingress, user: User) -> Shown:
    key = source = ""
    try:
        key = row.key if user.has_perm("recordings.change_ingress") else ""
        parts = urlsplit(row.source)
        source = f"{parts.scheme}://{parts.hostname}/…" if row.source else ""
    except SecretError:
        source = _("cannot be read: no key of FIELD_KEYS fits")
    return Shown(row, key, source, COLOURS.get(State(row.state), ""))


@require_POST
@staff_page(SEES, "recordings.change_ingress")
def enable(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """With enabled=0 senders are refused."""
    ingress.enable(_row(user, pk), request.POST.get("enabled") != "0", user)
    return redirect("ingress")


@require_POST
@staff_page(SEES, "recordings.delete_ingress")
def delete(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    ingress.delete(_row(user, pk), user)
    messages.success(request, _("Deleted. Who was sending is cut off."))
    return redirect("ingress")


def _row(user: User, pk: uuid.UUID) -> Ingress:
    return get_object_or_404(Ingress.objects.visible_to(user).kept(), pk=pk)
