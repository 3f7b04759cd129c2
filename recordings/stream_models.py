"""Rooms that are sent on to other services, and the addresses that they are sent to."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence


class StreamQuerySet(VisibleQuerySet["Stream"]):
    def going_on(self) -> Self:
        """Those that LiveKit must be asked about."""
        return self.filter(state__in=Stream.OPEN)

    def over(self) -> Self:
        return self.exclude(state__in=Stream.OPEN)

    def of_room(self, room_name: str) -> Self:
        return self.filter(room_name=room_name)


class Stream(models.Model):
    """One room on its way to somewhere else. It ends with its room, and begins never again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Begins")
        LIVE = "live", _("On air")
        ENDING = "ending", _("Ends")
        OVER = "over", _("Over")
        FAILED = "failed", _("Failed")

    OPEN: ClassVar = (State.WAITING, State.LIVE, State.ENDING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # As in RoomAction.
    room_name = models.CharField(_("room"), max_length=200, blank=True)
    room_sid = models.CharField(_("id of the room"), max_length=64, db_index=True)
    has_picture = models.BooleanField(_("with picture"), default=False)
    # What staff want; how it stands says `state`.
    is_wanted = models.BooleanField(default=True)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.WAITING)
    # Why it failed, or ended: a sentence.
    reason = models.JSONField(default=dict, blank=True)
    egress_id = models.CharField(max_length=64, blank=True, db_index=True)
    # When LiveKit was asked to begin; whoever died meanwhile is followed by who looks next.
    asked_at = models.DateTimeField(null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = StreamQuerySet.as_manager()

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        ordering = ["-created_at", "-id"]
        default_permissions = ("view", "add", "change")

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.reason)


class StreamTarget(models.Model):
    """An address that a stream is sent to, with the key that lets it in there."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Connects")
        LIVE = "live", _("On air")
        OVER = "over", _("Over")
        FAILED = "failed", _("Failed")

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="targets")
    address = EncryptedTextField(_("address"))
    # The address as it may be shown: only the ends of its key.
    shown = models.CharField(max_length=400)
    is_wanted = models.BooleanField(default=True)
    # LiveKit was told of it, or is about to be.
    is_told = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.WAITING)
    reason = models.JSONField(default=dict, blank=True)

    objects = VisibleQuerySet["StreamTarget"].as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions: ClassVar[tuple[Any, ...]] = ()

    def __str__(self) -> str:
        return self.shown

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.reason)
