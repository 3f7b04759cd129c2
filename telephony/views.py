"""Doors for machines: LiveKit's webhooks."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from telephony import intake
from veyra.livekit import webhooks

log = logging.getLogger(__name__)

# A hundred times the largest webhook that LiveKit was seen to send.
LARGEST = 256 * 1024


@csrf_exempt
@require_POST
def livekit_webhook(request: HttpRequest) -> HttpResponse:
    """Store what LiveKit says. 200 also for what was stored before or means nothing to us."""
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    try:
        event = webhooks.receive(body, request.headers.get("Authorization", ""))
    except webhooks.BadSignature as error:
        log.warning("webhook with a bad signature: %s", error)
        return HttpResponse(status=401)
    except webhooks.Nonsense as error:
        log.warning("webhook that cannot be read: %s", error)
        return HttpResponse(status=400)
    intake.take_webhook(event)
    return HttpResponse()


def _body(request: HttpRequest) -> bytes | None:
    """The raw body; None where it is too large. One that says so of itself is not even read."""
    claimed = request.headers.get("Content-Length", "0")
    if not claimed.isdecimal() or int(claimed) > LARGEST:
        return None
    body = request.read(LARGEST + 1)
    return body if len(body) <= LARGEST else None
