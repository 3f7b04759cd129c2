"""What is kept of calls, where it lies, and what became of it."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.recording import RecordingPolicy
from recordings.guarantee_models import GuaranteeDay
from recordings.ingress_models import Ingress
from recordings.keeping_models import Deletion, Hold, Term, TermChange
from recordings.leftover_models import Leftover
from recordings.listening_models import Listening
from recordings.room_models import RoomAction
from recordings.stream_models import Stream, StreamTarget
from telephony.models import Call
from telephony.scope import OfCallsQuerySet
from veyra import audit
from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence

__all__ = [
    "Deletion",
    "GuaranteeDay",
    "Hold",
    "Ingress",
    "Leftover",
    "Listening",
    "Part",
    "Recorder",
    "Recording",
    "RoomAction",
    "Storage",
    "Stream",
    "StreamTarget",
    "Term",
    "TermChange",
]


# Seconds; of a part of which nobody says how long it is.
LONGEST = 30 * 86400.0


class Recorder(models.TextChoices):
    """Who wrote it down."""

    ASSISTANT = "assistant", _("the assistant itself")
    OURS = "ours", _("our recorder")
    EGRESS = "egress", _("LiveKit's recording service")


class StorageQuerySet(VisibleQuerySet["Storage"]):
    def current(self) -> "Storage":
        """Where new recordings go. Without a row of it: a private folder of this installation."""
        with audit.unseen():
            return self.get_or_create(is_current=True)[0]

    def not_current_but(self, chosen: "Storage") -> None:
        """There is one at a time; save `chosen` after that."""
        for row in self.exclude(pk=chosen.pk).filter(is_current=True):
            row.is_current = False
            row.save(update_fields=["is_current"])


class Storage(models.Model):
    """A private folder, or a bucket that speaks S3. New recordings go to the current one."""

    class Kind(models.TextChoices):
        FOLDER = "folder", _("a folder on this server")
        S3 = "s3", _("S3-compatible storage")

    name = models.CharField(_("name"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.FOLDER)
    is_current = models.BooleanField(_("new recordings go here"), default=False)
    # Empty: MEDIA_ROOT/recordings.
    folder = models.CharField(_("folder"), max_length=500, blank=True)
    endpoint = models.CharField(_("address"), max_length=300, blank=True)
    region = models.CharField(_("region"), max_length=50, blank=True)
    bucket = models.CharField(_("bucket"), max_length=100, blank=True)
    prefix = models.CharField(_("folder in the bucket"), max_length=200, blank=True)
    access_key = models.CharField(_("access key"), max_length=200, blank=True)
    secret_key = EncryptedTextField(_("secret key"), blank=True)
    # LiveKit's recording service writes by its own login, which may only write.
    egress_access_key = models.CharField(
        _("access key of the recording service"), max_length=200, blank=True
    )
    egress_secret_key = EncryptedTextField(_("secret key of the recording service"), blank=True)
    is_encrypted = models.BooleanField(_("encrypt what is written"), default=False)
    # What a gigabyte costs in a month; null: it is not known.
    price = models.DecimalField(
        _("price of a gigabyte a month"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    tested_at = models.DateTimeField(_("tried"), null=True, editable=False)
    # A sentence; empty: all went well.
    test_error = models.JSONField(default=dict, blank=True, editable=False)

    objects = StorageQuerySet.as_manager()

    class Meta:
        verbose_name = _("storage")
        verbose_name_plural = _("storages")
        ordering = ["-is_current", "pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["is_current"], condition=models.Q(is_current=True), name="one_current"
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.get_kind_display())


class RecordingQuerySet(OfCallsQuerySet["Recording"]):
    def of_call(self, call: uuid.UUID) -> Self:
        return self.filter(call=call)

    def ready(self) -> Self:
        return self.filter(state=Recording.State.READY)

    def with_call(self) -> Self:
        """With everything that its page tells of the call, and where its file lies."""
        return self.select_related("call__agent", "call__number", "storage")

    def for_players(self) -> Self:
        """With where the file lies, and nothing that only its page needs."""
        ours = ("call_id", "kind", "state", "file", "file_key", "size", "sha256", "storage")
        return self.select_related("storage").only(*ours)

    def listed(self) -> Self:
        """As lists show them, without what only a player needs."""
        found = self.select_related("call__agent")
        return found.defer("peaks", "spans", "file_key")

    def of_calls_with(self, text: str, *, words: bool) -> Self:
        """Of calls from or to a number with these digits, in any spelling; with `words` also of
        those in which this was said, in any form.
        """
        calls = Call.objects.order_by()
        found = calls.matching(text).values("pk")
        if words:
            said = calls.saying(text).values("pk")
            # A caller's name is ASCII; to look for it takes reading through all calls.
            found = found.union(said) if text.isascii() else said
        return self.filter(call__in=found)

    def talk_now(self, call: uuid.UUID) -> tuple[str, str] | None:
        """What is wanted of the recording of this call, and what recorders do."""
        found = self.of_call(call).filter(kind=Recording.Kind.TALK)
        return found.values_list("wanted", "doing").first()

    def talks_in(self, room_sid: str) -> Self:
        """Of calls in this room, which nobody has deleted or erased."""
        found = self.filter(room_sid=room_sid, kind=Recording.Kind.TALK, call__erased_at=None)
        kept = found.exclude(state=Recording.State.DELETED)
        return kept.select_related("call__rule", "call__agent")

    def wanted_by_hand(self) -> Self:
        """Talks that go on and are recorded because somebody asked for it, or agreed."""
        now = self.open().filter(kind=Recording.Kind.TALK, wanted=Recording.Wanted.ON)
        return now.filter(call__ended_at=None).exclude(policy=RecordingPolicy.ALWAYS)

    def due_between(self, start: datetime, end: datetime) -> Self:
        """Talks that had to be recorded, of calls that began then; the newest first."""
        found = self.filter(kind=Recording.Kind.TALK, call__is_demo=False)
        of_time = found.filter(call__started_at__gte=start, call__started_at__lt=end)
        shown = of_time.select_related("call__number", "call__agent").order_by("-call__started_at")
        return shown.but_withheld().defer("file_key")

    def but_withheld(self) -> Self:
        """Without those of which nothing was to be recorded, because of others in the room."""
        return self.exclude(seconds=None, reason__has_key="msgid", reason__msgid=WITHHELD)

    def open(self) -> Self:
        """Whose end is not known."""
        return self.filter(state__in=Recording.OPEN)

    def give_up(self, state: "Recording.State", why: Sentence) -> int:
        """Missing, or failed. Found a second time, it is no news."""
        first = Coalesce("decided_at", Value(timezone.now()))
        return self.update(state=state, reason=why.to_json(), decided_at=first)

    def given_up_since(self, moment: datetime) -> Self:
        found = self.filter(state__in=[Recording.State.MISSING, Recording.State.FAILED])
        return found.filter(decided_at__gte=moment)

    def lying_in(self, storage: Storage) -> Self:
        return self.filter(storage=storage).exclude(file="")

    def by_egress(self) -> Self:
        """Of rooms, by LiveKit's own program, and not at their end."""
        return self.open().filter(kind__in=(Recording.Kind.TRACK, Recording.Kind.VIDEO))

    def of_room(self, room_sid: str) -> Self:
        """What LiveKit's program recorded of this room, newest first."""
        kinds = (Recording.Kind.TRACK, Recording.Kind.VIDEO)
        return self.filter(room_sid=room_sid, kind__in=kinds)

    def of_nobody_erased(self) -> Self:
        """Without a join: who waited for a row that somebody else wrote looks only at that row once
        more, and where its table is joined, PostgreSQL would not even do that.
        """
        erased = Call.objects.filter(pk=OuterRef("call"), erased_at__isnull=False)
        return self.filter(~Exists(erased.order_by()))

    def to_save(self) -> Self:
        """Whose call is over, of parts that our recorders write."""
        ours = self.open().filter(kind=Recording.Kind.TALK, egress_id="", call__erased_at=None)
        return ours.filter(call__ended_at__isnull=False).select_related("call", "storage")


WITHHELD = gettext_noop(
    "%(seconds)s s were not recorded on purpose: somebody else was in the conversation whose calls"
    " are not recorded, or who had not agreed."
)
# What is missed, and what was left out on purpose: two sentences.
LACKS_BOTH = gettext_noop("%(lacks)s %(withheld)s")


class Recording(models.Model):
    """What there is, or must be, of one call (or of a room, where it was recorded for itself)."""

    class State(models.TextChoices):
        EXPECTED = "expected", _("Must be recorded")
        RECORDING = "recording", _("Being recorded")
        SAVING = "saving", _("Being saved")
        READY = "ready", _("Ready")
        MISSING = "missing", _("Missing")
        FAILED = "failed", _("Failed")
        DELETED = "deleted", _("Deleted")

    OPEN: ClassVar = (State.EXPECTED, State.RECORDING, State.SAVING)
    # What was made of it can still become more, should a part come late.
    SAVED: ClassVar = (State.READY, State.MISSING, State.FAILED)

    class Kind(models.TextChoices):
        TALK = "talk", _("the talk")
        TRACK = "track", _("one voice")
        VIDEO = "video", _("picture and sound")

    class Wanted(models.TextChoices):
        """What staff, or the caller's consent, ask for now."""

        ON = "on", _("recording")
        PAUSED = "paused", _("paused")
        OFF = "off", _("not recording")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(
        Call, null=True, on_delete=models.CASCADE, related_name="recordings", verbose_name=_("call")
    )
    kind = models.CharField(_("what"), max_length=5, choices=Kind.choices, default=Kind.TALK)
    policy = models.CharField(
        _("why"), max_length=7, choices=RecordingPolicy.choices, default=RecordingPolicy.ALWAYS
    )
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.EXPECTED
    )
    # Why it is missing or failed, or what it lacks: a sentence.
    reason = models.JSONField(default=dict, blank=True)
    # When it was found first that it is missing or failed.
    decided_at = models.DateTimeField(null=True)
    wanted = models.CharField(max_length=6, choices=Wanted.choices, default=Wanted.ON)
    wanted_at = models.DateTimeField(null=True)
    # What recorders do now, as far as they have told.
    doing = models.CharField(max_length=6, choices=Wanted.choices, default=Wanted.OFF)
    # For how long the call had to be recorded; null until it is over.
    due_seconds = models.FloatField(_("length that it must have, s"), null=True)
    room_name = models.CharField(_("room"), max_length=200, blank=True)
    room_sid = models.CharField(_("id of the room"), max_length=64, blank=True, db_index=True)
    recorder = models.CharField(
        _("recorded by"), max_length=9, choices=Recorder.choices, blank=True
    )
    egress_id = models.CharField(max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField(_("day"), auto_now_add=True)
    # Of the first and the last sound in it.
    started_at = models.DateTimeField(_("began"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    seconds = models.FloatField(_("length, s"), null=True)
    # Seconds that should be in it and are not: whoever recorded was killed.
    lost_seconds = models.FloatField(default=0)
    # Where its time runs: [{"at": ISO moment, "from": second of the file, "seconds": length,
    # "part": the key of the part that it came in}, …].
    # A pause, or what is lost, lies between two of them and takes no time in the file.
    spans = models.JSONField(default=list, blank=True)
    # {"caller": [0..100, …], "agent": […]}: how loud each voice is, at even steps over its length;
    # "silences": [[from, to], …], where nobody speaks, in seconds of the file.
    peaks = models.JSONField(default=dict, blank=True)
    storage = models.ForeignKey(
        Storage, null=True, on_delete=models.PROTECT, related_name="recordings"
    )
    # Its name in the storage; "" where there is no file.
    file = models.CharField(max_length=300, blank=True)
    size = models.PositiveBigIntegerField(_("size"), null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # Opens the file where its storage is encrypted.
    file_key = EncryptedTextField(blank=True)
    # Nobody deletes it, whatever the days say, until the hold is lifted.
    is_held = models.BooleanField(_("must not be deleted"), default=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["-created_at", "-id"]
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("hear_recording", _("may hear recordings")),
            ("download_recording", _("may download recordings")),
            ("record_call", _("may record a call that goes on, and pause that")),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["call"], condition=models.Q(kind="talk"), name="one_talk_a_call"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-created_at", "-id"], name="recording_newest"),
            # Else a page of those that are missing would be looked for in all of them.
            models.Index(fields=["state", "-created_at", "-id"], name="recording_by_state"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=("expected", "recording", "saving")),
                name="recording_open",
            ),
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=("ready", "failed")),
                name="recording_kept",
            ),
            # How much lies in a storage is told from this alone.
            models.Index(
                fields=["storage", "size"],
                condition=~models.Q(file=""),
                name="recording_lying",
            ),
            models.Index(
                fields=["decided_at"],
                condition=models.Q(decided_at__isnull=False),
                name="recording_decided",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def sentence(self) -> Sentence:
        """Why it is missing or failed, or what it lacks; empty where nothing is to be said."""
        return Sentence.from_json(self.reason)

    @property
    def moment(self) -> datetime:
        """When it began, as far as that is known."""
        return self.started_at or (self.call and self.call.started_at) or self.created_at

    @property
    def has_sound(self) -> bool:
        """Is there a file of it?"""
        return bool(self.file) and self.state in (self.State.READY, self.State.FAILED)

    @property
    def forms(self) -> tuple[str, ...]:
        """In which it can be taken; a picture only as it lies."""
        of_sound = (Listening.Form.OGG, Listening.Form.MP3, Listening.Form.WAV)
        return of_sound[:1] if self.kind == self.Kind.VIDEO else of_sound

    def second_of(self, at: datetime) -> float | None:
        """Where in the file this moment is heard; None: it is not in it."""
        for span in self.spans:
            into = (at - datetime.fromisoformat(span["at"])).total_seconds()
            if 0 <= into <= span["seconds"]:
                return float(span["from"] + into)
        return None


class PartQuerySet(VisibleQuerySet["Part"]):
    def coming(self) -> Self:
        """That are written still, or on their way."""
        return self.filter(state__in=(Part.State.WRITING, Part.State.ARRIVING))

    def here(self) -> Self:
        """Whose pieces lie in a storage, whole, until their recordings are joined."""
        return self.filter(state__in=(Part.State.ARRIVED, Part.State.BROKEN))

    def arrived(self) -> Self:
        """That can be joined."""
        return self.filter(state=Part.State.ARRIVED).select_related("storage")

    def joined_before(self, moment: datetime) -> Self:
        return self.filter(state=Part.State.JOINED, seen_at__lt=moment)

    def unheard_of_since(self, moment: datetime) -> Self:
        return self.coming().filter(seen_at__lt=moment)

    def of_wrong_clocks(self, since: datetime) -> Self:
        """Of hosts whose clocks differed from ours, as far as they were heard of since then."""
        return self.filter(seen_at__gte=since).exclude(clock_ahead=0).order_by("-seen_at")

    def of_rooms(self, room_sids: Iterable[str]) -> Self:
        return self.filter(room_sid__in=room_sids)

    def by_egress(self) -> Self:
        """That LiveKit's own program writes, or wrote."""
        return self.filter(recorder=Recorder.EGRESS)


class Part(models.Model):
    """A piece of sound that one process wrote without a break, on its way from its host to us.

    Its bytes come in pieces, each an object of the storage (`recordings.arriving`); a recording is
    joined from its parts when all of them are here.
    """

    class State(models.TextChoices):
        WRITING = "writing", _("being written")
        ARRIVING = "arriving", _("on its way")
        ARRIVED = "arrived", _("here")
        JOINED = "joined", _("in its recording")
        BROKEN = "broken", _("cannot be read")

    # Given by who writes it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room_name = models.CharField(max_length=200)
    room_sid = models.CharField(max_length=64, db_index=True)
    job_id = models.CharField(max_length=64, blank=True)
    recorder = models.CharField(max_length=9, choices=Recorder.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WRITING)
    began_at = models.DateTimeField()
    # Seconds by which the clock of its host was ahead of ours, and how wrong that may be; null:
    # nobody has said.
    clock_ahead = models.FloatField(default=0)
    clock_unsure = models.FloatField(null=True)
    # Null: who wrote it was killed.
    ended_at = models.DateTimeField(null=True)
    # How much of it can be heard; null until it is looked at, to be joined.
    seconds = models.FloatField(null=True)
    storage = models.ForeignKey(Storage, null=True, on_delete=models.PROTECT, related_name="+")
    # Opens its pieces where its storage is encrypted.
    file_key = EncryptedTextField(blank=True)
    # Bytes that are here without a gap from the first on, and how many there will be.
    received = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # When its writer was heard of last; of one that is left out, when it was tried last.
    seen_at = models.DateTimeField(default=timezone.now)
    # Since when its bytes cannot be had, though its storage answers. One that is BROKEN with it is
    # left out, and tried again; one without is no sound.
    unread_since = models.DateTimeField(null=True)
    # Of one that LiveKit's program writes: its id there, and why it came to nothing, a sentence.
    egress_id = models.CharField(max_length=64, blank=True)
    reason = models.JSONField(default=dict, blank=True)

    objects = PartQuerySet.as_manager()

    class Meta:
        ordering = ["began_at", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "seen_at"],
                condition=models.Q(state__in=("writing", "arriving", "arrived", "broken")),
                name="part_open",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def at(self) -> datetime:
        """When it began, by our clock."""
        return self.began_at - timedelta(seconds=self.clock_ahead)

    @property
    def egress_file(self) -> str:
        """Where LiveKit's program writes it, in its storage."""
        return f"egress/{self.pk}.ogg"

    @property
    def length(self) -> float:
        """As many seconds as can be in it, as far as that is known."""
        if self.seconds is not None:
            return self.seconds
        if self.ended_at is None:
            return LONGEST
        return max(0.0, (self.ended_at - self.began_at).total_seconds())
