"""A broker that is away stands in the log once, not once a message."""

import asyncio
import logging

import pytest
from django.conf import LazySettings

from veyra import live
from veyra.outage import Outage

NOWHERE = "redis://127.0.0.1:9"


def test_what_is_away_is_said_once_until_it_works(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "outages")
    outage = Outage(logging.getLogger("outages"), "nothing is sent")
    outage.over()
    outage.felt(OSError())
    outage.felt(OSError())
    outage.over()
    outage.over()
    outage.felt(OSError())
    told = [record.levelname for record in caplog.records]
    assert told == ["WARNING", "INFO", "WARNING"]


async def test_a_thousand_lost_live_messages_are_one_line_of_the_log(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, live.__name__)
    working = settings.CHANNEL_LAYERS
    layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer, "CONFIG": {"hosts": [NOWHERE]}}}
    message = {"type": "row.changed", "kind": "call", "pk": "1"}
    await asyncio.gather(*(live._tell(message) for _ in range(1000)))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    settings.CHANNEL_LAYERS = working
    await live._tell(message)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
