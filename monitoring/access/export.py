"""All that staff did, as JSON: what they changed, and what they heard, took, tried or printed."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry

from veyra.models import AuditEntry, User

AT_ONCE = 500


def written(user: User, since: datetime, until: datetime) -> Iterator[str]:
    """A JSON object in pieces: {"since", "until", "changes": […], "deeds": […]}, oldest first.

    Secrets are masked already where they were written down.
    """
    yield f'{{"since": "{since.isoformat()}", "until": "{until.isoformat()}", "changes": ['
    changes = AuditEntry.objects.visible_to(user).between(since, until)
    rows = changes.select_related("actor", "content_type").order_by("timestamp", "pk")
    yield from _joined(_change(row) for row in rows.iterator(AT_ONCE))
    yield '], "deeds": ['
    deeds = LogEntry.objects.filter(action_time__gte=since, action_time__lte=until)
    done = deeds.select_related("user", "content_type").order_by("action_time", "pk")
    yield from _joined(_deed(row) for row in done.iterator(AT_ONCE))
    yield "]}\n"


def _joined(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False, default=str)


def _change(row: AuditEntry) -> dict[str, Any]:
    return {
        "at": row.timestamp,
        "who": row.actor.get_username() if row.actor else row.actor_email,
        "from": row.remote_addr,
        "request": row.cid,
        "did": row.get_action_display(),
        "kind": _kind(row),
        "row": row.object_pk,
        "named": row.object_repr,
        "changes": row.told,
        "about": row.additional_data,
    }


def _deed(row: LogEntry) -> dict[str, Any]:
    return {
        "at": row.action_time,
        "who": row.user.get_username(),
        "did": row.get_action_flag_display(),
        "kind": _kind(row),
        "row": row.object_id,
        "named": row.object_repr,
        "told": row.get_change_message(),
    }


def _kind(row: Any) -> str:
    kind = row.content_type
    return f"{kind.app_label}.{kind.model}" if kind else ""
