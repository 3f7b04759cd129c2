"""What the page of an assistant asks while somebody writes."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker import auditions
from agentworker.placeholders import fill, problems
from agentworker.providers.catalog import Choice
from agentworker.reading import values_now
from veyra.doors import staff_page
from veyra.models import User
from veyra.pace import Pace

# Sounds that one person may ask for in a minute: a foreign voice costs money.
pace = Pace(20, 60)
LONGEST, LONGEST_NAME = 20_000, 100
TOO_MANY_REQUESTS = 429


def spoken_language(request: HttpRequest) -> str:
    return "en" if request.POST.get("language") == "en" else "ru"


def heard_now(request: HttpRequest, text: str) -> str:
    """As callers would hear it; `company` is what somebody has typed and not saved."""
    typed = request.POST.get("company", "")[:LONGEST_NAME].strip()
    return fill(text, values_now(spoken_language(request), typed))


@require_POST
@staff_page("agentworker.change_agent")
def words(request: HttpRequest, user: User) -> HttpResponse:
    """{"problems": [sentence], "heard": what callers would hear now, "" where it is the same}"""
    text = request.POST.get("text", "")[:LONGEST]
    heard = heard_now(request, text)
    return JsonResponse(
        {"problems": list(map(str, problems(text))), "heard": heard if heard != text else ""}
    )


@require_POST
@staff_page("agentworker.change_agent")
def voice(request: HttpRequest, user: User) -> HttpResponse:
    """A WAV of some words by the voice that somebody is about to choose; else {"error": …}."""
    if not pace.allows(str(user.pk)):
        said = _("That was often. Wait a minute, then listen again.")
        return JsonResponse({"error": said}, status=TOO_MANY_REQUESTS)
    language = spoken_language(request)
    text = heard_now(request, request.POST.get("text", ""))
    provider, key, model, named = (
        request.POST.get(name, "") for name in ("provider", "key", "model", "voice")
    )
    choice = Choice(provider, key, model, named)
    try:
        sound = auditions.sample(choice, request.POST.get("speed", ""), language, text)
    except auditions.AuditionError as error:
        return JsonResponse({"error": str(error.sentence)}, status=400)
    return HttpResponse(sound, content_type="audio/wav")
