"""Telling open pages that a row changed. The message has no content but kind and pk."""

import logging
from functools import partial
from typing import Literal

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)

GROUP = "live"
Kind = Literal["call", "session", "number", "published"]


def changed(kind: Kind, pk: object) -> None:
    """Announce, after commit, that the row `pk` of `kind` should be rendered again."""
    transaction.on_commit(partial(_send, kind, str(pk)))


def _send(kind: Kind, pk: str) -> None:
    layer = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(GROUP, {"type": "row.changed", "kind": kind, "pk": pk})
    except Exception as error:  # pages poll slowly, so a lost message only delays them
        log.warning("live message was not sent: %s", type(error).__name__)
