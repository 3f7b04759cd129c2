"""The rules that open incidents, and planned work that silences their alarms."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring.documents import help as documents
from monitoring.incidents import services
from monitoring.incidents.forms import RuleForm, SilenceForm
from monitoring.incidents.models import RuleSetting, Severity, Silence
from monitoring.incidents.rulebook import BY_SLUG, RULES
from monitoring.incidents.runbooks import RUNBOOKS, USUAL
from veyra.doors import staff_page
from veyra.models import User

SEES, CHANGES = "monitoring.view_rulesetting", "monitoring.change_rulesetting"
SEES_SILENCE, SILENCES = "monitoring.view_silence", "monitoring.add_silence"
SHOWN = 20


@staff_page(SEES)
def rules(request: HttpRequest, user: User) -> HttpResponse:
    settings = RuleSetting.objects.visible_to(user).by_rule()
    lines = [_line(slug, settings.get(slug)) for slug in BY_SLUG]
    context = {
        **admin.site.each_context(request),
        "title": _("What is an incident"),
        "lines": sorted(lines, key=lambda line: (line["severity"], str(line["rule"].title))),
        "may_change": user.has_perm(CHANGES),
    }
    return render(request, "monitoring/incidents/rules.html", context)


def _line(slug: str, setting: RuleSetting | None) -> dict[str, Any]:
    found = BY_SLUG[slug]
    severity = (setting and setting.severity) or found.severity
    return {
        "rule": found,
        "help": documents.of_trouble(slug),
        "setting": setting,
        "severity": severity,
        "level": Severity(severity).label,
        "is_on": setting is None or setting.is_enabled,
    }


@staff_page(SEES, CHANGES)
def rule(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    found = BY_SLUG.get(slug)
    if found is None:
        raise Http404
    setting = RuleSetting.objects.visible_to(user).by_rule().get(slug)
    form = RuleForm(found, setting, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save(user)
        messages.success(request, _("Saved. It holds from the next look on."))
        return redirect("incident-rules")
    context = {
        **admin.site.each_context(request),
        "title": found.title,
        "help_here": documents.of_trouble(slug),
        "rule": found,
        "form": form,
        "advice": RUNBOOKS.get(slug, USUAL),
        "setting": setting,
    }
    return render(request, "monitoring/incidents/rule.html", context)


@staff_page(SEES_SILENCE)
def silences(request: HttpRequest, user: User) -> HttpResponse:
    """Planned work: what is silent now, what was, and a form. A POST begins one."""
    may_add = user.has_perm(SILENCES)
    if request.method == "POST" and not may_add:
        raise PermissionDenied
    form = SilenceForm(request.POST or None)
    if form.is_bound and form.is_valid():
        services.silence(form.cleaned_data["until"], form.cleaned_data["why"], user)
        messages.success(request, _("Alarms are silent until then, but for lost callers."))
        return redirect("silences")
    rows = Silence.objects.visible_to(user)
    context = {
        **admin.site.each_context(request),
        "title": _("Planned work"),
        "form": form,
        "may_add": may_add,
        "now": list(rows.in_force(timezone.now()).newest()),
        "before": rows.newest()[:SHOWN],
        "loud": [rule.title for rule in RULES if rule.is_loud],
    }
    return render(request, "monitoring/incidents/silences.html", context)


@require_POST
@staff_page(SEES_SILENCE, SILENCES)
def lift(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    row = get_object_or_404(Silence.objects.visible_to(user), pk=pk)
    if services.lift(row, user):
        messages.success(request, _("Alarms are on again."))
    return redirect("silences")
