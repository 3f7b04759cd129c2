"""Doors of the browser that listens to a call or joins it."""

import uuid

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from monitoring import bell
from telephony import attending, ringing, speaking
from telephony.models import Call, Colleague, Ring, Visit
from veyra.doors import staff_page
from veyra.livekit.tokens import trial_token
from veyra.models import User

# Any of these, or to be one of those whom calls are given to.
TRIES = ("telephony.listen_call", "telephony.join_call", speaking.RIGHT)


@require_POST
@staff_page("telephony.view_call", "telephony.listen_call")
def listen(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Begin to listen: {"url", "token", "stay", "leave"}."""
    return _enter(request, user, pk, Visit.Kind.LISTEN)


@require_POST
@staff_page("telephony.view_call", "telephony.join_call")
def join(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Join the talk: as `listen`."""
    return _enter(request, user, pk, Visit.Kind.JOIN)


@require_POST
@staff_page("telephony.view_call")
def take(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Answer the call for which the reader's browser rings: as `listen`."""
    rings = Ring.objects.visible_to(user).select_related("call", "taken_by")
    ring = get_object_or_404(rings, pk=pk)
    try:
        visit = attending.take(ring, user, request.session.session_key)
    except attending.NotNowError as error:
        return _refused(error)
    return _token(visit)


@require_POST
@staff_page("telephony.view_call")
def decline(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Not now: the next one is rung."""
    ring = get_object_or_404(Ring.objects.visible_to(user), pk=pk)
    colleague = Colleague.objects.of_user(user)
    if colleague:
        ringing.decline(ring, colleague)
    return HttpResponse(status=204)


@staff_page()
def card(request: HttpRequest, user: User) -> HttpResponse:
    """For a page without its socket: as the socket's messages."""
    return HttpResponse(bell.read(user), content_type="application/json")


def _enter(request: HttpRequest, user: User, pk: uuid.UUID, kind: Visit.Kind) -> HttpResponse:
    call = get_object_or_404(Call.objects.visible_to(user), pk=pk)
    try:
        visit = attending.enter(call, kind, user, request.session.session_key)
    except attending.NotNowError as error:
        return _refused(error)
    return _token(visit)


@require_POST
@staff_page("telephony.view_call")
def stay(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The page is still open: a token for coming back after a broken connection."""
    visit = _own(user, pk)
    if not attending.is_allowed(user, visit.kind):  # he has lost the right meanwhile
        raise PermissionDenied
    try:
        attending.stay(visit, request.session.session_key)
    except attending.NotNowError as error:
        return _refused(error)
    return _token(visit)


@require_POST
@staff_page("telephony.view_call")
def leave(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The page has left, or is being closed."""
    attending.leave(_own(user, pk))
    return HttpResponse(status=204)


@require_POST
@staff_page("telephony.view_call")
def trial(request: HttpRequest, user: User) -> HttpResponse:
    """A token for trying the way to LiveKit: {"url", "token"}."""
    if not any(map(user.has_perm, TRIES)) and Colleague.objects.of_user(user) is None:
        raise PermissionDenied
    return JsonResponse({"url": settings.LIVEKIT_PUBLIC_URL, "token": trial_token()})


def _own(user: User, pk: uuid.UUID) -> Visit:
    return get_object_or_404(Visit.objects.visible_to(user).of_user(user), pk=pk)


def _token(visit: Visit) -> HttpResponse:
    return JsonResponse(
        {
            "url": settings.LIVEKIT_PUBLIC_URL,
            "token": attending.token(visit),
            "stay": reverse("visit-stay", args=[visit.pk]),
            "leave": reverse("visit-leave", args=[visit.pk]),
        }
    )


def _refused(error: attending.NotNowError) -> HttpResponse:
    return JsonResponse({"error": str(error.sentence)}, status=409)
