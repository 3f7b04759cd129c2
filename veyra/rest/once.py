"""Idempotency-Key: who asks again with the same key gets the same answer; nothing is done twice.

What is done and its answer are saved in one transaction: a program that died in between did
nothing. So doors of this kind only write rows; whatever takes time is somebody else's work.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from veyra.models import KeptAnswer, User
from veyra.rest.models import digest
from veyra.rest.problems import Problem

HEADER = "Idempotency-Key"
LONGEST = 200
# How a door says that it did nothing.
REFUSALS = (APIException, Http404, PermissionDenied)
Handler = Callable[..., Response]


def once(handler: Handler) -> Handler:
    """A door that creates or dials. Without the header each request is one of its own, and so is
    each that only asks what would be.
    """

    @wraps(handler)
    def guarded(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not key or is_dry(request):
            return handler(view, request, *args, **kwargs)
        if len(key) > LONGEST or not key.isprintable():
            raise Problem(400, _("An Idempotency-Key has at most 200 characters."))
        row = _claim(request, view.person, key)
        if row.status is not None:
            return Response(row.body, status=row.status, headers={"Idempotent-Replay": "true"})
        return _done(row, lambda: handler(view, request, *args, **kwargs))

    return guarded


def is_dry(request: Request) -> bool:
    """?dry_run=true: say what it would change, and save nothing."""
    return request.query_params.get("dry_run", "").lower() in ("1", "true", "yes")


def ticket(request: Request) -> UUID:
    """What a double click has: the same for the same key of the same account."""
    key = request.headers.get(HEADER, "")
    return uuid5(NAMESPACE_URL, f"{request.user.pk}:{request.path}:{key}") if key else uuid4()


def _claim(request: Request, user: User, key: str) -> KeptAnswer:
    """A row that is ours to fill (its status is null), or the one that was answered."""
    now = timezone.now()
    KeptAnswer.objects.forget_before(now - KeptAnswer.KEPT)
    whole = request.get_full_path().encode()
    body = json.dumps(request.data, sort_keys=True).encode()
    asked = digest((request.method or "").encode(), whole, body)
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(user=user, key=key, asked=asked, at=now)
    except IntegrityError:
        return _taken(KeptAnswer.objects.filter(user=user, key=key).first(), asked, now)


def _taken(row: KeptAnswer | None, asked: str, now: datetime) -> KeptAnswer:
    if row is not None and row.asked != asked:
        raise Problem(422, _("This Idempotency-Key was sent with another request. Take a new one."))
    if row is not None and row.status is not None:
        return row
    lost = now - KeptAnswer.LOST
    if row is not None and row.at < lost:
        mine = KeptAnswer.objects.filter(pk=row.pk, status=None, at=row.at)
        if mine.update(at=now):
            return row
    raise Problem(409, _("The same request is being carried out. Ask again in a moment."))


def _done(row: KeptAnswer, work: Callable[[], Response]) -> Response:
    mine = KeptAnswer.objects.filter(pk=row.pk)
    try:
        with transaction.atomic():
            found = work()
            body = json.loads(JSONRenderer().render(found.data))
            mine.update(status=found.status_code, body=body)
    except REFUSALS:
        mine.delete()  # who has set it right may ask again
        raise
    return found
