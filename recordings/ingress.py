"""Incoming streams: what staff want is a row, and LiveKit is brought to it, again and again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from recordings import livekit_words, outside
from recordings.ingress_models import Ingress
from veyra import audit
from veyra.celery import wake
from veyra.livekit import media
from veyra.livekit.client import LiveKit
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# The task that brings LiveKit to what is wanted, and says how it stands.
TASK = "recordings.look"
State = Ingress.State
STATES: Mapping[str, State] = {
    "inactive": State.WAITING,
    "buffering": State.BUFFERING,
    "publishing": State.LIVE,
    "error": State.ERROR,
    "complete": State.COMPLETE,
}
NO_ADDRESS = _(
    "LiveKit gave no address to send to: its configuration lacks ingress.rtmp_base_url and"
    " ingress.whip_base_url. Set them, start LiveKit again, then delete this and make it anew."
)
LOST = _("LiveKit had lost it, so it was made anew: its address and key are others now.")


def make(row: Ingress, user: User) -> None:
    """A new one; LiveKit is asked for it at once."""
    row.user = user
    with transaction.atomic():
        row.save(force_insert=True)
        LogEntry.objects.log_actions(user.pk, [row], ADDITION)
    wake(TASK)


def enable(row: Ingress, is_enabled: bool, user: User) -> None:
    """Let senders in, or refuse them; one who sends now goes on sending."""
    note = gettext("Lets senders in.") if is_enabled else gettext("Refuses senders.")
    with transaction.atomic():
        other = Ingress.objects.filter(pk=row.pk, is_enabled=not is_enabled)
        if other.update(is_enabled=is_enabled):
            audit.record(row, {"is_enabled": [not is_enabled, is_enabled]})
        LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=note)
    wake(TASK)


def delete(row: Ingress, user: User) -> None:
    """Who sends into it is cut off."""
    with transaction.atomic():
        if Ingress.objects.kept().filter(pk=row.pk).update(deleted_at=timezone.now()):
            LogEntry.objects.log_actions(user.pk, [row], DELETION)
            audit.record(row, {}, audit.Action.DELETE)
    wake(TASK)


def look(livekit: LiveKit, goes_on: Callable[[], bool]) -> None:
    """Bring LiveKit to what is wanted, row by row, while `goes_on` says so. Raises LiveKitError
    where it cannot be read at all.
    """
    rows = list(Ingress.objects.all())
    there = livekit.list_ingress() if rows else []
    for row in rows:
        if not goes_on():
            return
        try:
            _bring(livekit, row, there)
        except LiveKitError as error:
            log.warning("incoming stream %s: %s", row.pk, error.code or type(error).__name__)
            # What passes by itself is tried again at the next look.
            failed = {"state": State.ERROR} if error.permanent and not row.livekit_id else {}
            _save(row, reason=livekit_words.sentence_of(error).to_json(), **failed)


def _bring(livekit: LiveKit, row: Ingress, there: Sequence[media.Ingress]) -> None:
    # Whoever died between LiveKit's answer and our row left one that carries the row's key.
    found = next((x for x in there if row.livekit_id == x.id or x.metadata == _mark(row)), None)
    if row.deleted_at:
        _remove(livekit, row, found)
    elif found is None:
        _create(livekit, row)
    elif row.kind != Ingress.Kind.URL and found.is_enabled != row.is_enabled:
        _take(row, livekit.enable_ingress(found.id, row.is_enabled))
    else:
        _take(row, found)


def _remove(livekit: LiveKit, row: Ingress, found: media.Ingress | None) -> None:
    if found:
        try:
            livekit.delete_ingress(found.id)
        except LiveKitError as error:
            if error.code != "not_found":
                raise
    row.delete()


def _create(livekit: LiveKit, row: Ingress) -> None:
    is_pulled = row.kind == Ingress.Kind.URL
    if is_pulled and row.livekit_id:
        return _save(row, state=State.COMPLETE)
    if row.state == State.ERROR and not row.livekit_id:
        return  # LiveKit would refuse it again
    # The name may lead elsewhere by now.
    if is_pulled and (refusal := outside.why_not(row.source)):
        return _save(row, state=State.ERROR, reason=refusal.to_json())
    wish = media.Ingress(
        kind=media.KINDS[Ingress.Kind.values.index(row.kind)],
        name=row.name,
        room=row.room_name,
        identity=row.identity,
        shown_name=row.name,
        metadata=_mark(row),
        address=row.source if is_pulled else "",
        is_enabled=row.is_enabled,
    )
    made = livekit.create_ingress(wish)
    _take(row, made, Sentence(LOST) if row.livekit_id else Sentence(""))


def _mark(row: Ingress) -> str:
    return f"veyra:{row.pk}"


def _take(row: Ingress, info: media.Ingress, said: Sentence | None = None) -> None:
    """What LiveKit says of it. What was said before stays, while nothing new is to be said."""
    is_pulled = row.kind == Ingress.Kind.URL
    why = livekit_words.why(info.error)
    state = STATES[info.status]
    if not info.address:
        state, why = State.ERROR, Sentence(NO_ADDRESS)
    is_told = row.livekit_id == info.id and row.reason.get("msgid") == LOST
    # Until somebody has come by the new key.
    if not why.msgid and is_told and state == State.WAITING:
        why = Sentence(LOST)
    _save(
        row,
        livekit_id=info.id,
        address="" if is_pulled else info.address,
        key="" if is_pulled else info.key or row.key,
        state=state,
        reason=(why if why.msgid else said or Sentence("")).to_json(),
    )


def _save(row: Ingress, **values: Any) -> None:
    """What a person changed meanwhile stays."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        Ingress.objects.filter(pk=row.pk).update(**changed)
