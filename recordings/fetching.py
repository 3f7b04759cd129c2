"""Talks that LiveKit's program has written become parts like all others.

It writes into our storage under `egress/`, by a login that may only write. What lies there is
turned and cut to what was wished, and put where parts lie; then its row says that it is here.
"""

import hashlib
import logging
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from recordings import arriving, available, egress, owning, sealing
from recordings.joining import Unreadable
from recordings.making import NOT_SOUND, Stream
from recordings.models import Part, Recording, Storage
from recordings.scratch import scratch
from recordings.stores import Written, open_file, store_of, write_file
from recordings.storing import Absent, Store, StoreError
from recordings.talks import BRINGS_BY, give_up, save
from recordings.turning import turn
from telephony.models import Call
from veyra.celery import wake
from veyra.models import Lease
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# Longer than LiveKit's program is on its way with a file.
NOBODYS = timedelta(days=7)


def fetch() -> None:
    """Make parts like others of the files that LiveKit's program has written."""
    arriving_now = Part.objects.by_egress().filter(state=Part.State.ARRIVING)
    for part in arriving_now.select_related("storage"):
        holder = Lease.take(f"fetching:{part.pk}", egress.HOLD)
        if holder is None:
            continue
        try:
            _fetch(part)
        except Unreadable:
            give_up(part, Sentence(NOT_SOUND))
        except StoreError as error:
            _wait(part, error)
        finally:
            Lease.release(f"fetching:{part.pk}", holder)


def _wait(part: Part, error: StoreError) -> None:
    log.warning("part %s waits for its storage: %s", part.pk, error)
    waits = timezone.now() - part.seen_at
    if isinstance(error, Absent):
        # With a reason it is one that LiveKit has forgotten: nobody says when its file comes.
        if waits > BRINGS_BY or not part.reason:
            give_up(part, Sentence(egress.NOT_THERE))
    elif waits > egress.LONGEST_WAIT:
        give_up(part, error.sentence)


def _fetch(part: Part) -> None:
    """Raises StoreError and Unreadable. Killed at any moment, it begins anew."""
    if part.storage is None or part.ended_at is None or _is_erased(part):
        return
    store = store_of(part.storage)
    longest = max(0.0, (part.ended_at - part.began_at).total_seconds())
    with scratch() as folder:
        path = folder / "turned.ogg"
        source = open_file(store, part.egress_file)
        seconds = turn(str(part.pk), Stream(source.read(), lambda: None), path, longest)
        if not part.file_key and part.storage.is_encrypted:
            save(part, file_key=sealing.new_key())
        arriving.remove_pieces(part)
        written = _write_pieces(part, store, path)
    values = {"size": written.size, "received": written.size, "sha256": written.sha256}
    now = timezone.now()
    if not save(part, state=Part.State.ARRIVED, seconds=seconds, seen_at=now, **values):
        # Whoever was heard in it was erased meanwhile.
        arriving.remove_pieces(part)
    store.delete(part.egress_file)
    wake(arriving.SAVE)


def _is_erased(part: Part) -> bool:
    """Whoever was heard in it is forgotten: what lies there goes with the row."""
    return not Call.objects.filter(room_sid=part.room_sid, erased_at=None).exists()


def _write_pieces(part: Part, store: Store, path: Path) -> Written:
    sha256, offset = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(arriving.PIECE):
            write_file(store, arriving.name_of(part, offset), [piece], part.file_key)
            sha256.update(piece)
            offset += len(piece)
    return Written(offset, sha256.hexdigest())


def tidy() -> None:
    """Files of parts that nobody fetches any more: they came too late, or cannot be read."""
    for storage in filter(available.if_written_by_egress, Storage.objects.all()):
        try:
            store = owning.opened(storage)
            for part in _given_up(store.names("egress/")):
                store.delete(part.egress_file)
            if owning.is_ours(storage, store):
                old = list(store.names("egress/", timezone.now() - NOBODYS))
                for name in _nobodys(old):
                    store.delete(name)
        except StoreError as error:
            log.warning("storage %s is not tidied: %s", storage.pk, error)


def _given_up(names: Iterable[str]) -> list[Part]:
    before = timezone.now() - egress.LONGEST_WAIT
    over = Part.objects.by_egress().exclude(state__in=arriving.IN_FLIGHT)
    return list(over.filter(pk__in=_keys(names), seen_at__lt=before))


def _nobodys(names: Iterable[str]) -> list[str]:
    """Whose rows are gone: whoever is heard in one was erased before it came."""
    found = _keys(names)
    for rows in (Part.objects.all(), Recording.objects.all()):
        for key in rows.filter(pk__in=found).values_list("pk", flat=True):
            found.pop(str(key), None)
    return list(found.values())


def _keys(names: Iterable[str]) -> dict[str, str]:
    """Names of files by the keys of their rows."""
    return {match[1]: name for name in names if (match := egress.OURS.fullmatch(name))}
