"""Whether LiveKit's programs for streams are there, and the way where they are not."""

from django.conf import settings
from django.utils.translation import gettext_noop as _

from recordings.models import Storage
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


def storage_of_egress() -> Storage | None:
    """Where LiveKit's program writes talks; None: it does not run, nobody can tell whether it does,
    or it cannot write into the storage of new recordings.
    """
    if not services.runs("egress"):
        return None
    return if_written_by_egress(Storage.objects.current())


def if_written_by_egress(storage: Storage) -> Storage | None:
    """Itself, where LiveKit's program can write into it: by a login of its own, or since it sees
    the same folder.
    """
    if storage.kind == Storage.Kind.FOLDER:
        return storage if settings.EGRESS_SEES_FOLDERS else None
    return storage if storage.egress_access_key else None
