"""What staff did in rooms by hand."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet


class RoomAction(models.Model):
    """One thing that somebody did to a room or to somebody in it. Never changed.

    What a message said is not kept: it was for those who were there.
    """

    class Kind(models.TextChoices):
        MUTE = "mute", _("Muted a track.")
        UNMUTE = "unmute", _("Gave a track its sound back.")
        REMOVE = "remove", _("Removed a participant.")
        MESSAGE = "message", _("Sent a message into the room.")
        CLOSE = "close", _("Closed the room.")

    kind = models.CharField(_("what"), max_length=7, choices=Kind.choices)
    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who"),
    )
    # The name of a call's room, and who is in it, may be a telephone number: both go when its
    # caller is to be forgotten.
    room_name = models.CharField(_("room"), max_length=200, blank=True)
    room_sid = models.CharField(_("id of the room"), max_length=64, db_index=True)
    identity = models.CharField(_("participant"), max_length=200, blank=True)

    objects = VisibleQuerySet["RoomAction"].as_manager()

    class Meta:
        verbose_name = _("action in a room")
        verbose_name_plural = _("rooms")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("mute_participant", _("may mute somebody in a room")),
            ("remove_participant", _("may remove somebody from a room")),
            ("message_room", _("may send a message into a room")),
            ("close_room", _("may close a room")),
        ]

    def __str__(self) -> str:
        return self.room_sid
