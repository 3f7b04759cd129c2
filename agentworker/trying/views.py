"""Doors of the page on which somebody talks to an assistant to try it."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.assistant_admin import pages_of
from agentworker.models import Agent, Trial
from agentworker.tools import KINDS
from agentworker.trying import asking, showing
from agentworker.versions import NoScriptError
from veyra.doors import staff_page
from veyra.models import User


@staff_page("agentworker.change_agent")
def page(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """?what= the draft or a version, by its pk."""
    agent = get_object_or_404(Agent.objects.visible_to(user).kept(), pk=pk)
    choices = showing.choices(agent)
    chosen = showing.chosen(choices, request.GET.get("what", ""))
    context = {
        **admin.site.each_context(request),
        "title": agent.name,
        "original": agent,
        "opts": Agent._meta,
        "pages": pages_of(agent, request),
        "choices": choices,
        "chosen": chosen,
        "abilities": {slug: str(kind.label) for slug, kind in KINDS.items()},
    }
    return render(request, "agentworker/try.html", context)


@require_POST
@staff_page("agentworker.change_agent")
def voice(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """A token for one talk: {"url", "token"}."""
    agent = get_object_or_404(Agent.objects.visible_to(user).kept(), pk=pk)
    what = request.POST.get("what", "")

    def begin() -> dict[str, Any]:
        token = asking.begin_voice(agent, what, user)
        return {"url": settings.LIVEKIT_PUBLIC_URL, "token": token}

    return answered(begin)


@require_POST
@staff_page("agentworker.change_agent")
def text(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Begin a talk by text: {"lines": where its lines are read, "say": where one is said}."""
    agent = get_object_or_404(Agent.objects.visible_to(user).kept(), pk=pk)
    what = request.POST.get("what", "")

    def begin() -> dict[str, Any]:
        trial = asking.begin_text(agent, what, user)
        return {
            "lines": reverse("trial", args=[trial.pk]),
            "say": reverse("trial-say", args=[trial.pk]),
        }

    return answered(begin)


@require_POST
@staff_page("agentworker.change_agent")
def say(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What the caller says (`text`), or presses (`key`): {"id"} of the line."""
    trial = _own(user, pk)
    text, key = request.POST.get("text", ""), request.POST.get("key", "")
    return answered(lambda: {"id": asking.say(trial, text, key).pk})


@staff_page("agentworker.change_agent")
def lines(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The talk so far (showing.talk)."""
    return JsonResponse(showing.talk(_own(user, pk)))


def _own(user: User, pk: uuid.UUID) -> Trial:
    return get_object_or_404(Trial.objects.visible_to(user).of_user(user), pk=pk)


def answered(work: Callable[[], dict[str, Any]]) -> HttpResponse:
    """What it came to; or why it cannot be, as {"error"} with 409."""
    try:
        return JsonResponse(work())
    except asking.NotNowError as error:
        return JsonResponse({"error": str(error.sentence)}, status=409)
    except NoScriptError:
        said = _("What was to be tried is not there any more. Reload the page.")
        return JsonResponse({"error": said}, status=409)
