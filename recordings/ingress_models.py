"""Streams that come in from cameras, encoders and files."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence


class IngressQuerySet(VisibleQuerySet["Ingress"]):
    def kept(self) -> Self:
        return self.filter(deleted_at=None)


class Ingress(models.Model):
    """A door into a room: who has its address and key sends sound and picture into it; or LiveKit
    fetches them itself from an address.
    """

    class Kind(models.TextChoices):
        RTMP = "rtmp", _("RTMP: OBS, vMix and most encoders")
        WHIP = "whip", _("WHIP: a browser, or OBS with the least delay")
        URL = "url", _("An address that is fetched: a file or a stream")

    class State(models.TextChoices):
        MAKING = "making", _("Being made")
        WAITING = "waiting", _("Waits for a sender")
        BUFFERING = "buffering", _("Somebody connects")
        LIVE = "live", _("On air")
        ERROR = "error", _("Failed")
        COMPLETE = "complete", _("Over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("how it comes"), max_length=4, choices=Kind.choices)
    room_name = models.CharField(_("room"), max_length=200)
    # Of kind "url": where it is fetched. It may carry a login.
    source = EncryptedTextField(_("address"), blank=True)
    # Where senders send to, and the key that lets them in.
    address = models.CharField(max_length=300, blank=True)
    key = EncryptedTextField(blank=True)
    livekit_id = models.CharField(max_length=64, blank=True, db_index=True)
    is_enabled = models.BooleanField(_("senders are let in"), default=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.MAKING)
    # Why it failed: a sentence.
    reason = models.JSONField(default=dict, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    # Somebody wants it gone; the row goes when LiveKit has forgotten it.
    deleted_at = models.DateTimeField(null=True)

    objects = IngressQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming stream")
        verbose_name_plural = _("incoming streams")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """Its participant's."""
        return f"in_{self.pk.hex[:12]}"

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.reason)
