"""The page on which LiveKit's key is changed, step by step."""

from collections.abc import Mapping

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from monitoring.access import key_steps
from monitoring.recovery.services import TooOftenError
from veyra.doors import staff_page
from veyra.livekit_keys import KeysError
from veyra.models import KeyRotation, Program, User

SEES, ADDS = "veyra.view_keyrotation", "veyra.add_keyrotation"
SHOWN = 20


@require_GET
@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    return _page(request, user, {})


@require_POST
@staff_page(SEES, ADDS)
def act(request: HttpRequest, user: User) -> HttpResponse:
    try:
        deed = key_steps.Deed(request.POST.get("step", ""))
    except ValueError as error:
        raise Http404 from error
    try:
        lines = key_steps.do(deed, user)
    except (KeysError, TooOftenError) as error:
        messages.error(request, str(error.sentence))
        return redirect("livekit-keys")
    return _page(request, user, lines) if lines else redirect("livekit-keys")


def _page(request: HttpRequest, user: User, lines: Mapping[str, str]) -> HttpResponse:
    """`lines`: what he is to write into the environment, shown this once."""
    now = timezone.now()
    facts = key_steps.read(now)
    context = {
        **admin.site.each_context(request),
        "title": _("Key for LiveKit"),
        "facts": facts,
        "rows": key_steps.rows(facts),
        "may_act": user.has_perm(ADDS),
        "lines": "\n".join(f"{name}={value}" for name, value in lines.items()),
        "programs": Program.objects.visible_to(user).that_sign(now),
        "rotations": KeyRotation.objects.visible_to(user).newest()[:SHOWN],
        "poll": facts.waits or facts.behind,
    }
    template = "_keys.html" if request.GET.get("part") else "keys.html"
    answer = render(request, f"monitoring/access/{template}", context)
    answer["Cache-Control"] = "no-store"
    return answer
