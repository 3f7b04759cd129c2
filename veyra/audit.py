"""Which rows are watched for what staff change in them, and how that is written down.

django-auditlog sees each row that is saved or deleted by itself. Whoever writes many at once, or by
an UPDATE, says what he changed by `record`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from auditlog.context import auditlog_value, disable_auditlog, set_extra_data
from auditlog.diff import get_field_value, is_primitive
from auditlog.middleware import AuditlogMiddleware
from auditlog.registry import auditlog
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import smart_str

from veyra.audit_entries import MASK, AuditEntry
from veyra.models import User
from veyra.secrets import EncryptedTextField, Sealed

Action = AuditEntry.Action
Changes = Mapping[str, Any]
BATCH = 1000
# Of a request; what only asks changes nothing.
ASKING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Watched:
    """Columns that forms have are watched, and besides them `also`; or `only` these.

    `secret`: what is hidden besides encrypted columns. `undo`: whether a page takes its changes
    back, as those of the line are made (telephony.changes), or as those of one row.
    """

    also: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    undo: Literal["", "line", "row"] = ""


# What decides whether and how callers are answered, and who is woken when they are not.
WATCHED: Mapping[str, Watched] = {
    "telephony.Gateway": Watched(undo="row"),
    "telephony.Trunk": Watched(also=("archived_at",), undo="line"),
    "telephony.PhoneNumber": Watched(also=("archived_at",), undo="line"),
    # A PIN is a secret of the callers.
    "telephony.DispatchRule": Watched(also=("archived_at",), secret=("pin",), undo="line"),
    "telephony.Colleague": Watched(also=("archived_at",), undo="row"),
    "telephony.Team": Watched(also=("archived_at",)),
    "agentworker.Agent": Watched(also=("archived_at", "is_published"), undo="line"),
    "agentworker.AgentVersion": Watched(only=("number",)),
    "agentworker.ProviderKey": Watched(also=("archived_at",)),
    "agentworker.Budget": Watched(),
    "agentworker.Place": Watched(also=("archived_at",)),
    "agentworker.Closure": Watched(also=("opened_at",)),
    "agentworker.BlockedCaller": Watched(only=("number", "until")),
    "recordings.Storage": Watched(undo="row"),
    "recordings.Stream": Watched(only=("has_picture", "is_wanted")),
    "recordings.Ingress": Watched(only=("name", "kind", "is_enabled", "deleted_at")),
    "monitoring.AlertChannel": Watched(also=("values", "is_ready"), undo="row"),
    "monitoring.Hook": Watched(also=("is_on",)),
    "monitoring.Invite": Watched(only=("name", "role")),
    "monitoring.RuleSetting": Watched(but=("changed_by",), undo="row"),
    "veyra.KeyRotation": Watched(only=("name", "former", "dropped_at", "ended_at")),
}


def of(model: type[models.Model] | None) -> Watched | None:
    return WATCHED.get(model._meta.label) if model else None


def register() -> None:
    """Let auditlog watch them. Once, when all models are there."""
    for label in WATCHED:
        model = apps.get_model(label)
        auditlog.register(
            model,
            include_fields=[field.name for field in columns(model)],
            mask_fields=[field.name for field in columns(model) if is_secret(field)],
            mask_callable="veyra.audit.mask",
        )


def columns(model: type[models.Model]) -> list[Any]:
    """The columns of it that are watched."""
    watched = WATCHED[model._meta.label]
    if watched.only:
        return [model._meta.get_field(name) for name in watched.only]
    return [field for field in model._meta.concrete_fields if _is_watched(field, watched)]


def _is_watched(field: Any, watched: Watched) -> bool:
    if field.name in watched.but or field.primary_key:
        return False
    is_staffs = field.editable or isinstance(field, EncryptedTextField)
    return is_staffs or field.name in watched.also


def is_secret(field: Any) -> bool:
    watched = WATCHED[field.model._meta.label]
    return isinstance(field, EncryptedTextField) or field.name in watched.secret


def mask(secret: str) -> str:
    return MASK


# What is written down by hand


def values(row: models.Model) -> dict[str, Any]:
    """What is watched of a row, to be compared by `changes`: a secret is as the database has it."""
    return {field.name: _value(row, field) for field in columns(type(row))}


def _value(row: models.Model, field: Any) -> Any:
    if isinstance(field, EncryptedTextField):
        stored = row.__dict__.get(field.attname)
        return stored.stored if isinstance(stored, Sealed) else stored
    value = get_field_value(row, field, use_json_for_changes=True)
    return value if is_primitive(value) else smart_str(value)


def changes(model: type[models.Model], before: Changes, after: Changes) -> dict[str, Any]:
    """{column: [before, after]} of what `values` differs in, without secrets."""
    return {
        field.name: [MASK, MASK] if is_secret(field) else [before[field.name], after[field.name]]
        for field in columns(model)
        if before[field.name] != after[field.name]
    }


def record(row: models.Model, changed: Changes, action: int = Action.UPDATE) -> None:
    """Write down what was done to one row past auditlog's eyes."""
    record_all([(row, changed, action)])


def record_all(done: Iterable[tuple[models.Model, Changes, int]]) -> None:
    """Likewise for many. Nothing is written of an update that changed nothing."""
    who = _who()
    found = [
        AuditEntry(
            content_type=ContentType.objects.get_for_model(row),
            object_pk=str(row.pk),
            object_id=row.pk if isinstance(row.pk, int) else None,
            object_repr=str(row),
            action=action,
            changes=dict(changed),
            cid=request_id(),
            **who,
        )
        for row, changed, action in done
        if changed or action != Action.UPDATE
    ]
    AuditEntry.objects.bulk_create(found, BATCH)


def _who() -> dict[str, Any]:
    known = auditlog_value.get({})
    actor = known.get("actor")
    found = {name: known.get(name) for name in ("remote_addr", "additional_data")}
    if isinstance(actor, User):
        found |= {"actor": actor, "actor_email": actor.email}
    return found


def unseen() -> AbstractContextManager[None]:
    """What is saved meanwhile is nobody's doing, and is not written down."""
    found: AbstractContextManager[None] = disable_auditlog()
    return found


@contextmanager
def by(person: User | None, **why: Any) -> Iterator[None]:
    """What is saved meanwhile was his; `why` stands with it, as AuditEntry.additional_data."""
    outer = auditlog_value.get({})
    told = {"actor": person, "remote_addr": outer.get("remote_addr"), "additional_data": why}
    with _put_back(), set_extra_data(context_data=told):
        yield


def acts(person: User) -> None:
    """He came in by a key, not by a login: what this request saves is his doing."""
    if known := auditlog_value.get({}):
        known["actor"] = person


@contextmanager
def _put_back() -> Iterator[None]:
    """auditlog leaves the last person behind, in a thread that does other work afterwards."""
    before = auditlog_value.get({})
    token = auditlog_value.set(before)
    try:
        yield
    finally:
        auditlog_value.reset(token)


# Requests


class Actors(AuditlogMiddleware):  # type: ignore[misc]  # auditlog ships no types
    """Who is logged in did what a request does. He is asked for when something is written."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ASKING:
            return self.get_response(request)
        with _put_back():
            answer: HttpResponse = super().__call__(request)
            return answer

    @staticmethod
    def _get_actor(request: HttpRequest) -> Any:
        return request.user

    @staticmethod
    def _get_remote_addr(request: HttpRequest) -> str | None:
        """As everywhere: what a proxy says of its caller is the server's to judge, not ours."""
        return request.META.get("REMOTE_ADDR") or None

    @staticmethod
    def _get_remote_port(request: HttpRequest) -> int | None:
        return None


def request_id() -> str | None:
    """The id that each line which is logged meanwhile has, too."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found
