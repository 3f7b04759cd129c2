"""Whether LiveKit's programs for streams are there, and the way where they are not."""

from django.utils.translation import gettext_noop as _

from veyra.livekit import services
from veyra.livekit.services import Service
from veyra.sentences import Sentence

NOT_THERE: dict[Service, str] = {
    "egress": _(
        "LiveKit's program that records and sends rooms on (egress) does not run here. With Docker:"
        " docker compose --profile streams up -d. Without Docker it cannot be had; an egress on"
        " another machine needs the same Redis and the same keys as LiveKit."
    ),
    "ingress": _(
        "LiveKit's program that takes streams in (ingress) does not run here. With Docker: docker"
        " compose --profile streams up -d. Without Docker it cannot be had; an ingress on another"
        " machine needs the same Redis and the same keys as LiveKit."
    ),
}


def obstacle(service: Service) -> Sentence | None:
    """Why nothing can be begun now; None where it can, or where nobody can tell."""
    return Sentence(NOT_THERE[service]) if services.runs(service) is False else None
