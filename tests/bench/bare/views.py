"""The barest views that do what is measured: insert one row; insert one row and say so."""

import json

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from telephony.models import CallEvent
from tests.bench.bare.celery import announce


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _insert(request: HttpRequest) -> CallEvent:
    body = json.loads(request.body)
    return CallEvent.objects.create(
        event_id=body["id"], source="webhook", kind=body["event"], at=timezone.now(), payload=body
    )


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    _insert(request)
    return HttpResponse()


@csrf_exempt
def insert_and_announce(request: HttpRequest) -> HttpResponse:
    row = _insert(request)
    transaction.on_commit(lambda: announce.delay(row.pk))
    return HttpResponse()
