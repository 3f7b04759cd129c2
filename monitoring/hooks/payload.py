"""What another program is told of an event. Made when it is sent, from the rows as they are then:
so nothing personal lies in a second place, and who is erased is told to nobody.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation

from monitoring.hooks.kinds import Kind
from monitoring.hooks.models import HookEvent
from monitoring.incidents.models import Incident
from recordings.models import Recording
from telephony.models import Call, CallBack
from veyra.look import link
from veyra.sentences import Sentence

Data = dict[str, Any]


def body_of(event: HookEvent, language: str) -> bytes:
    """{"id", "type", "at", "data"} as JSON; `data` is {} where the row is gone."""
    with translation.override(language):
        told = {"id": str(event.pk), "type": event.kind, "at": event.at, "data": data_of(event)}
    return json.dumps(told, default=_plain, ensure_ascii=False).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def data_of(event: HookEvent) -> Data:
    return _WRITERS[Kind(event.kind).value.partition(".")[0]](event.about)


def _call(pk: UUID) -> Data:
    names = ("number__number", "agent__name", "rule__name", "trunk__name")
    call = Call.objects.filter(pk=pk, erased_at=None).values(*_OF_CALL, *names).first()
    if call is None:
        return {}
    lines = {name.partition("__")[0]: call[name] for name in names}
    return {name: call[name] for name in _OF_CALL} | lines | {"page": _page("call", pk)}


def _recording(pk: UUID) -> Data:
    row = Recording.objects.filter(pk=pk, call__erased_at=None).first()
    if row is None:
        return {}
    reason = str(Sentence.from_json(row.reason))
    told = {"id": row.pk, "call": row.call_id, "state": row.state, "seconds": row.seconds}
    return told | {"reason": reason, "page": _page("recording", pk)}


def _incident(pk: UUID) -> Data:
    row = Incident.objects.filter(pk=pk).first()
    if row is None:
        return {}
    named = ("id", "rule", "severity", "state", "times", "opened_at", "resolved_at")
    told = {name: getattr(row, name) for name in named}
    return told | {"sentence": str(row.told), "page": _page("incident", pk)}


def _callback(about: UUID) -> Data:
    row = CallBack.objects.filter(pk=about.int).select_related("number").first()
    if row is None:
        return {}
    named = ("id", "caller", "times", "message", "first_at", "last_at")
    told = {name: getattr(row, name) for name in named}
    return told | {"number": row.number.number if row.number else None, "call": row.call_id}


def _test(_about: UUID) -> Data:
    return {"sentence": translation.gettext("A trial message of Veyra.")}


def _page(name: str, pk: UUID) -> str:
    return f"{settings.PUBLIC_URL}{link(name, pk)}"


_OF_CALL = (
    *("id", "direction", "state", "outcome", "from_number", "to_number"),
    *("started_at", "answered_at", "ended_at", "reason"),
)
_WRITERS: Mapping[str, Callable[[UUID], Data]] = {
    "call": _call,
    "transcript": _call,
    "recording": _recording,
    "incident": _incident,
    "callback": _callback,
    "test": _test,
}
