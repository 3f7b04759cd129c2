"""Doors of the pages of scenarios."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.assistant_admin import pages_of
from agentworker.brief import DRAFT
from agentworker.models import Agent, Scenario
from agentworker.providers.choosing import has_mind
from agentworker.trying import asking, scenario_form, showing
from agentworker.trying.scenario_form import Written
from agentworker.versions import NoScriptError
from veyra.doors import staff_page
from veyra.models import User


@staff_page("agentworker.view_agent")
def page(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """All of an assistant's; with ?part=1 only what changes while they are played."""
    agent = _agent(user, pk)
    content = agent.written()
    context = {
        "original": agent,
        "can_change": user.has_perm("agentworker.change_agent"),
        "standing": _standing(agent),
        "is_written": content is not None,
        "rows": showing.shown(agent, content),
    }
    if "part" in request.GET:
        return render(request, "agentworker/_scenarios.html", context)
    context |= _about(request, agent)
    return render(request, "agentworker/scenarios.html", context)


@staff_page("agentworker.change_agent")
def standing(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """How they stand with the draft: for the page that asks before it is published."""
    agent = _agent(user, pk)
    context = {"original": agent, "standing": _standing(agent)}
    return render(request, "agentworker/_standing.html", context)


@require_POST
@staff_page("agentworker.change_agent")
def play(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """All of them at once."""
    agent = _agent(user, pk)
    return _play(request, agent, list(agent.scenarios.all()), user)


@require_POST
@staff_page("agentworker.change_agent")
def play_one(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    scenario = _scenario(user, pk)
    return _play(request, scenario.agent, [scenario], user)


def _play(
    request: HttpRequest, agent: Agent, scenarios: list[Scenario], user: User
) -> HttpResponse:
    trouble = ""
    try:
        asking.play(agent, DRAFT, scenarios, user)
    except NoScriptError:
        trouble = _("Nothing is written yet that could be played. Write it first.")
    except asking.NotNowError as error:
        trouble = str(error.sentence)
    if request.POST.get("quiet"):
        return HttpResponse(trouble, status=409 if trouble else 204)
    if trouble:
        messages.error(request, trouble)
    return redirect("assistant-scenarios", pk=agent.pk)


@staff_page("agentworker.change_agent")
def add(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    agent = _agent(user, pk)
    return _edit(request, user, agent, Scenario(agent=agent))


@staff_page("agentworker.change_agent")
def change(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    scenario = _scenario(user, pk)
    return _edit(request, user, scenario.agent, scenario)


def _edit(request: HttpRequest, user: User, agent: Agent, scenario: Scenario) -> HttpResponse:
    if request.method == "POST":
        written = scenario_form.read(request.POST.dict())
        problems = list(written.problems) or asking.keep(scenario, written, user)
        if not problems:
            messages.success(request, _("The scenario is kept, and is being played."))
            return redirect("assistant-scenarios", pk=agent.pk)
        written = Written(written.name, written.steps, problems)
    else:
        written = scenario_form.of_stored(scenario.name, scenario.steps)
    content = agent.written()
    context = {
        **_about(request, agent),
        "scenario": scenario,
        "written": written,
        "kinds": showing.KIND_CHOICES,
        "tools": showing.tools_of(content),
        "has_mind": content is not None and has_mind(content.speech),
        "keys": sorted(asking.KEYS),
    }
    return render(request, "agentworker/scenario.html", context)


@require_POST
@staff_page("agentworker.change_agent")
def delete(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    scenario = _scenario(user, pk)
    agent = scenario.agent
    scenario.delete()
    messages.success(request, _("The scenario is gone."))
    return redirect("assistant-scenarios", pk=agent.pk)


def _standing(agent: Agent) -> asking.Standing:
    """Of a draft that somebody has dropped nothing can be told."""
    try:
        return asking.standing(agent)
    except NoScriptError:
        return asking.Standing()


def _agent(user: User, pk: int) -> Agent:
    return get_object_or_404(Agent.objects.visible_to(user).kept(), pk=pk)


def _scenario(user: User, pk: int) -> Scenario:
    rows = Scenario.objects.visible_to(user).select_related("agent")
    return get_object_or_404(rows, pk=pk)


def _about(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": agent.name,
        "original": agent,
        "opts": Agent._meta,
        "pages": pages_of(agent, request),
    }
