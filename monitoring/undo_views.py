"""The page on which a change is taken back."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from monitoring import undoing
from telephony.keeping import panel
from veyra.audit_words import may_undo, name_of, tell
from veyra.doors import staff_page
from veyra.models import AuditEntry, User


@staff_page()
def page(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """What would change, and a button. Whoever may make the change may take it back."""
    entries = AuditEntry.objects.visible_to(user).newest_first()
    entry = get_object_or_404(entries, pk=pk)
    if not may_undo(entry, user):
        raise PermissionDenied
    posted = request.method == "POST"
    if posted:
        seen, accepted = request.POST.get("seen", ""), "accepted" in request.POST
        found = undoing.undo(entry, user, seen, accepted)
    else:
        seen, found = "", undoing.look(entry, user)
    if found is None:
        messages.success(
            request, _("It is undone: “%(row)s” is as it was.") % {"row": name_of(entry)}
        )
        return redirect(_back(request))
    impact = found.impact
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Undo a change of “%(row)s”") % {"row": name_of(entry)},
        "change": tell([entry], user)[0],
        "faults": found.faults,
        "impact": impact,
        "panel": panel(impact) if impact else {},
        "lacks_tick": bool(impact and seen == impact.token),
        "back": _back(request),
    }
    return render(request, "monitoring/undo.html", context, status=400 if posted else 200)


def _back(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else reverse("admin:index")
