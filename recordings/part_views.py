"""The doors by which sound comes in from the hosts of recorders. No pages: a token opens them."""

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from agentworker.uploading import SALT, TOKEN_SECONDS
from recordings import arriving
from recordings import lost as lying
from recordings.storing import StoreError
from veyra.outage import Outage

outage = Outage(logging.getLogger(__name__), "the storage takes no recordings")

# Facts of a part are a few hundred bytes.
FACTS = 8 * 1024


class TooLarge(Exception):
    """More than there can be of it."""


def host_only(door: Callable[..., arriving.Progress | None]) -> Callable[..., HttpResponse]:
    """Opens to who holds a token for this part, and answers with how far it has come.

    403: no token. 400, 413: this is no part. 409: announce it first. 503: not now, come again.
    """

    @wraps(door)
    def guarded(request: HttpRequest, pk: UUID, **named: int) -> HttpResponse:
        if not _may(request, pk):
            return HttpResponse(status=403)
        try:
            progress = door(request, pk, **named)
        except arriving.Nonsense:
            return HttpResponse(status=400)
        except TooLarge:
            return HttpResponse(status=413)
        except StoreError as error:
            outage.felt(error)
            return HttpResponse(status=503)
        outage.over()
        return HttpResponse(status=409) if progress is None else JsonResponse(progress.to_json())

    return csrf_exempt(guarded)


def _may(request: HttpRequest, pk: UUID | str) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    try:
        named = signing.TimestampSigner(salt=SALT).unsign(token, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return False
    return scheme == "Bearer" and named == str(pk)


def _body(request: HttpRequest, largest: int) -> bytes:
    """All of it, as long as its sender said that it is. Raises TooLarge and Nonsense."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        raise arriving.Nonsense
    if int(length) > largest:
        raise TooLarge
    body = request.body
    if len(body) != int(length):
        raise arriving.Nonsense
    return body


def _told(request: HttpRequest) -> Any:
    try:
        return json.loads(_body(request, FACTS))
    except ValueError as error:
        raise arriving.Nonsense from error


@require_http_methods(["POST"])
@host_only
def announce(request: HttpRequest, pk: UUID) -> arriving.Progress:
    return arriving.announce(pk, arriving.Announced.read(_told(request)))


@require_http_methods(["PUT"])
@host_only
def piece(request: HttpRequest, pk: UUID, offset: int) -> arriving.Progress | None:
    return arriving.take(pk, offset, _body(request, arriving.PIECE))


@require_http_methods(["POST"])
@host_only
def done(request: HttpRequest, pk: UUID) -> arriving.Progress | None:
    return arriving.finish(pk, arriving.Ending.read(_told(request)))


@csrf_exempt
@require_http_methods(["POST"])
def lost(request: HttpRequest) -> HttpResponse:
    """Which of the parts that lie on a host are to be deleted there; 403, 400, 413 as above."""
    if not _may(request, "lost"):
        return HttpResponse(status=403)
    try:
        found = lying.read(_told(request))
    except arriving.Nonsense:
        return HttpResponse(status=400)
    except TooLarge:
        return HttpResponse(status=413)
    now = timezone.now()
    return JsonResponse({"go": lying.to_go(found, now), "now": now.isoformat()})
