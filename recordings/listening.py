"""That somebody hears a recording, or takes it, is written down before he gets the first byte."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from recordings.listening_models import PAUSE, Listening
from recordings.models import Recording
from telephony.models import Call
from veyra.models import User

Form = Listening.Form
# That he goes on is written down no more often.
NOTED = timedelta(minutes=1)


def hear(recording: Recording, user: User, visit: UUID) -> bool:
    """One line for all that a player asks for in one visit. False: this visit is somebody else's,
    of another recording, or long over; the player needs a new one.
    """
    now = timezone.now()
    line = Listening.objects.named(visit) or _begun(recording, user, visit, now)
    is_his = line.recording_id == recording.pk and line.user_id == user.pk
    if not is_his or line.form != Form.SOUND or now - line.seen_at > PAUSE:
        return False
    if now - line.seen_at > NOTED:
        Listening.objects.filter(pk=visit).update(seen_at=now)
    return True


def _begun(recording: Recording, user: User, visit: UUID, now: datetime) -> Listening:
    """Its line, which a player that asks for two parts at once may have begun meanwhile."""
    owned = {"recording": recording, "user": user, "form": Form.SOUND}
    try:
        with transaction.atomic():
            line = Listening.objects.create(pk=visit, **owned, began_at=now, seen_at=now)
            _log(recording, user, _("Heard the recording."))
    except IntegrityError:
        return Listening.objects.get(pk=visit)
    return line


def take(recording: Recording, user: User, form: Listening.Form) -> None:
    now = timezone.now()
    with transaction.atomic():
        Listening.objects.create(
            recording=recording, user=user, form=form, began_at=now, seen_at=now
        )
        _log(recording, user, _("Took the recording as a file (%(form)s).") % {"form": form.value})


def _log(recording: Recording, user: User, note: str) -> None:
    """With the call, where what people did to it is looked for."""
    row = Call(pk=recording.call_id) if recording.call_id else recording
    LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=note)
