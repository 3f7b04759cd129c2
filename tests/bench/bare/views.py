"""The barest views that do what is measured: store a webhook; insert a call and say so."""

import json

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from telephony.models import Call, CallEvent
from tests.bench.bare.celery import announce


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    body = json.loads(request.body)
    CallEvent.objects.create(
        event_id=body["id"], source="webhook", kind=body["event"], at=timezone.now(), payload=body
    )
    return HttpResponse()


@csrf_exempt
def insert_and_announce(request: HttpRequest) -> HttpResponse:
    attributes = json.loads(request.body)["participant"]["attributes"]
    row = Call.objects.create(
        state="ringing",
        started_at=timezone.now(),
        from_number=attributes["sip.phoneNumber"],
        to_number=attributes["sip.trunkPhoneNumber"],
    )
    transaction.on_commit(lambda: announce.delay(str(row.pk)))
    return HttpResponse()
