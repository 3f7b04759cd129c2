"""One look at LiveKit for everything that goes out of rooms and comes into them."""

import logging
from functools import partial

from recordings import egress, ingress, streaming, talks
from recordings.ingress_models import Ingress
from recordings.models import Part, Recording
from recordings.stream_models import Stream
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import Lease

log = logging.getLogger(__name__)

TASK = ingress.TASK
LEASE, LEASE_SECONDS = "streams", 60


def look() -> None:
    """Look once, unless somebody else is looking, or there is nothing to look for."""
    followed = (
        *(Ingress.objects.all(), Stream.objects.going_on(), Recording.objects.by_egress()),
        Part.objects.by_egress().coming(),
    )
    if not any(rows.exists() for rows in followed) and not talks.may_begin():
        return
    holder = Lease.take(LEASE, LEASE_SECONDS)
    if holder is None:
        return
    keep = partial(Lease.renew, LEASE, holder, LEASE_SECONDS)
    try:
        with LiveKit.from_settings() as livekit:
            talks.look(livekit, keep)
            streaming.look(livekit, keep)
            egress.look(livekit, keep)
            ingress.look(livekit, keep)
    except LiveKitError as error:
        log.warning("streams could not be looked at: %s", error.code or type(error).__name__)
    finally:
        Lease.release(LEASE, holder)
