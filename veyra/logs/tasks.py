"""Ids of requests go with the work that they ask for, so that the worker's lines have them too."""

from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep


def follow(app: Celery) -> None:
    """Each task's lines have its id, and that of the request by which it was asked for."""
    app.steps["worker"].add(DjangoStructLogInitStep)
    setup_logging.connect(_leave_alone, weak=False)


def _leave_alone(**_: Any) -> None:
    """Whoever listens to this sets logging up instead of Celery: Django has done so already."""


def asked_in() -> str:
    """The id of the request that is answered at this moment; "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def on_behalf_of(request_id: str) -> AbstractContextManager[None]:
    named = {"request_id": request_id} if request_id else {}
    return structlog.contextvars.bound_contextvars(**named)
