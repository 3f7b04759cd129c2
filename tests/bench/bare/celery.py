"""A Celery of its own, with one task that says which row is new."""

import os

from asgiref.sync import async_to_sync
from celery import Celery
from channels.layers import get_channel_layer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.bare.settings")
app = Celery("bare")
app.config_from_object("django.conf:settings", namespace="CELERY")

GROUP = "bare"


@app.task(name="bare.announce")  # type: ignore[untyped-decorator]  # celery ships no types
def announce(pk: str) -> None:
    async_to_sync(get_channel_layer().group_send)(GROUP, {"type": "row.changed", "pk": pk})
