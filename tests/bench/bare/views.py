"""The barest views that do what is measured: store a webhook; store it with its call and say so."""

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from telephony.models import Call, CallEvent, Leg
from tests.bench.bare.celery import announce


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    _store(json.loads(request.body))
    return HttpResponse()


def _store(body: dict[str, Any]) -> None:
    CallEvent.objects.create(
        event_id=body["id"], source="webhook", kind=body["event"], at=timezone.now(), payload=body
    )


@csrf_exempt
@transaction.atomic
def insert_and_announce(request: HttpRequest) -> HttpResponse:
    """What the webhook says is kept, and the call that it tells of, with its caller."""
    body = json.loads(request.body)
    _store(body)
    attributes = body["participant"]["attributes"]
    call = Call.objects.create(
        state="ringing",
        started_at=timezone.now(),
        from_number=attributes["sip.phoneNumber"],
        to_number=attributes["sip.trunkPhoneNumber"],
    )
    # A role of its own keeps it off Veyra's board, which is on the same database.
    Leg.objects.create(call=call, role="bare", sip_call_id=attributes["sip.callID"])
    transaction.on_commit(lambda: announce.delay(str(call.pk)))
    return HttpResponse()
