"""Rooms into which the voice of last resort is asked: a row each, carried out by `standby`."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from veyra.models import Pulse
from veyra.querysets import VisibleQuerySet


class StandInQuerySet(VisibleQuerySet["StandIn"]):
    def to_do(self, now: datetime) -> Self:
        """The oldest first. Of what was asked long ago, the watchdog knows better by now."""
        return self.open().filter(is_timely(now)).order_by("asked_at", "pk")

    def forgotten(self, now: datetime) -> Self:
        """Whose process died, or could not write down that they are over."""
        return self.open().exclude(is_timely(now))

    def open(self) -> Self:
        return self.filter(over_at=None)

    def on_hold(self) -> Self:
        return self.open().filter(kind="hold")

    def queued(self) -> Self:
        """Whose callers wait for an assistant, the first of them first."""
        return self.on_hold().exclude(place=None).order_by("pk")

    def waits_in(self, room_sid: str) -> bool:
        """Does its caller hear music?"""
        return self.on_hold().filter(room_sid=room_sid).exists()

    def heard_lately(self, now: datetime) -> Self:
        """Where a caller began to hear it, whether or not it is over."""
        return self.filter(is_timely(now) | models.Q(over_at__gte=now - TOO_LATE)).exclude(
            spoke_at=None
        )

    def busy_in(self, room_sids: Iterable[str], now: datetime) -> set[str]:
        """Of these rooms, those in which it speaks, or soon will."""
        begun = models.Q(asked_at__gte=now - PATIENCE)
        if Pulse.is_felt(PULSE, PULSE_IS_OLD):
            begun |= ~models.Q(spoke_at=None)
        rows = self.to_do(now).filter(begun, room_sid__in=list(room_sids))
        return set(rows.values_list("room_sid", flat=True))


# The sign of life of the process that carries it out.
PULSE, PULSE_IS_OLD = "standby", timedelta(seconds=4)
# Whoever was asked begins to speak within a second; who has not by then is away.
PATIENCE = timedelta(seconds=5)
# All is said by then, also after another process has taken over.
TOO_LATE = timedelta(seconds=30)
# Nobody waits with music for longer, whatever became of those who looked for somebody.
LONGEST_HOLD = timedelta(minutes=5)


def is_timely(now: datetime) -> models.Q:
    hold = models.Q(kind="hold", asked_at__gte=now - LONGEST_HOLD - TOO_LATE)
    return models.Q(asked_at__gte=now - TOO_LATE) | hold


class StandIn(models.Model):
    """A room into which we are asked: its caller is told that nobody can answer, and then the call
    is ended; or he hears music while somebody is looked for.
    """

    class Kind(models.TextChoices):
        APOLOGY = "apology", _("apology")
        HOLD = "hold", _("on hold")

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.APOLOGY)
    room_sid = models.CharField(_("id of the room"), max_length=64, unique=True)
    room_name = models.CharField(_("room"), max_length=200)
    language = models.CharField(_("language"), max_length=8)
    # He was cut off in the middle of a talk; somebody will call him back.
    mid_call = models.BooleanField(default=False)
    will_call_back = models.BooleanField(default=False)
    # Said instead of our own words of apology; in them, whether he will be called, is added.
    text = models.TextField(blank=True)
    # A hold: the assistant is silent meanwhile, and goes on where nobody could be reached.
    is_transfer = models.BooleanField(default=False)
    # A hold: what a colleague hears of the caller before they are connected, while it goes on.
    summary = models.TextField(blank=True)
    # A hold in which all assistants are busy: the caller's place in the queue, from 1.
    place = models.PositiveIntegerField(null=True)
    # In the queue: when an assistant was sent to him.
    called_at = models.DateTimeField(null=True)
    # Who presses 1 need not wait for anybody, and is called back; when he did.
    offers_call_back = models.BooleanField(default=False)
    asked_back_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(_("asked"))
    # When he began to hear it.
    spoke_at = models.DateTimeField(_("began to speak"), null=True)
    over_at = models.DateTimeField(_("over"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    objects = StandInQuerySet.as_manager()

    class Meta:
        verbose_name = _("last resort")
        verbose_name_plural = _("last resorts")
        ordering = ["-asked_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["asked_at"], condition=models.Q(over_at=None), name="stand_in_to_do"
            )
        ]

    def __str__(self) -> str:
        return self.room_sid

    @classmethod
    def ask(
        cls,
        room_sid: str,
        room_name: str,
        language: str,
        *,
        mid_call: bool,
        will_call_back: bool,
        offers_call_back: bool = False,
        text: str = "",
    ) -> None:
        """Have it said soon; once more where it was said before and somebody is still there.

        `text`: instead of our own words of apology. `offers_call_back`: who presses 1 is told that
        we call him.
        """
        cls._put(
            room_sid,
            room_name=room_name,
            language=language,
            mid_call=mid_call,
            will_call_back=will_call_back,
            offers_call_back=offers_call_back,
            text=text,
        )

    @classmethod
    def hold(
        cls,
        room_sid: str,
        room_name: str,
        language: str,
        *,
        is_transfer: bool,
        summary: str = "",
        offers_call_back: bool = False,
        place: int | None = None,
        mid_call: bool = False,
        will_call_back: bool = False,
        text: str = "",
    ) -> None:
        """Have music played until a colleague has entered and heard `summary`, or until `release`
        or `apologise`; the last three are for the apology that may follow. `place`: he waits in
        the queue for an assistant, and is told that this is his place there.
        """
        cls._put(
            room_sid,
            kind=cls.Kind.HOLD,
            room_name=room_name,
            language=language,
            is_transfer=is_transfer,
            summary=summary,
            offers_call_back=offers_call_back,
            place=place,
            mid_call=mid_call,
            will_call_back=will_call_back,
            text=text,
        )

    @classmethod
    def _put(cls, room_sid: str, **values: Any) -> None:
        cls.objects.update_or_create(
            room_sid=room_sid, defaults=BEGINNING | {"asked_at": timezone.now()} | values
        )

    @classmethod
    def release(cls, room_sid: str) -> None:
        """The hold is over, and the call goes on without us."""
        rows = cls.objects.on_hold().filter(room_sid=room_sid)
        rows.update(over_at=timezone.now(), summary="")

    @classmethod
    def apologise(cls, room_sid: str) -> None:
        """Nobody could be reached: whoever waits is told so, and the call ends."""
        rows = cls.objects.on_hold().filter(room_sid=room_sid)
        rows.update(
            kind=cls.Kind.APOLOGY,
            asked_at=timezone.now(),
            spoke_at=None,
            place=None,
            summary="",
            # He had the whole time of the music for it.
            offers_call_back=False,
        )


# Of a row that is asked for anew.
BEGINNING: dict[str, Any] = {
    "kind": StandIn.Kind.APOLOGY,
    "is_transfer": False,
    "summary": "",
    "place": None,
    "called_at": None,
    "offers_call_back": False,
    "asked_back_at": None,
    "over_at": None,
    "spoke_at": None,
    "error": "",
}
